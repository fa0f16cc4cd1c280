"""The metrics of words beside ticks: what language models answer, who reads it, what is kept.

Models that are not known from the start, of which an upstream may have any number, are one label.
"""

from collections.abc import Iterator

from prometheus_client.core import Metric

from feed.broadcast.cut import Broadcast
from feed.generations.desk import Generations
from feed.generations.tally import ENDINGS, FAILURES, Resumption, Tally
from feed.market.word_channels import WORD_CHANNELS
from feed.metrics.family import counter, gauge, histogram

_NOTHING = Tally()


def words(broadcast: Broadcast, generations: Generations | None) -> Iterator[Metric]:
    """Yield every metric of words; zeros where nothing is answered."""
    tally = _NOTHING if generations is None else generations.tally
    yield counter("feed_words", "Words published into the ring, by channel.").of(
        {(channel,): broadcast.words[channel] for channel in WORD_CHANNELS}, "channel"
    )
    yield from _answers(tally)
    yield from _times(tally)
    yield gauge("feed_generations_running", "Answers that are being written.").of(
        0 if generations is None else generations.running
    )
    yield gauge("feed_generations_limit", "The most that may be written (llm_max_running).").of(
        0 if generations is None else generations.most_running
    )
    readers = broadcast.lanes.readership.subscribers
    yield gauge(
        "feed_word_subscribers", "Subscribers that have selected keys of words, by channel."
    ).of({(channel,): readers[channel] for channel in WORD_CHANNELS}, "channel")
    keyed = broadcast.keyed
    kept = keyed.counts()
    yield gauge(
        "feed_kept_keys",
        "Keys of words that are kept, by channel, such as answers that can be read again.",
    ).of({(channel,): kept[channel] for channel in WORD_CHANNELS}, "channel")
    yield gauge("feed_kept_bytes", "Bytes of these keys and their words.").of(keyed.used_bytes)
    yield gauge(
        "feed_kept_limit_bytes",
        "The most bytes that are kept; beyond it those that are over are forgotten, the oldest "
        "first.",
    ).of(keyed.max_bytes)


def _answers(tally: Tally) -> Iterator[Metric]:
    """Yield what became of questions."""
    yield counter(
        "feed_generations_started",
        "Answers that began, by model: the one that is built in, those of llm_model, and other: "
        "all others of the upstream.",
    ).of({(model,): tally.started[model] for model in tally.models}, "model")
    yield counter(
        "feed_generations_ended",
        "Answers that are over, by state: stop (whole), length (cut at a limit), cancelled (by "
        "whoever asked, or since nobody read it), failed, interrupted (the server ended before).",
    ).of({(state,): tally.ended[state] for state in ENDINGS}, "state")
    yield counter(
        "feed_generation_failures",
        "Questions that were refused, and answers that failed, by kind: upstream_… is the doing of "
        "the upstream, unknown_model, too_long, too_many and rate_limited that of whoever asks, "
        "or of a limit; internal is a defect, which has been logged.",
    ).of({(kind,): tally.failed[kind] for kind in FAILURES}, "kind")
    yield counter(
        "feed_generation_tokens", "Tokens that were written, by the same names of models."
    ).of({(model,): tally.tokens[model] for model in tally.models}, "model")
    yield counter(
        "feed_generation_resumes",
        "Streams of answers that somebody came back for, by how they begin: resumed (after what "
        "they had), anew (with all of it so far, as for late comers). Those who come back with a "
        "position are in feed_resumes.",
    ).of({(how,): tally.resumed[how] for how in Resumption}, "outcome")


def _times(tally: Tally) -> Iterator[Metric]:
    """Yield how long readers waited for tokens."""
    yield histogram(
        "feed_generation_first_token_seconds",
        "From the question to the first token of its answer.",
    ).of_ns({(): tally.first_token_ns})
    yield histogram(
        "feed_generation_between_tokens_seconds",
        "From tokens of an answer to the next; those that came together count once.",
    ).of_ns({(): tally.between_tokens_ns})
