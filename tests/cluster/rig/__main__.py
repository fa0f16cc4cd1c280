"""`python -m tests.cluster.rig [--seconds S] [--seed N] [--subscribers N] [--rate R]`, as root."""

import argparse
import asyncio
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.chaos.outcome import report
from tests.cluster.rig.faults import Fault
from tests.cluster.rig.needs import APART, missing
from tests.cluster.rig.trial import Plan, play

_FOLDERS = "feed-rig-"  # and the pid of who made it, while it runs
_LAWLESS = "tests.cluster.takeovers.lawless"
_WITHIN = "RIG_PID"  # a variable of the process that is within the namespaces


def main() -> int:
    """Try a cluster, print what was found, and return 1 if anything was."""
    parser = argparse.ArgumentParser(prog="python -m tests.cluster.rig", description=__doc__)
    parser.add_argument("--seconds", type=float, default=600.0, help="in which there are faults")
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 31))
    parser.add_argument("--subscribers", type=int, default=300)
    parser.add_argument("--rate", type=float, default=100.0, help="ticks a second")
    parser.add_argument(
        "--faults", help=f"some of {', '.join(fault.name for fault in Fault)}, with commas"
    )
    parser.add_argument("--by-chance", action="store_true", help="not one by one first")
    parser.add_argument(
        "--lawless", action="store_true", help="the fence has no rule of terms, as has to be found"
    )
    parser.add_argument("--keep", help="where the logs are left")
    given = parser.parse_args()
    if reason := missing():
        parser.exit(2, f"the rig cannot run here: {reason}\n")
    if _WITHIN not in os.environ:
        _remove_leftovers()
        os.environ[_WITHIN] = str(os.getpid())
        os.execvp(APART[0], [*APART, sys.executable, "-m", "tests.cluster.rig", *sys.argv[1:]])
    return _try(given)


def _try(given: argparse.Namespace) -> int:
    """Do it, within namespaces of our own."""
    subprocess.run(("mount", "-t", "tmpfs", "none", "/run"), check=True)  # `ip netns` keeps names
    print(f"seed {given.seed}", flush=True)
    names = given.faults.split(",") if given.faults else [fault.name for fault in Fault]
    plan = Plan(
        given.seed,
        given.seconds,
        given.subscribers,
        given.rate,
        tuple(Fault[name] for name in names),
        in_order=not given.by_chance,
        ingest=_LAWLESS if given.lawless else "feed",
    )
    folder = Path(tempfile.gettempdir()) / f"{_FOLDERS}{os.environ[_WITHIN]}"
    folder.mkdir()
    began_s = time.monotonic()

    def say(words: str) -> None:
        print(f"{time.monotonic() - began_s:7.1f} s  {words}", flush=True)

    try:
        outcome = asyncio.run(play(plan, folder, say))  # uvloop closes others' sockets: its #738
    finally:
        if given.keep:
            shutil.copytree(folder, given.keep, ignore=shutil.ignore_patterns("*-store"))
        shutil.rmtree(folder)
    for line in report(outcome):
        print(line)
    seconds = time.monotonic() - began_s
    print(f"seed {given.seed}: {len(outcome.findings)} findings in {seconds:.0f} s")
    return bool(outcome.findings)


def _remove_leftovers() -> None:
    """Remove the folders of rigs that were killed; all else of theirs has ended with them."""
    for folder in Path(tempfile.gettempdir()).glob(f"{_FOLDERS}*"):
        if not Path("/proc", folder.name.removeprefix(_FOLDERS)).exists():
            shutil.rmtree(folder)


if __name__ == "__main__":
    sys.exit(main())
