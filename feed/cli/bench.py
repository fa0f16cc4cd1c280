"""`feed bench`: the door to the load benchmarks, which have a command line of their own."""

import typer

from feed.program.bench import find_bench


def bench(context: typer.Context) -> int:
    """Measure what a server costs, beside its peers: feed bench --help."""
    return find_bench()(context.args)
