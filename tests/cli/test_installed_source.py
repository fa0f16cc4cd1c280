"""A source that somebody else installed: a module and an entry point are all that it takes."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.request import urlopen

import pytest

pytestmark = pytest.mark.programs

MODULE = """
import asyncio
from types import MappingProxyType
from typing import Annotated

from pydantic import Field

from feed.market.ticks import Trade
from feed.sources.options import Accepts, SourceOptions
from feed.sources.source import Instrument


class PulseOptions(SourceOptions):
    usage = "pulse:SYMBOL"

    price: Annotated[float, Field(gt=0), Accepts("a price, more than 0")] = Field(
        default=1.0, description="Price of every trade."
    )

    def make(self):
        return Pulse(self.place, self.price)

    def describe(self):
        return f"a pulse of {self.place} at {self.price:g}"


class Pulse:
    name = "pulse"
    can_wait = False
    live = True
    recorded_kinds = frozenset()
    passes = 0
    clocks_ns = None
    rows_skipped = MappingProxyType({})

    def __init__(self, symbol, price):
        self.symbol, self.price = symbol, price

    async def open(self):
        pass

    def instruments(self):
        return [Instrument(self.symbol, self.symbol, "us_equity")]

    def instrument(self, symbol):
        return self.instruments()[0] if symbol == self.symbol else None

    async def batches(self):
        for number in range(1, 1 << 30):
            event_ns = 1_700_000_000_000_000_000 + number
            yield [Trade(self.symbol, number, "V", self.price, 1.0, event_ns, (), "C")]
            await asyncio.sleep(0.01)

    async def close(self):
        pass
"""


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """Install the source where a program with these variables finds it."""
    (tmp_path / "pulse_feed.py").write_text(MODULE)
    info = tmp_path / "pulse_feed-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: pulse-feed\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[feed.sources]\npulse = pulse_feed:PulseOptions\n")
    root = Path(__file__).parents[2]
    kept = {name: value for name, value in os.environ.items() if not name.startswith("FEED_")}
    return {**kept, "PYTHONPATH": os.pathsep.join([str(tmp_path), str(root)]), "COLUMNS": "200"}


def serve(environment: dict[str, str], *options: str) -> subprocess.CompletedProcess[str]:
    """Run `feed serve` where it ends by itself."""
    words = [sys.executable, "-m", "feed", "serve", *options]
    return subprocess.run(words, env=environment, capture_output=True, text=True, check=False)


@pytest.fixture
def served(environment: dict[str, str], tmp_path: Path) -> Iterator[tuple[str, str]]:
    """Serve it with an option, a variable and a key of a file; give the first line and the URL."""
    (tmp_path / "feed.toml").write_text('source = "pulse:ABC"\nprice = 1\nport = 0\n')
    words = [sys.executable, "-m", "feed", "serve", "--config", str(tmp_path / "feed.toml")]
    with subprocess.Popen(
        [*words, "--price", "7.5"], env=environment, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout is not None
            first = process.stdout.readline()
            url = re.search(r"http://127\.0\.0\.1:\d+", process.stdout.readline())
            assert url is not None
            yield first, url[0]
        finally:
            process.terminate()


def test_it_is_served_with_its_own_options(served: tuple[str, str]) -> None:
    first, url = served
    # What follows, if anything, is why frames are written slower than they could be.
    assert re.match(r"feed: serving a pulse of ABC at 7\.5(;.*)?\n", first)
    with urlopen(f"{url}/v1/stream?trades=ABC&after=0") as lines:
        tick = next(line for line in lines if b'"T":"t"' in line)
    assert re.search(rb'"S":"ABC".*"p":7\.5\b', tick)


def test_help_lists_its_options_where_it_is_chosen(environment: dict[str, str]) -> None:
    asked = serve(environment, "--source", "pulse:ABC", "--help")
    assert asked.returncode == 0
    assert re.search(r"--price +<float> +Price of every trade\. +\[default: 1\]", asked.stdout)
    assert "--rate" in asked.stdout
    assert "--price" not in serve(environment, "--help").stdout


@pytest.mark.parametrize(
    ("options", "variables", "complaint"),
    [
        (
            ["--source", "pulse:ABC", "--price", "0"],
            {},
            "--price: '0' is not accepted; accepted: a price, more than 0",
        ),
        (
            ["--source", "pulse:ABC"],
            {"FEED_PRICE": "x"},
            "FEED_PRICE: 'x' is not accepted; accepted: a price, more than 0",
        ),
        (
            ["--source", "pulse:ABC", "--rate", "5"],
            {},
            "--rate: '5' is not accepted; accepted: only with --source sim",
        ),
        (["--price", "5"], {}, "No such option: --price"),
        (["--source", "pulse"], {}, "--source: 'pulse' is not accepted; accepted: sim, or replay:"),
    ],
)
def test_complaints_about_its_options_are_as_of_our_own(
    environment: dict[str, str], options: list[str], variables: dict[str, str], complaint: str
) -> None:
    ended = serve({**environment, **variables}, *options)
    assert ended.returncode == 2
    assert ended.stderr.startswith(f"feed: {complaint}")
    assert len(ended.stderr.splitlines()) == 1
