"""Finding the load benchmarks: beside this package in a checkout, else as a wheel carries them."""

import importlib
from collections.abc import Callable, Sequence
from pathlib import Path

from feed.errors import FeedError

_BESIDE = Path(__file__).parents[2] / "benchmarks" / "load" / "cli.py"


def find_bench() -> Callable[[Sequence[str]], int]:
    """Return a function that runs `feed bench` with its arguments and returns the exit status.

    Raises:
        FeedError: a package that only benchmarks need is not installed.
    """
    package = "benchmarks" if _BESIDE.is_file() else "feed_benchmarks"
    try:
        module = importlib.import_module(f"{package}.load.cli")
    except ModuleNotFoundError as error:
        words = f"bench needs {error.name}: pip install 'feed-broadcaster[bench]'"
        raise FeedError(words) from error
    run: Callable[[Sequence[str]], int] = module.run
    return run
