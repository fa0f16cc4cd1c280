"""`python -m tests.cluster.moves [--moves N] [--edges N] [--seed N]`: subscribers change edges.

A NATS server, a writer and edges, each a program of its own, with rings far smaller than the
stream: most positions of the past are older than any ring.
"""

import argparse
import random
import sys
import tempfile
import time
from contextlib import AsyncExitStack
from pathlib import Path

import uvloop

from tests.cluster.moving import Outcome, wander
from tests.fakes.feed_program import FeedProgram
from tests.fakes.nats import BusWriter, NatsServer
from tests.fakes.servers import trades

RING = 1_024
_BEFORE = 20_000  # events that are there when the first comes
_FAILURES = ("gaps", "holes", "doubles")


async def play(given: argparse.Namespace) -> Outcome:
    """Start all, and let subscribers move."""
    async with AsyncExitStack() as all_of_it:
        folder = Path(all_of_it.enter_context(tempfile.TemporaryDirectory(prefix="feed-moves")))
        bus = await all_of_it.enter_async_context(NatsServer(folder / "nats"))
        writer = await all_of_it.enter_async_context(BusWriter(bus.address()))
        await writer.make(storage="memory", max_bytes=1 << 30)
        for first in range(1, _BEFORE, 200):
            await writer.write(*trades(first, first + 199))
        edges = [
            await all_of_it.enter_async_context(
                FeedProgram(("serve", "--source", str(bus.address()), "--ring", str(RING)))
            )
            for _ in range(given.edges)
        ]
        return await wander(
            writer,
            [edge.address for edge in edges],
            seed=given.seed,
            moves=given.moves,
            wanderers=given.wanderers,
            ticks_per_s=given.rate,
            say=lambda words: print(words, flush=True),
        )


def main() -> int:
    """Play, print what was found, and return 1 if anything was wrong."""
    parser = argparse.ArgumentParser(prog="python -m tests.cluster.moves", description=__doc__)
    parser.add_argument("--moves", type=int, default=1_000)
    parser.add_argument("--edges", type=int, default=3)
    parser.add_argument("--wanderers", type=int, default=12)
    parser.add_argument("--rate", type=float, default=2_000.0)
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 31))
    given = parser.parse_args()
    print(f"seed {given.seed}", flush=True)
    began_s = time.monotonic()
    outcome = uvloop.run(play(given))
    for name, count in sorted(outcome.counts.items()):
        print(f"{count:>12,} {name}")
    for finding in outcome.findings[:20]:
        print(finding)
    wrong = {name: outcome.counts[name] for name in _FAILURES}
    seconds = time.monotonic() - began_s
    print(f"seed {given.seed}: {wrong} in {seconds:.0f} s")
    return bool(outcome.findings)


if __name__ == "__main__":
    sys.exit(main())
