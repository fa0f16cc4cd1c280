"""Preludes: what a stream begins with, before its reader is live, in pieces that are short to make.

An answer may have thousands of words, and thousands may come at once: each piece is a step of the
loop of its own.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from feed.generations.tally import Resumption
from feed.market.generation_words import GenerationState, GenerationWord, fold
from feed.wire.codec import Codec
from feed.wire.generations.asked import Echo
from feed.wire.generations.openai_responses import BEGUN, events_after, words_upto

_WINDOW = 64  # words that are encoded as one piece: 0.2 ms

Log = Sequence[GenerationWord]


@dataclass(frozen=True, slots=True)
class Prelude:
    """What a stream begins with, before its reader is live.

    Attributes:
        make: yields it, of the words that were said before they came.
        had: how many words they have already.
        is_state: it is all of it so far, as one text.
        resumption: how it counts as one that somebody came back for; None: they asked just now.
    """

    make: Callable[[Codec, Log], Iterator[bytes]]
    had: int = 0
    is_state: bool = False
    resumption: Resumption | None = None


def rest_after(number: int) -> Prelude:
    """Return the prelude of a reader that has all words up to a number."""

    def make(codec: Codec, log: Log) -> Iterator[bytes]:
        return _whole_log(codec, [word for word in log if word.number > number])

    return Prelude(make, had=number + 1, resumption=Resumption.RESUMED)


def rest_after_event(starting_after: int, last: GenerationWord, echo: Echo) -> Prelude:
    """Return the prelude of a reader of the Responses API that has all events up to a number.

    Args:
        starting_after: the number.
        last: the last word so far.
        echo: what the events repeat of the request.
    """

    def make(_: Codec, log: Log) -> Iterator[bytes]:
        return events_in_windows(log, starting_after, echo)

    return Prelude(make, words_upto(starting_after, last), resumption=Resumption.RESUMED)


def events_in_windows(log: Log, starting_after: int, echo: Echo) -> Iterator[bytes]:
    """Yield the events of a log after one of them; see `events_after`.

    Raises:
        InvalidParameter: there is no event of this number.
    """
    after = starting_after
    read = max(0, after - BEGUN - log[0].number)  # the place of the word that was read last
    # One that was interrupted tells its end to all that come, wherever they stood.
    whole_upto = 0 if log[-1].state is GenerationState.INTERRUPTED else len(log)
    for end in range(read + _WINDOW, whole_upto, _WINDOW):
        yield events_after(log[read:end], after, echo)
        read = end - 1
        after = BEGUN + log[read].number
    yield events_after(log, after, echo)  # the end repeats all


def _whole_log(codec: Codec, log: Log) -> Iterator[bytes]:
    """Yield all that was said, word by word."""
    for start in range(0, len(log), _WINDOW):
        yield b"".join(codec.encode(log[start : start + _WINDOW]))


def _text_so_far(codec: Codec, log: Log) -> Iterator[bytes]:
    """Yield all that was said as one state, as late comers get it."""
    state = fold(None, log)
    if state is not None:
        yield from codec.encode([state])


WHOLE_LOG = Prelude(_whole_log)
TEXT_SO_FAR = Prelude(_text_so_far, is_state=True, resumption=Resumption.ANEW)
