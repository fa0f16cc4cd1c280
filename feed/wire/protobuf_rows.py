"""Items of a Batch in Protobuf as rows, and runs of trades as columns, for whoever takes them in.

Google's runtime takes 0.1 µs for a field, so that none is read twice, and columns are read without
a row in between: 1.6 µs a trade instead of 5.0 (measured on 256 of them, machine busy).
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from operator import attrgetter, itemgetter, methodcaller
from typing import Any

from feed.wire.rfc3339 import rfc3339

LEAST_NS = 10**17  # an integer from here on is of nanoseconds wherever a unit is told by magnitude
RUN_ROWS = 256  # that are read together: 0.6 ms
# What reads all fields of an item, their letters, and its `T`; by its name.
Readers = Mapping[str, tuple[Callable[[object], tuple[Any, ...]], tuple[str, ...], str]]

_kind_of = methodcaller("WhichOneof", "kind")
_trade_of = attrgetter("trade")
_LETTERS = ("S", "i", "xi", "x", "p", "s", "t", "c", "z", "tks")
_fields_of = attrgetter(
    *("symbol", "trade_id", "exact_id", "exchange", "price", "size", "event_ns", "conditions"),
    *("tape", "taker_side"),
)
_all = itemgetter(slice(None))


class MessageRun:
    """Some items of a batch.

    Times are nanoseconds, and those that are 0, which is what an absent one is, are None, as are
    ids of trades. An item that is no tick is a row with nothing but its `T`.
    """

    __slots__ = ("_items", "_readers")

    def __init__(self, items: Sequence[Any], readers: Readers) -> None:
        self._items = items
        self._readers = readers

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self._items)

    def __iter__(self) -> Iterator[dict[str, Any]]:
        """Yield them as rows."""
        for item in self._items:
            kind = item.WhichOneof("kind")
            reader = self._readers.get(kind)
            if reader is None:
                yield {"T": kind}
                continue
            read, letters, told = reader
            row = dict(zip(letters, read(getattr(item, kind)), strict=True))
            row["T"] = told
            row["t"] = _told_time(row["t"])
            conditions = row.get("c", 0.0)  # of a bar it is the close
            if type(conditions) is not float:
                row["c"] = list(conditions) if conditions else None
            if kind == "trade":
                row["i"], row["xi"] = row["i"] or None, row["xi"] or None
            yield row

    def columns(self) -> dict[str, Sequence[Any]] | None:
        """Return their fields by letter, where all are trades."""
        if set(map(_kind_of, self._items)) != {"trade"}:
            return None
        values = zip(*map(_fields_of, map(_trade_of, self._items)), strict=True)
        columns: dict[str, Sequence[Any]] = dict(zip(_LETTERS, values, strict=True))
        columns["T"] = ("t",) * len(self._items)
        columns["c"] = list(map(_all, columns["c"]))
        for letter in ("i", "xi"):
            if not all(columns[letter]):
                columns[letter] = [told or None for told in columns[letter]]
        if min(columns["t"]) < LEAST_NS:
            columns["t"] = list(map(_told_time, columns["t"]))
        return columns


def runs_of_items(items: Any, readers: Readers) -> Iterator[MessageRun]:  # noqa: ANN401 - messages
    """Yield the items of a batch, some together."""
    for start in range(0, len(items), RUN_ROWS):
        yield MessageRun(items[start : start + RUN_ROWS], readers)


def _told_time(event_ns: int) -> int | str | None:
    """Return a time so that it is not told by magnitude; 0 is that there is none."""
    return rfc3339(event_ns) if 0 < event_ns < LEAST_NS else event_ns or None
