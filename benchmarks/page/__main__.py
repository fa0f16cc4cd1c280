"""`python -m benchmarks.page`: measure the dashboard; prints JSON. See the README beside it."""

import argparse
import asyncio
from pathlib import Path

from . import hour
from .steady import Plan, compare, printed


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.page", description="Measure the dashboard in headless Chromium."
    )
    parser.add_argument("--symbols", type=int, default=500, help="of the market; all are watched")
    parser.add_argument(
        "--rate", type=float, default=5_000, help="ticks a second: trades and quotes together"
    )
    parser.add_argument("--charts", type=int, choices=(1, 2, 4), default=1)
    parser.add_argument("--seconds", type=float, default=30, help="of the steady look")
    parser.add_argument(
        "--loads", type=int, default=5, help="pages that are opened for their first price alone"
    )
    parser.add_argument("--size", default="1440x900", help="width and height of the window")
    parser.add_argument("--trace", action="store_true", help="tell the main thread's time by kinds")
    parser.add_argument("--rounds", type=int, default=1, help="of which the medians are told")
    parser.add_argument(
        "--baseline", type=Path, help="a checkout with a built page: measured by turns, with ratios"
    )
    parser.add_argument(
        "--hour",
        action="store_true",
        help=f"the heap over two hours of market at {hour.SPEED} times their speed",
    )
    return parser


def main() -> None:
    options = _parser().parse_args()
    width, _, height = options.size.partition("x")
    plan = Plan(
        symbols=options.symbols,
        rate=options.rate,
        charts=options.charts,
        seconds=options.seconds,
        loads=options.loads,
        width=int(width),
        height=int(height),
        is_traced=options.trace,
    )
    if options.hour:
        found = asyncio.run(hour.measure(plan, options.baseline))
    else:
        found = asyncio.run(compare(plan, options.baseline, options.rounds))
    print(printed(found))


if __name__ == "__main__":
    main()
