import asyncio
import gc
import re
import signal
import subprocess
from collections.abc import Generator, Iterator, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any, NoReturn

import pytest
import structlog
from hypothesis import HealthCheck, Phase, settings

from feed.broadcast.fan_out import Engine

# No test is timed: a machine that is busy with something else is no defect. CI looks at more
# examples than whoever waits for an answer, `--hypothesis-profile thorough`, and does not look for
# the smallest one that fails: that may last longer than any test may, and then says nothing.
_UNTIMED = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("quick", _UNTIMED, max_examples=10)
settings.register_profile(
    "thorough",
    _UNTIMED,
    max_examples=12,
    phases=[phase for phase in Phase if phase not in {Phase.shrink, Phase.explain}],
    print_blob=True,
)
settings.load_profile("quick")

# Run in the background of a shell, we would hand down to every program we start that it ignores
# these, which some tests send.
for number, usual in (
    (signal.SIGINT, signal.default_int_handler),
    (signal.SIGQUIT, signal.SIG_DFL),
    (signal.SIGHUP, signal.SIG_DFL),
):
    if signal.getsignal(number) is signal.SIG_IGN:
        signal.signal(number, usual)


_HERE = Path(__file__).parent
_FOLDERS_OF_PROGRAMS = (_HERE / "benchmarks", _HERE / "e2e")
# About as long lasts a test that is not fast, or this part of its time-out; a file with very many
# of them has small ones.
_USUAL_S, _USUAL_SHARE = 2.0, 1 / 15
_MOST_S = 150.0
# Longer texts and bytes are the data of a test, not its name.
_LONGEST_ID = 60
# What `repr` says of an object without one of its own.
_ADDRESS = re.compile(r"\b0x[0-9a-f]{6,}\b")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let the servers in this process write by another engine than the best one."""
    parser.addoption(
        "--fan-out",
        choices=[engine.value for engine in Engine],
        default=Engine.AUTO.value,
        help="the engine of the servers that tests start in their own process",
    )


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """Name a long value by its length; None: pytest names it."""
    if isinstance(val, str | bytes) and len(val) > _LONGEST_ID:
        return f"{argname} of {len(val)}"
    return None


@pytest.fixture(autouse=True)
def unconfigured_logs() -> Iterator[None]:
    """Undo what `capture_logs` leaves behind, in whose wake later tests' events are printed."""
    yield
    structlog.reset_defaults()


@pytest.hookimpl(wrapper=True, tryfirst=True)  # before pytest chooses by marker, and after
def pytest_collection_modifyitems(
    config: pytest.Config, items: list[pytest.Item]
) -> Generator[None, object, object]:
    """Mark the tests that start programs by their folder, and all that are left as fast.

    Those that may last longest come first: for one at the end, all other workers would wait.

    Raises:
        UsageError: a name differs between processes, and pytest-xdist could not start with it.
    """
    of_programs = {path for path in {item.path for item in items} if _starts_programs(path)}
    for item in items:
        if _ADDRESS.search(item.nodeid):
            raise pytest.UsageError(f"{item.nodeid!r} names a memory address; give it an id")
        if item.path in of_programs:
            item.add_marker("programs")
        if not any(item.get_closest_marker(name) for name in ("programs", "toolchains", "long")):
            item.add_marker("fast")
    result = yield
    items.sort(key=_may_last_s, reverse=True)
    told = getattr(config, "workerinput", {})
    if told.get("dist") == "worksteal":
        items[:] = dealt(items, told["workercount"])
    return result


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Tell a worker of pytest-xdist, which may be missing, how tests are spread."""
    node.workerinput["dist"] = node.config.getoption("dist")


def dealt(items: Sequence[pytest.Item], workers: int) -> list[pytest.Item]:
    """Lay tests out for workers of which each is given an equal run of them, as `worksteal` does.

    Fast tests keep a core busy, and the others leave it idle, since they wait. So one worker begins
    with fast ones, and the others with the rest, by its length; those of a file stay together, with
    what they share. Whoever is done takes over from the ends of others' runs.
    """
    if workers == 1:
        return list(items)
    slow = [item for item in items if item.get_closest_marker("fast") is None]
    fast = [item for item in items if item.get_closest_marker("fast") is not None]
    begun: list[list[pytest.Item]] = [[] for _ in range(workers)]
    lasts_s = [0.0] * (workers - 1)
    for _, group in groupby(slow, key=lambda item: (_may_last_s(item), item.path)):
        tests = list(group)
        least = lasts_s.index(min(lasts_s))
        each_s = (max(_USUAL_S, _may_last_s(test) * _USUAL_SHARE) for test in tests)
        lasts_s[least] += min(_MOST_S, sum(each_s))
        begun[least] += tests
    ahead: list[pytest.Item] = []
    for number, run in enumerate(begun):
        share = (len(items) - len(ahead)) // (workers - number)
        filled = [*run, *fast]
        ahead += filled[:share]
        fast = filled[share:]
    return ahead


def _may_last_s(item: pytest.Item) -> float:
    """Return how long a test may last: as it says itself, or by its kind."""
    timeout = item.get_closest_marker("timeout")
    if timeout is not None:
        return float(timeout.args[0])
    return 0.0 if item.get_closest_marker("fast") else 1.0


def _starts_programs(path: Path) -> bool:
    return any(path.is_relative_to(folder) for folder in _FOLDERS_OF_PROGRAMS)


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Look for garbage neither while tests are collected, nor in what they are made of later.

    A worker holds some ten thousand of them; whatever collects garbage would visit them all.
    """
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Hold tests that are fast to it: they start no program."""
    if item.get_closest_marker("fast") is None:
        return (yield)

    def refuse(*arguments: object, **_: object) -> NoReturn:
        raise AssertionError(f"a test that starts a program is marked `programs`: {arguments}")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(subprocess.Popen, "__init__", refuse)
        patch.setattr(asyncio, "create_subprocess_exec", refuse)
        return (yield)
