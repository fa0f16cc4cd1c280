"""Two lanes: what do keys of words cost somebody who reads ticks?

The same ticks in one lane, for subscribers that have nothing else, and for as many with a key of
their own each: nothing is said under these, or words are said under some. (Both servers say these
words; what that costs is not the price of a key.) They stand side by side, two at a time, and are
compared second by second.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace

from ..comparison import compare_intervals
from ..feed_server import Options, Subscription
from ..outcome import Aim, Outcome, Row, at_most
from ..said import Said, key_of
from ..stage import Case, Stage, Target

SUBSCRIBERS = 1_000
RATE = 320  # ticks/s: 16 a cut, so that hardly any is without a trade
BATCH_MS = 50  # two servers and their readers stand side by side on two cores
SAID = Said(keys=3, per_s=20)
AIM = 1.05
# By name: importing it here would load the whole server before the first option is read.
WORDS_SERVER = f"{__name__.rpartition('.scenarios.')[0]}.words_server"
RUNNING = "the server that runs lets nobody read keys that it does not know"


def run(
    stage: Stage,
    compress: Sequence[bool] = (False, True),
    said: Sequence[Said | None] = (None, SAID),
) -> Outcome:
    """Measure plain and deflated WebSockets, with silent keys and with some that are said."""
    count = stage.settings.subscribers or SUBSCRIBERS
    options = Options(stage.settings.rate or RATE, BATCH_MS)
    title = f"{count:,} subscribers of all trades, {stage.pace(options.rate)}, with a key each"
    outcome = Outcome("two-lanes", title)
    for compresses in compress:
        ticks = Subscription(channels=("trades",), compress=compresses)
        for some in said:
            rows = _pair(stage, count, ticks, replace(options, said=some))
            outcome.rows += rows
            outcome.aims.append(_aim(*rows))
    return outcome


def _pair(stage: Stage, count: int, ticks: Subscription, options: Options) -> list[Row]:
    name = "deflate" if ticks.compress else "plain"
    if options.said is not None:
        name += f", words of {options.said.keys}"
    missing = "" if stage.settings.url is None else RUNNING
    own = tuple(map(key_of, range(count)))
    cases = [
        Case(each, _starting(stage, ticks, options, count, keys), ours=True, missing=missing)
        for each, keys in ((name, ()), (f"{name}, own keys", own))
    ]
    return stage.side_by_side(f"{count:,} subscribers, {name}", cases)


def _starting(
    stage: Stage, ticks: Subscription, options: Options, count: int, keys: Sequence[str]
) -> Callable[[], AbstractContextManager[Target]]:
    """Start a server for subscribers of ticks, each with the next of some keys."""

    @contextmanager
    def start() -> Iterator[Target]:
        with stage.server(options, WORDS_SERVER) as server:
            openings = [replace(ticks, keys=(key,)).opening for key in keys]
            said = () if options.said is None else options.said.names
            groups = server.group("readers", count, ticks, openings), server.validators(keys=said)
            yield Target(groups, server.pids)

    return start


def _aim(without: Row, with_keys: Row) -> Aim:
    what = f"CPU per frame, {with_keys.name} ÷ none (quartiles)"
    return at_most(what, compare_intervals(with_keys, without), AIM, with_keys.skipped)
