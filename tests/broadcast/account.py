"""The account of one subscriber: what it was told, held against all the ticks."""

from dataclasses import dataclass, field

from feed.market.symbols import ALL
from feed.market.ticks import Kind, Tick
from feed.wire.position import Position
from feed.wire.selection import Selection
from tests.fakes import strategies
from tests.fakes.frame_reader import Object, Piece
from tests.fakes.hearing import at
from tests.fakes.numbered_ticks import nanoseconds
from tests.fakes.selections import select
from tests.fakes.stage import EPOCH, Member, Stage

FOREVER = 1 << 60
STATES = [kind for kind in Kind if kind is not Kind.UPDATED_BAR]  # of what a snapshot has a state


def within(one: Selection, other: Selection) -> Selection:
    """Return what both select, tried symbol by symbol."""
    symbols = (*strategies.SYMBOLS, ALL)
    return Selection.of(
        {
            channel: [
                symbol
                for symbol in symbols
                if {symbol, ALL} & mine and {symbol, ALL} & dict(other.symbols).get(channel, set())
            ]
            for channel, mine in one.symbols
        }
    )


@dataclass(slots=True)
class Stretch:
    """Ticks that are due in order: of a selection, after a sequence, up to another."""

    selection: Selection
    after: int
    upto: int = FOREVER


@dataclass(slots=True)
class Account:
    """What a subscriber was told, held against all the ticks that there ever were."""

    member: Member
    stage: Stage
    every_tick: list[Tick]
    first: int  # the sequence of the first of them
    stretches: list[Stretch]
    gaps: list[tuple[str, str, str]] = field(default_factory=list)  # announced: from, to, reason
    snapshots: list[Selection] = field(default_factory=list)  # owed
    snapshot: list[int] | None = None  # the one that is coming, and of what
    of: Selection = field(default_factory=Selection)
    position: Position | None = None  # what a client would come back with

    @property
    def selection(self) -> Selection:
        return self.stretches[-1].selection

    def due(self, upto: int = FOREVER) -> list[int]:
        """Return the sequences that are due up to one, in the order in which they must come."""
        return [
            tick.event_ns
            for stretch in self.stretches
            for tick in select(
                stretch.selection, self._between(stretch.after, min(stretch.upto, upto))
            )
        ]

    def _between(self, after: int, upto: int) -> list[Tick]:
        return self.every_tick[after + 1 - self.first : max(0, upto + 1 - self.first)]

    def owe_snapshot(self, selection: Selection) -> None:
        if selection not in self.snapshots:
            self.snapshots.append(selection)

    def read(self) -> None:
        """Read what was written since the last time."""
        for piece in self.member.take():
            for item in piece.objects:
                self._read(item)
            if piece.position is not None:
                self._move(piece.position)
            self._check_position(piece)

    def _read(self, item: Object) -> None:
        match item["T"]:
            case "snapshot" if item["state"] == "begin":
                assert self.snapshot is None
                self._pass(self._sequence(item["pos"]))
                self.snapshot, self.of = [], self.snapshots.pop(0)
            case "snapshot":
                self._end_snapshot(self._sequence(item["pos"]))
            case "gap":
                assert self.snapshot is None
                self._gap(item["from"], item["to"], item["reason"])
            case "mark":
                assert self.snapshot is None
                self._move(item["pos"])
            case _ if self.snapshot is not None:
                self.snapshot.append(nanoseconds(item["t"]))
            case _:
                self._tick(nanoseconds(item["t"]), item)

    def _tick(self, sequence: int, item: Object) -> None:
        tick = self.every_tick[sequence - self.first]
        assert (item["T"], item["S"]) == (tick.kind, tick.symbol)
        assert self.due(), f"{sequence} came, and nothing is due"
        assert self.due()[0] == sequence
        while not self._due_of_first():  # this stretch is through
            self.stretches.pop(0)
        self.stretches[0].after = sequence

    def _due_of_first(self) -> list[Tick]:
        stretch = self.stretches[0]
        return select(stretch.selection, self._between(stretch.after, stretch.upto))

    def _pass(self, sequence: int) -> None:
        """Hear that all up to a sequence was told."""
        assert self.due(sequence) == []
        for stretch in self.stretches:
            stretch.after = max(stretch.after, sequence)

    def stand(self, sequence: int) -> None:
        """Note that its own ticks are due after a sequence: those up to it were told."""
        own = self.stretches[-1]
        assert not select(own.selection, self._between(own.after, sequence))
        own.after = max(own.after, sequence)

    def narrow(self, selection: Selection) -> None:
        """Owe nothing more of what it does not select any more."""
        self.stretches[-1].selection = selection
        for stretch in self.stretches:
            stretch.selection = within(stretch.selection, selection)
        narrowed = [(asked, within(asked, selection)) for asked in self.snapshots]
        self.snapshots = [part for asked, part in narrowed if part.symbols or not asked.symbols]

    def _move(self, position: str) -> None:
        sequence = self._sequence(position)
        self._pass(sequence)
        self.position = at(sequence)

    def _sequence(self, position: str) -> int:
        parsed = Position.parse(position)
        assert parsed.epoch == EPOCH
        assert parsed.sequence <= self.stage.broadcast.cut_sequence
        return parsed.sequence

    def _gap(self, first: str, last: str, reason: str) -> None:
        if self.gaps:  # of what it subscribed to with a position; the rest of what is due is not
            assert (first, last, reason) == self.gaps.pop(0)
            return
        assert reason == "overrun"
        self.owe_snapshot(self.selection)
        missing, upto = self._sequence(first), self._sequence(last)
        assert missing <= upto
        # It was necessary: what it begins with is not held, or is further back than allowed.
        limit = self.stage.lag_max_ticks
        assert missing < self.stage.ring.oldest or (limit is not None and upto - missing >= limit)
        # All before it was told, and what it begins with was not.
        assert self.due(missing - 1) == []
        assert missing > min(stretch.after for stretch in self.stretches)
        del self.stretches[:-1]
        self.stretches[-1].after = max(self.stretches[-1].after, upto)

    def _end_snapshot(self, sequence: int) -> None:
        """Compare a snapshot with the last tick of each kind and symbol up to its position."""
        latest: dict[tuple[str, int], int] = {}
        for tick in select(self.of, self.every_tick[: sequence + 1 - self.first]):
            if tick.kind in STATES:
                latest[tick.symbol, STATES.index(tick.kind)] = tick.event_ns
        assert self.snapshot == [latest[key] for key in sorted(latest)]
        self.snapshot = None
        self._move(str(at(sequence)))

    def _check_position(self, piece: Piece) -> None:
        """Whoever is told positions must never be sent a tick without the one behind it."""
        lane = self.member.subscriber.lane
        positioned = lane.framing.transport == "sse" or lane.payload.key.marks
        if positioned and self.snapshot is None and len(self.stretches) == 1 and piece.objects:
            ticks = [item for item in piece.objects if "S" in item]
            if ticks and not piece.name.startswith("snapshot"):
                assert self.position is not None
                assert self.position.sequence >= nanoseconds(ticks[-1]["t"])
