"""Receipts: which batches of which producer were applied, so that each is applied once.

A producer sends a batch again when it does not know whether it arrived. Its number says so: what
has a receipt is acknowledged again, and not applied. The judgement, the ticks that get their
sequences, and the receipt belong into one step of the loop: two connections may send the same
batch. Bounded in producers, and each of them in bytes. Knows no clock, and not what an identity is.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple

from feed.errors import LimitExceeded
from feed.market.applied import MOST_RANGES, Applied
from feed.market.ticks import SECOND_NS

KEPT_NS = 24 * 3_600 * SECOND_NS  # since a producer was last heard of
MOST_PRODUCERS = 1_024  # in all: 18 MB at most
MOST_OF_ONE = 256  # producers of one identity


class Producer(NamedTuple):
    """Whose batches are numbered together.

    Attributes:
        kind: of the identity.
        identity: its id; "" where nobody has one.
        name: of the producer.
    """

    kind: str
    identity: str
    name: str


@dataclass(frozen=True, slots=True)
class Receipt:
    """A batch that was applied.

    Attributes:
        producer: whose.
        batch: its number.
        last: the sequence of its last tick.
    """

    producer: Producer
    batch: int
    last: int

    @property
    def row(self) -> "Row":
        """It as plain data, for whoever writes it down or sends it."""
        return [*self.producer, self.batch, self.last]


Row = list[str | int]


def receipt_of(row: Iterable[Any]) -> Receipt:
    """Return the receipt that a row is.

    Raises:
        TypeError, ValueError: it is none.
    """
    kind, identity, name, batch, last = row
    return Receipt(Producer(kind, identity, name), int(batch), int(last))


@dataclass(frozen=True, slots=True)
class New:
    """It was not applied, and is to be."""


@dataclass(frozen=True, slots=True)
class Duplicate:
    """It was applied.

    Attributes:
        last: the sequence of its last tick; None: that is not remembered.
    """

    last: int | None


@dataclass(frozen=True, slots=True)
class TooOld:
    """It is older than what is remembered, and is never applied.

    Attributes:
        floor: the greatest number of which that is said.
    """

    floor: int


Verdict = New | Duplicate | TooOld
_NEW = New()


@dataclass(slots=True)
class _Known:
    """A producer.

    Attributes:
        applied: its batches that were.
        heard_ns: when it was last heard of, monotonic.
    """

    applied: Applied
    heard_ns: int


class Receipts:
    """The receipts of all producers."""

    __slots__ = ("_known", "_most", "_most_of_one", "_most_ranges", "_of_one")

    def __init__(
        self,
        most: int = MOST_PRODUCERS,
        most_of_one: int = MOST_OF_ONE,
        most_ranges: int = MOST_RANGES,
    ) -> None:
        """Begin without any.

        Args:
            most: how many producers there may be.
            most_of_one: how many of one identity.
            most_ranges: in how many the batches of each are remembered.
        """
        self._most = most
        self._most_of_one = most_of_one
        self._most_ranges = most_ranges
        self._known: dict[Producer, _Known] = {}
        self._of_one: Counter[tuple[str, str]] = Counter()  # producers by identity

    def __len__(self) -> int:
        """Return how many producers are known."""
        return len(self._known)

    def judge(self, producer: Producer, batch: int, mono_ns: int) -> Verdict:
        """Say whether a batch is to be applied; whoever does so notes it in the same step.

        Args:
            producer: whose.
            batch: its number, from 1 to `MAX_BATCH`.
            mono_ns: now.

        Raises:
            LimitExceeded: its producer is not known, and there are as many as may be.
        """
        known = self._known.get(producer)
        if known is None:
            self._check_room(producer, mono_ns)
            return _NEW
        known.heard_ns = mono_ns
        applied = known.applied
        if batch <= applied.floor:
            return TooOld(applied.floor)
        return Duplicate(applied.place(batch)) if batch in applied else _NEW

    def note(self, receipt: Receipt, mono_ns: int) -> None:
        """Note that a batch was applied; harmless where that is known."""
        producer = receipt.producer
        known = self._known.get(producer)
        if known is None:
            if len(self._known) >= self._most:  # nobody was judged before, on a server that follows
                self.forget(mono_ns)
            known = self._add(producer, Applied(self._most_ranges), mono_ns)
        known.applied.note(receipt.batch, receipt.last)
        known.heard_ns = max(known.heard_ns, mono_ns)

    def hear(self, producer: Producer, mono_ns: int) -> Applied | None:
        """Return what is known of a producer that has come; None: nothing, or not any more."""
        known = self._known.get(producer)
        if known is None:
            return None
        known.heard_ns = mono_ns
        return known.applied

    def look(self, producer: Producer) -> tuple[Applied, int] | None:
        """Return what is known of a producer, and when it was last heard of, monotonic."""
        known = self._known.get(producer)
        return None if known is None else (known.applied, known.heard_ns)

    def forget(self, mono_ns: int) -> None:
        """Forget producers that were not heard of for a day."""
        since_ns = mono_ns - KEPT_NS
        for producer in [each for each, known in self._known.items() if known.heard_ns < since_ns]:
            del self._known[producer]
            self._of_one[producer[:2]] -= 1
        self._of_one += Counter()  # those that have none any more

    def state(self) -> list[list[Any]]:
        """Return all of it, as plain data."""
        return [
            [*producer, known.heard_ns, *known.applied.state()]
            for producer, known in self._known.items()
        ]

    def restore(self, state: Iterable[Iterable[Any]], later_ns: int) -> None:
        """Take up what another process knew.

        Args:
            state: of it.
            later_ns: our monotonic clock less theirs, at the same moment.

        Raises:
            ValueError: it is not a state of this.
        """
        for kind, identity, name, heard_ns, *applied in state:
            producer = Producer(kind, identity, name)
            restored = Applied.restore(applied, self._most_ranges)
            self._add(producer, restored, heard_ns + later_ns)

    def _add(self, producer: Producer, applied: Applied, heard_ns: int) -> _Known:
        self._of_one[producer[:2]] += producer not in self._known
        known = self._known[producer] = _Known(applied, heard_ns)
        return known

    def _check_room(self, producer: Producer, mono_ns: int) -> None:
        """See that one more may come.

        Raises:
            LimitExceeded: it may not.
        """
        if self._fullness(producer):
            self.forget(mono_ns)
        if full := self._fullness(producer):
            raise LimitExceeded(*full)

    def _fullness(self, producer: Producer) -> tuple[str, int, int] | None:
        """Return which limit one more producer would exceed, in words, with what, and the limit."""
        if self._of_one[producer[:2]] >= self._most_of_one:
            return "producers of one identity", self._most_of_one + 1, self._most_of_one
        if len(self._known) >= self._most:
            return "producers", self._most + 1, self._most
        return None
