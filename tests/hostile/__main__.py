"""`python -m tests.hostile [--short] [ATTACK …]`: attack a server, and print a table of figures."""

import argparse
import resource
import sys

import uvloop

from tests.hostile.campaign import LONG, SHORT, Row, attack_all

MOST_MEMORY_MB = 60.0
LONGEST_SILENCE_S = 0.5


def is_bad(row: Row) -> bool:
    """Tell whether an attack had an effect that it must not have.

    A silence counts as far as it is not the bystander's own: on a busy machine it is woken late.
    """
    silence_s = 0.0 if row.silence_s is None else row.silence_s - row.lateness_s
    return row.memory_mb > MOST_MEMORY_MB or silence_s > LONGEST_SILENCE_S or bool(row.long_steps)


def main() -> int:
    """Attack, print, and return 1 if an attack had an effect."""
    parser = argparse.ArgumentParser(prog="python -m tests.hostile", description=__doc__)
    parser.add_argument("--short", action="store_true", help="as in CI")
    parser.add_argument("attacks", nargs="*", metavar="ATTACK", help="some of them, by name")
    given = parser.parse_args()
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    size = SHORT if given.short else LONG
    rows = uvloop.run(attack_all(size, given.attacks, apart=not given.short))
    print(f"{'attack':<24}{'memory MB':>10}{'silence s':>11}{'woken late s':>14}  longest step s")
    for row in rows:
        silence = "" if row.silence_s is None else f"{row.silence_s:.3f}"
        print(
            f"{row.name:<24}{row.memory_mb:>+10.1f}{silence:>11}{row.lateness_s:>14.3f}"
            f"  {row.long_steps or 'at most 0.05'}{'   BAD' if is_bad(row) else ''}"
        )
    return any(map(is_bad, rows))


if __name__ == "__main__":
    sys.exit(main())
