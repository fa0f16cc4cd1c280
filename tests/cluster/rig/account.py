"""The account of one subscriber: what came between two positions, held against the stream.

A subscriber takes all trades and quotes. What came since the last position counts once the next
one comes: whoever is cut off before that comes back with the last one, and is told all again.
Knows no connection.
"""

from collections import Counter, deque
from dataclasses import dataclass, field

from feed.wire.position import Position
from tests.cluster.rig.stream_ledger import Key, StreamLedger
from tests.fakes.messages import Message

MOST_FINDINGS = 5
_SHOWN = 3


@dataclass(slots=True)
class Stretch:
    """What came between two positions."""

    after: int
    upto: int
    heard: list[Key]
    gaps: list[tuple[int, int]]
    where: str


@dataclass(slots=True)
class Account:
    """What one subscriber was told.

    Attributes:
        name: of the subscriber.
        stream: what there is to be told.
        stands: the sequence up to which it has all, or was told a gap.
        checked: the sequence up to which that was held against the stream.
        counts: of what was checked.
        findings: in words.
        where: how it is connected now, in words.
    """

    name: str
    stream: StreamLedger
    stands: int = 0
    checked: int = 0
    counts: Counter[str] = field(default_factory=Counter)
    findings: list[str] = field(default_factory=list)
    where: str = ""
    _heard: list[Key] = field(default_factory=list)
    _gaps: list[tuple[int, int]] = field(default_factory=list)
    _waiting: deque[Stretch] = field(default_factory=deque)

    def connect(self, where: str) -> None:
        """Begin anew from the last position."""
        self.counts["told again"] += len(self._heard)
        self._heard, self._gaps = [], []
        self.where = where

    def hear(self, message: Message) -> None:
        """Take a message that is no mark."""
        match message["T"]:
            case "t":
                self._heard.append(("t", message["S"], int(message["i"])))
            case "q":
                sides = (message["bp"], message["bs"], message["ap"], message["as"])
                self._heard.append(("q", message["S"], *sides))
            case "gap":
                first, last = (Position.parse(message[end]) for end in ("from", "to"))
                self._hear_gap(first, last, str(message))
            case "feed" | "leaving" | "bye" | "warning":
                self.counts[f"told: {message['T']} {message.get('state', '')}".rstrip()] += 1
            case _:
                self.find(f"was told {message}")

    def reach(self, position: str) -> None:
        """Take a position: what came before it is all there was."""
        told = Position.parse(position)
        if told.epoch != self.stream.epoch:
            self.find(f"was told {position} in the epoch {self.stream.epoch}")
            return
        if told.sequence < self.stands:
            self.find(f"was told {position} after {self.stands}")
            return
        stretch = Stretch(self.stands, told.sequence, self._heard, self._gaps, self.where)
        self._heard, self._gaps = [], []
        if stretch.upto > stretch.after or stretch.heard or stretch.gaps:
            self._waiting.append(stretch)
        self.stands = told.sequence
        self.check()

    def check(self) -> None:
        """Hold what came against the stream, as far as that was read."""
        while self._waiting and self._waiting[0].upto <= self.stream.newest:
            stretch = self._waiting.popleft()
            self._check(stretch)
            self.checked = stretch.upto

    def end(self, newest: int) -> None:
        """Note what has not come by now, and will not."""
        self.check()
        if self.checked < newest:
            self.find(f"ended at {self.stands} of {newest}, {self.checked} of which are checked")

    def _hear_gap(self, first: Position, last: Position, words: str) -> None:
        if {first.epoch, last.epoch} != {self.stream.epoch}:
            self.find(f"was told {words} in the epoch {self.stream.epoch}")
            return
        self.counts["gaps told"] += 1
        self._gaps.append((first.sequence, last.sequence))

    def _check(self, stretch: Stretch) -> None:
        stream = self.stream
        missing = {
            number
            for first, last in stretch.gaps
            for number in range(first, last + 1)
            if stretch.after < number <= stretch.upto
        }
        numbers = range(stretch.after + 1, stretch.upto + 1)
        self.counts["sequences checked"] += len(numbers)
        self.counts["events checked"] += len(stretch.heard)
        self.counts["sequences in told gaps"] += len(missing)
        self.counts["of those not holes"] += len(missing - stream.holes)
        untold = [number for number in numbers if number in stream.holes and number not in missing]
        if untold:
            self.find(f"{stretch.where}: was not told of the holes {untold[:_SHOWN]}")
        due = [
            key
            for number in numbers
            if (key := stream.keys[number - 1]) is not None and number not in missing
        ]
        if due != stretch.heard:
            self.find(f"{stretch.where}: {_difference(due, stretch)}")

    def find(self, words: str) -> None:
        """Note what is wrong."""
        self.counts["findings"] += 1
        if len(self.findings) < MOST_FINDINGS:
            self.findings.append(f"subscriber {self.name}: {words}")


def _difference(due: list[Key], stretch: Stretch) -> str:
    """Return how what came differs from what was due."""
    heard = Counter(stretch.heard)
    wanted = Counter(due)
    missing = list((wanted - heard).elements())
    too_many = list((heard - wanted).elements())
    words = f"of {len(due)} events from {stretch.after + 1} to {stretch.upto} "
    if not missing and not too_many:
        return words + "all came, in another order"
    return words + (
        f"{len(missing)} did not come {missing[:_SHOWN]}, "
        f"{len(too_many)} came that were not due {too_many[:_SHOWN]}; told gaps: {stretch.gaps}"
    )
