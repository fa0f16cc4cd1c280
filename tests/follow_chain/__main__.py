"""`python -m tests.follow_chain [--seconds S] [--seed N] [--readers N] [--rate R]`."""

import argparse
import random
import sys
import time

import uvloop

from tests.chaos.outcome import report
from tests.follow_chain.chain import Plan, play


def main() -> int:
    """Play, print what was found, and return 1 if anything was."""
    parser = argparse.ArgumentParser(prog="python -m tests.follow_chain", description=__doc__)
    parser.add_argument("--seconds", type=float, default=600.0)
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 31))
    parser.add_argument("--readers", type=int, default=60)
    parser.add_argument("--rate", type=float, default=2_000.0)
    given = parser.parse_args()
    print(f"seed {given.seed}", flush=True)
    began_s = time.monotonic()
    outcome = uvloop.run(play(Plan(given.seed, given.seconds, given.rate, given.readers)))
    for line in report(outcome):
        print(line)
    seconds = time.monotonic() - began_s
    print(f"seed {given.seed}: {len(outcome.findings)} findings in {seconds:.0f} s")
    return bool(outcome.findings)


if __name__ == "__main__":
    sys.exit(main())
