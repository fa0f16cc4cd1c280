"""`python -m tests.cluster.takeovers`: takeovers under load, and what the stream holds then."""

import argparse
import asyncio
import statistics
import sys
import tempfile
from pathlib import Path

from tests.cluster.takeovers.trial import MOST_TAKEOVER_S, Outcome, Plan, try_takeovers


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--takeovers", type=int, default=60)
    parser.add_argument("--nodes", type=int, default=1, help="servers of NATS: 1 or 3")
    parser.add_argument("--rate", type=int, default=5_000, help="ticks a second")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument(
        "--without-terms", action="store_true", help="take the rule of terms out: it has to fail"
    )
    parser.add_argument(
        "--kill-nodes", action="store_true", help="kill a server of NATS before each, of three"
    )
    given = parser.parse_args()
    plan = Plan(
        given.takeovers,
        given.nodes,
        given.rate,
        given.seed,
        not given.without_terms,
        kills_nodes=given.kill_nodes,
    )
    folder = Path(tempfile.mkdtemp(prefix="takeovers-"))
    print(f"logs in {folder}")
    outcome = asyncio.run(try_takeovers(plan, folder))
    tell(outcome)
    return 1 if outcome.ledger.wrong else 0


def tell(outcome: Outcome) -> None:
    """Print what came of it."""
    seconds = sorted(outcome.seconds)
    late = sum(each > MOST_TAKEOVER_S for each in seconds)
    print(
        f"{len(seconds)} takeovers: median {statistics.median(seconds):.2f} s, most "
        f"{seconds[-1]:.2f} s, {late} of more than {MOST_TAKEOVER_S:g} s"
    )
    for act, count in outcome.acts.items():
        print(f"  {count} × {act}")
    counts = outcome.ledger.counts
    for kind in ("batches", "events", "trades", "terms", "acknowledged"):
        print(f"{counts[kind]} {kind}")
    kinds = ("epochs", "holes", "doubles", "interleavings", "lost acknowledgements")
    print(", ".join(f"{counts[kind]} {kind}" for kind in kinds))
    for words in outcome.ledger.wrong[:20]:
        print(f"  {words}")


if __name__ == "__main__":
    sys.exit(main())
