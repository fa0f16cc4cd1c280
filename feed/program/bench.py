"""Finding the load benchmarks: beside this package in a checkout, else as a wheel carries them."""

import importlib
import shlex
from collections.abc import Callable, Sequence
from pathlib import Path

from feed.errors import FeedError
from feed.program.invocation import python

_CHECKOUT = Path(__file__).parents[2]
_BESIDE = _CHECKOUT / "benchmarks" / "load" / "cli.py"


def find_bench() -> Callable[[Sequence[str]], int]:
    """Return a function that runs `feed bench` with its arguments and returns the exit status.

    Raises:
        FeedError: a package that only benchmarks need is not installed; the message says what to
            run.
    """
    package = "benchmarks" if _BESIDE.is_file() else "feed_benchmarks"
    try:
        module = importlib.import_module(f"{package}.load.cli")
    except ModuleNotFoundError as error:
        extra = shlex.quote(f"{_CHECKOUT if package == 'benchmarks' else '.'}[bench]")
        where = "" if package == "benchmarks" else ", in a checkout of the project"
        words = f"bench needs {error.name}: {python()} -m pip install {extra}{where}"
        raise FeedError(words) from error
    run: Callable[[Sequence[str]], int] = module.run
    return run
