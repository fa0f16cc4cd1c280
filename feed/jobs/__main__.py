"""The program of one job, `python -m feed.jobs`: it gives way before it loads anything else."""

import os
import sys
from contextlib import suppress

NICE = 10


def give_way() -> None:
    """Give way to everybody else on the machine, as far as the system has that."""
    if hasattr(os, "nice"):
        os.nice(NICE)
    if sys.platform == "linux":
        with suppress(OSError):  # a sandbox forbids it: being nice does
            os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))


def main() -> int:
    """Write the file; return the status of the program."""
    give_way()
    from feed.jobs import program  # noqa: PLC0415 - half a second of a core, which gives way too

    status = program.main(sys.stdin.buffer, sys.stdout.buffer)
    with suppress(BrokenPipeError):  # or what nobody reads would be written again at the end
        sys.stdout.close()
    return status


if __name__ == "__main__":
    sys.exit(main())
