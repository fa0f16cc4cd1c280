"""Runs: rows that are decoded, and read, together, so that others have a turn in between."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from operator import itemgetter
from typing import Any

from feed.wire.protobuf_rows import RUN_ROWS, MessageRun

Run = Sequence[object] | MessageRun
Columns = Mapping[str, Sequence[Any]]  # by letter; all of one length


def in_runs(rows: Iterable[object]) -> Iterator[Sequence[object]]:
    """Yield rows in runs; where one cannot be decoded, those before it come all the same."""
    left = iter(rows)
    while True:
        run: list[object] = []
        try:
            run.extend(islice(left, RUN_ROWS))
        except Exception:
            if run:  # what is wrong with these is told first
                yield run
            raise
        if run:
            yield run
        if len(run) < RUN_ROWS:
            return


def columns_of(run: Run) -> Columns | None:
    """Return a run as columns; None: its rows are not maps with the same keys."""
    if isinstance(run, MessageRun):
        return run.columns()
    if not run or type(run[0]) is not dict or len(run[0]) <= 1:
        return None
    keys = tuple(run[0])
    read: Callable[[Any], tuple[Any, ...]] = itemgetter(*keys)
    try:
        if set(map(len, run)) != {len(keys)}:  # type: ignore[arg-type]  # what has none is told
            return None
        values = list(zip(*map(read, run), strict=True))
    except (TypeError, LookupError):
        return None
    return dict(zip(keys, values, strict=True))
