"""`python -m tests.state [--kills N] [--seed N] [--readers N] [--rate R] [--no-tail]`.

See `kills`.
"""

import argparse
import random
import sys
import tempfile
import time
from pathlib import Path

import uvloop

from tests.state.kills import Plan, play


def main() -> int:
    """Play, print what was found, and return 1 if anything was."""
    parser = argparse.ArgumentParser(prog="python -m tests.state", description=__doc__)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 31))
    parser.add_argument("--readers", type=int, default=27)
    parser.add_argument("--rate", type=float, default=5_000.0)
    parser.add_argument("--no-tail", action="store_true")
    given = parser.parse_args()
    print(f"seed {given.seed}", flush=True)
    began_s = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        plan = Plan(
            Path(folder) / "state",
            given.seed,
            given.kills,
            given.rate,
            given.readers,
            not given.no_tail,
        )
        outcome = uvloop.run(play(plan))
    for name, count in sorted(outcome.counts.items()):
        print(f"{count:>12,}  {name}")
    for finding in outcome.findings:
        print(f"seed {given.seed}, {finding}")
    seconds = time.monotonic() - began_s
    print(f"seed {given.seed}: {len(outcome.findings)} findings in {seconds:.0f} s")
    return bool(outcome.findings)


if __name__ == "__main__":
    sys.exit(main())
