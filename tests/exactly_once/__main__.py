"""`python -m tests.exactly_once [--ticks N] [--producers N] [--seed N] [--kill-every S] …`."""

import argparse
import logging
import random
import sys
import time

import uvloop

from tests.exactly_once.party import Plan, play


def main() -> int:
    """Play, print what was found, and return 1 if anything was."""
    parser = argparse.ArgumentParser(prog="python -m tests.exactly_once", description=__doc__)
    parser.add_argument("--ticks", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 31))
    parser.add_argument("--producers", type=int, default=4)
    parser.add_argument("--subscribers", type=int, default=4)
    parser.add_argument("--rate", type=float, default=0.0, help="ticks a second; 0: all they can")
    parser.add_argument("--kill-every", type=float, default=8.0, help="seconds; 0: never")
    parser.add_argument("--wrong", action="store_true", help="have producers double, on purpose")
    given = parser.parse_args()
    # Connections that are lost are what it is about.
    logging.getLogger("feed.client").addHandler(logging.NullHandler())
    print(f"seed {given.seed}", flush=True)
    began_s = time.monotonic()
    plan = Plan(
        given.seed,
        ticks=given.ticks,
        producers=given.producers,
        subscribers=given.subscribers,
        rate=given.rate,
        kill_s=given.kill_every,
        wrong=given.wrong,
    )
    outcome = uvloop.run(play(plan))
    for name, count in sorted(outcome.counts.items()):
        print(f"{count:>12,}  {name}")
    for finding in outcome.findings:
        print(finding)
    seconds = time.monotonic() - began_s
    print(f"seed {given.seed}: {len(outcome.findings)} findings in {seconds:.0f} s")
    return bool(outcome.findings)


if __name__ == "__main__":
    sys.exit(main())
