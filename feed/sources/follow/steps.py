"""Steps: what a followed server tells, in the order in which it is to be done."""

from array import array
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Self

from feed.market.receipts import Receipt
from feed.market.ticks import Tick
from feed.wire.messages import Message
from feed.wire.reckoning import Begin, Missing


@dataclass(frozen=True, slots=True)
class Greeting:
    """A connection begins.

    Attributes:
        mono_ns, wall_ns: what the other server's clocks showed.
    """

    mono_ns: int
    wall_ns: int


@dataclass(frozen=True, slots=True)
class Events:
    """Events that follow the newest one.

    Attributes:
        events: in order; at least one.
        ingested_ns: when the other server ingested each, by its monotonic clock.
        said_ns: when it told them, by the same.
        others: some of them may be no ticks: words, or of unknown kinds.
        carried: their fragments, by the name of the codec.
        receipts: of the batches of producers that end among them.
    """

    events: list[Tick]
    ingested_ns: "array[int]"
    said_ns: int
    others: bool
    carried: Mapping[str, list[bytes]] = field(default_factory=dict)
    receipts: Sequence[Receipt] = ()

    def part(self, start: int, end: int) -> Self:
        """Return those of a range, with all receipts: these tell their sequences themselves."""
        return replace(
            self,
            events=self.events[start:end],
            ingested_ns=self.ingested_ns[start:end],
            carried={name: each[start:end] for name, each in self.carried.items()},
        )


@dataclass(frozen=True, slots=True)
class State:
    """The last known state, as of the newest event."""

    ticks: Sequence[Tick]


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """All that a server knew as of a sequence, beside its ring; see `feed.state.checkpoint`.

    It comes before the event behind that sequence. It is empty where a server tells none.
    """

    data: bytes


@dataclass(frozen=True, slots=True)
class Announcement:
    """What is told of a source of the other server: that it is down, or live again.

    Attributes:
        message: for subscribers.
        source: its name, as they are told.
        down: whether it is down.
    """

    message: Message
    source: str
    down: bool


Step = Greeting | Begin | Missing | Events | State | Checkpoint | Announcement
