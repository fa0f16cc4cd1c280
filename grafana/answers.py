"""A row: what language models answer, how soon, to whom, and what is kept of it."""

from grafana.ages import quantile, rate
from grafana.house import AMBER, RED, Kind, Panel, Query, Row, Unit

ANSWERS = Row(
    "6 · Answers of language models",
    (
        Panel(
            "First token",
            "From a question to the first token of its answer. Of the built-in model that is how "
            "long its facts take; else look at the upstream.",
            Unit.SECONDS,
            (
                quantile(0.5, "feed_generation_first_token_seconds", "median"),
                quantile(0.95, "feed_generation_first_token_seconds", "p95"),
            ),
            Kind.LOG,
            thresholds=((5, AMBER), (15, RED)),
        ),
        Panel(
            "Between tokens",
            "From tokens of an answer to its next. The built-in model says 30 words a second.",
            Unit.SECONDS,
            (
                quantile(0.5, "feed_generation_between_tokens_seconds", "median"),
                quantile(0.99, "feed_generation_between_tokens_seconds", "p99"),
            ),
            Kind.LOG,
        ),
        Panel(
            "Tokens",
            "Tokens written, by model; other: those of an upstream that are not configured.",
            Unit.PER_S,
            (rate("feed_generation_tokens_total", "{{model}}", "model"),),
            Kind.STACK,
        ),
        Panel(
            "Answers begun",
            "Questions that are answered, by model.",
            Unit.PER_S,
            (rate("feed_generations_started_total", "{{model}}", "model"),),
            Kind.STACK,
        ),
        Panel(
            "Answers ended",
            "Answers that are over, by how: stop is whole, length was cut at a limit, cancelled "
            "was stopped or read by nobody.",
            Unit.PER_S,
            (rate("feed_generations_ended_total", "{{state}}", "state"),),
            Kind.STACK,
        ),
        Panel(
            "Failed ÷ ended",
            "The part of answers that failed, in five minutes. Over 0.2 the upstream is to blame, "
            "or we are: see the kinds.",
            Unit.SHARE,
            (
                Query(
                    "feed:generations_failed:increase_5m<> / feed:generations_ended:increase_5m<>",
                    "{{instance}}",
                ),
            ),
            thresholds=((0.2, RED),),
        ),
        Panel(
            "Failed and refused, by kind",
            "Answers that failed, and questions that were refused: upstream_… is the upstream's "
            "doing, internal is ours, and the others are limits, and what was asked for.",
            Unit.PER_S,
            (rate("feed_generation_failures_total", "{{kind}}", "kind"),),
        ),
        Panel(
            "Written and watched",
            "Answers that are being written, and subscribers that have selected some.",
            Unit.COUNT,
            (
                Query("feed_generations_running<>", "{{instance}} {{worker}} running"),
                Query('feed_word_subscribers<channel="generations">', "{{instance}} watchers"),
            ),
        ),
        Panel(
            "Came back to answers",
            "Streams of answers that are read again: resumed after what their reader had, or anew.",
            Unit.PER_S,
            (rate("feed_generation_resumes_total", "{{outcome}}", "outcome"),),
        ),
        Panel(
            "Words",
            "Words that went through the ring beside ticks, by channel.",
            Unit.PER_S,
            (rate("feed_words_total", "{{channel}}", "channel"),),
        ),
        Panel(
            "Readers of words",
            "Subscribers that have selected keys of words, by channel.",
            Unit.COUNT,
            (Query("sum by (channel) (feed_word_subscribers<>)", "{{channel}}"),),
        ),
        Panel(
            "Keys that are kept",
            "Answers, rooms, alerts and jobs that are read from where they are kept, however far "
            "the ring has moved, by channel.",
            Unit.COUNT,
            (Query("sum by (channel) (feed_kept_keys<>)", "{{channel}}"),),
        ),
        Panel(
            "Bytes that are kept",
            "Of their words. At the limit those that are over are forgotten, the oldest first.",
            Unit.BYTES,
            (
                Query("feed_kept_bytes<>", "{{instance}} {{worker}} kept"),
                Query("feed_kept_limit_bytes<>", "{{instance}} {{worker}} limit"),
            ),
            Kind.LOG,
        ),
    ),
)
