"""`python -m tests.chaos [--seconds S] [--seed N] [--readers N] [--rate R] [--drop-every N]`.

`python -m tests.chaos --rehearsals N [--restless] [--seed N]` plays as many rehearsals, from the
seed on.
"""

import argparse
import random
import sys
import time

import uvloop

from tests.chaos.outcome import Outcome, report
from tests.chaos.party import Plan, play
from tests.chaos.rehearsal import Actor, rehearse
from tests.chaos.restless import LAGS_TICKS, Restless

REHEARSED_STEPS, REHEARSED_ACTORS = 300, 10


def main() -> int:
    """Play, print what was found, and return 1 if anything was."""
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--seconds", type=float, default=180.0)
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 31))
    parser.add_argument("--readers", type=int, default=200)
    parser.add_argument("--rate", type=float, default=5_000.0)
    parser.add_argument("--drop-every", type=int, help="lose one tick in so many, on purpose")
    parser.add_argument("--rehearsals", type=int, help="play so many without sockets and time")
    parser.add_argument("--restless", action="store_true", help="by actors that change intervals")
    given = parser.parse_args()
    print(f"seed {given.seed}", flush=True)
    began_s = time.monotonic()
    if given.rehearsals is None:
        plan = Plan(given.seed, given.seconds, given.rate, given.readers, given.drop_every)
        outcome = uvloop.run(play(plan))
    else:
        seeds = range(given.seed, given.seed + given.rehearsals)
        outcome = _rehearse(seeds, restless=given.restless)
    for line in report(outcome):
        print(line)
    seconds = time.monotonic() - began_s
    print(f"seed {given.seed}: {len(outcome.findings)} findings in {seconds:.0f} s")
    return bool(outcome.findings)


def _rehearse(seeds: range, *, restless: bool) -> Outcome:
    outcome = Outcome()
    kind, lags_ticks = (Restless, LAGS_TICKS) if restless else (Actor, ())
    for seed in seeds:
        played = rehearse(seed, REHEARSED_STEPS, REHEARSED_ACTORS, kind, lags_ticks)
        outcome.counts += played.counts
        outcome.findings += [f"rehearsal {seed}: {finding}" for finding in played.findings]
    return outcome


if __name__ == "__main__":
    sys.exit(main())
