"""State: what does it cost to keep one over restarts?

The same load on a server with `--state`, in a directory of its own, and on one without. When to cut
is left to the cadence, as by default.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from ..comparison import compare
from ..feed_server import Options, Subscription
from ..outcome import Outcome, at_most, cpu_share
from ..stage import Case, Stage, Target

SUBSCRIBERS = 100
RATE = 5_000
SETTLE_S = 1.5  # in which the first checkpoint is written; the next one comes half a minute later
AIM = 1.05


def run(stage: Stage, settle_s: float = SETTLE_S) -> Outcome:
    """Measure the CPU time that a server takes with a state and without."""
    settings = stage.settings
    count = settings.subscribers or SUBSCRIBERS
    options = Options(settings.rate or RATE)
    title = f"{count:,} subscribers in one lane, {stage.pace(options.rate)}, with a state or none"
    missing = "" if settings.url is None else "a server that runs keeps one already, or does not"
    plain, keeping = stage.compare(
        title,
        [
            Case("feed", _starting(stage, count, options, settle_s, keeps=False), ours=True),
            Case(
                "feed, --state",
                _starting(stage, count, options, settle_s, keeps=True),
                ours=True,
                missing=missing,
            ),
        ],
    )
    ratio = compare(keeping, plain, cpu_share)
    aim = at_most("CPU time, with --state ÷ without", ratio, AIM, keeping.skipped)
    return Outcome("state", title, [plain, keeping], [aim])


def _starting(
    stage: Stage, count: int, options: Options, settle_s: float, *, keeps: bool
) -> Callable[[], AbstractContextManager[Target]]:
    @contextmanager
    def start() -> Iterator[Target]:
        with TemporaryDirectory(dir=stage.folder) as folder:
            kept = replace(options, state=Path(folder) if keeps else None)
            with stage.server(kept) as server:
                groups = (server.group("readers", count, Subscription()), server.validators())
                yield Target(groups, server.pids, settle_s=settle_s)

    return start
