"""`python -m tests.chaos [--seconds S] [--seed N] [--readers N] [--rate R] [--drop-after N]`."""

import argparse
import random
import sys
import time

import uvloop

from tests.chaos.party import Plan, play

MOST_SHOWN = 12


def main() -> int:
    """Play, print what was found, and return 1 if anything was."""
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--seconds", type=float, default=180.0)
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 31))
    parser.add_argument("--readers", type=int, default=200)
    parser.add_argument("--rate", type=float, default=5_000.0)
    parser.add_argument("--drop-after", type=int, help="lose one tick after so many, on purpose")
    given = parser.parse_args()
    print(f"seed {given.seed}", flush=True)
    plan = Plan(given.seed, given.seconds, given.rate, given.readers, given.drop_after)
    began_s = time.monotonic()
    outcome = uvloop.run(play(plan))
    for name, count in sorted(outcome.counts.items()):
        print(f"{count:>12,}  {name}")
    for finding in outcome.findings[:MOST_SHOWN]:
        print(f"seed {given.seed}, {finding}")
    seconds = time.monotonic() - began_s
    print(f"seed {given.seed}: {len(outcome.findings)} findings in {seconds:.0f} s")
    return bool(outcome.findings)


if __name__ == "__main__":
    sys.exit(main())
