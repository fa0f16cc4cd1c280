"""`python -m tests.storm [--seconds S] [--seed N] [--guests N] [--rate R] [--broken]`.

`python -m tests.storm --soak SECONDS [--guests N] [--visitors N] [--begin-over S]` lets thousands
come and go instead.
"""

import argparse
import random
import sys
import time

import uvloop

from tests.chaos.outcome import report
from tests.storm.soak import Plan as SoakPlan
from tests.storm.soak import soak
from tests.storm.weather import Plan, storm


def main() -> int:
    """Let it blow, print what was found, and return 1 if anything was."""
    parser = argparse.ArgumentParser(prog="python -m tests.storm", description=__doc__)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 31))
    parser.add_argument("--guests", type=int)
    parser.add_argument("--rate", type=float)
    parser.add_argument("--broken", action="store_true", help="break the server on purpose")
    parser.add_argument("--soak", type=float, metavar="SECONDS")
    parser.add_argument("--visitors", type=int, help="of a soak, besides the guests")
    parser.add_argument("--begin-over", type=float, metavar="SECONDS", dest="begin_s")
    parser.add_argument("--leaks", action="store_true", help="have the server leak on purpose")
    parser.add_argument("--traces", action="store_true", help="tell what takes memory, by line")
    parser.add_argument("--log", default="", help="keep what the servers say")
    given = parser.parse_args()
    print(f"seed {given.seed}", flush=True)
    began_s = time.monotonic()
    options = {name: value for name in ("guests", "rate") if (value := getattr(given, name))}
    if given.soak is not None:
        for name in ("visitors", "begin_s", "leaks", "traces"):
            if value := getattr(given, name):
                options[name] = value
        soaking = SoakPlan(given.seed, given.soak, log=given.log, **options)
        outcome = uvloop.run(soak(soaking))
    else:
        plan = Plan(given.seed, given.seconds, is_broken=given.broken, log=given.log, **options)
        outcome = uvloop.run(storm(plan))
    for line in report(outcome):
        print(line)
    seconds = time.monotonic() - began_s
    print(f"seed {given.seed}: {len(outcome.findings)} findings in {seconds:.0f} s")
    return bool(outcome.findings)


if __name__ == "__main__":
    sys.exit(main())
