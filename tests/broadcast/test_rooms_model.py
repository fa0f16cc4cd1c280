"""Readers of rooms and ticks against a model: whatever they miss, they know what is so by now.

What is said of a message or an entry takes the place of what was said before, so that a reader who
was away need not hear all of it: at each position that it is told it must know of each of them
nothing older than what was so there, and once it is live what is so now.
"""

from dataclasses import dataclass, field
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    precondition,
    rule,
    run_state_machine_as_test,
)

from feed.broadcast.fragments import TURN_TICKS
from feed.broadcast.keyed_states import KeyedStates
from feed.market.room_words import EntryWord, MessageWord, RoomType
from feed.market.ticks import Channel
from feed.market.word_channels import WordChannel
from feed.wire.compression import Compression
from feed.wire.framing import WebSocketFraming
from feed.wire.position import Position
from feed.wire.request_fields import OnLag
from feed.wire.selection import Selection
from tests.fakes.frame_reader import Object
from tests.fakes.stage import HIGH_WATER_BYTES, SMALL_FRAMES, Member, Stage
from tests.fakes.strategies import examples
from tests.fakes.ways import WAYS, Way

ROOMS = ("desk", "floor")
MESSAGES = ("m1", "m2", "m3", "m4", "m5")
MOST_PARTS = 4
GONE = 0  # in place of a version
Part = tuple[str, str]  # of a room
people = st.integers(0, 99)
selections = st.builds(
    lambda rooms, trades: Selection.of(
        {**dict(Selection.of_words(WordChannel.ROOMS, rooms).symbols), Channel.TRADES: trades}
    ),
    st.sets(st.sampled_from(ROOMS), min_size=1),
    st.sampled_from([[], ["*"], ["AAPL"]]),
)


@dataclass(slots=True, eq=False)
class Reader:
    """A member, and what it knows of each part: the version, or that it is gone.

    Attributes:
        awaits: it was told that something is missing, or has just come: a snapshot tells all.
    """

    member: Member
    selection: Selection
    known: dict[Part, int]
    position: Position | None = None
    awaits: bool = False
    in_snapshot: bool = False
    rooms: frozenset[str] = field(default_factory=frozenset)


class RoomsModel(RuleBasedStateMachine):
    """A stage on which ticks are published and rooms are talked in, and its readers."""

    @initialize(
        capacity=st.sampled_from([8, 16, 64]),
        turn_ticks=st.sampled_from([1, 3, TURN_TICKS]),
        lag_max_ticks=st.sampled_from([None, 5]),
        forgets=st.booleans(),
    )
    def begin(
        self, capacity: int, turn_ticks: int, lag_max_ticks: int | None, *, forgets: bool
    ) -> None:
        self.stage = Stage(
            capacity, sizes=SMALL_FRAMES, turn_ticks=turn_ticks, lag_max_ticks=lag_max_ticks
        )
        if forgets:
            KeyedStates.__init__(self.stage.broadcast.keyed, max_parts=MOST_PARTS)
        self.forgets = forgets
        self.versions = 0
        # Of each part its versions, with the sequences from which they are.
        self.history: dict[Part, list[tuple[int, int]]] = {}
        self.waiting: list[tuple[Part, int]] = []
        self.readers: list[Reader] = []
        self.left: list[Reader] = []

    # The writers' side.

    @rule(symbols=st.lists(st.sampled_from(["AAPL", "MSFT"]), min_size=1, max_size=6))
    def publish(self, symbols: list[str]) -> None:
        for symbol in symbols:
            if self.stage.broadcast.waiting_ticks >= self.stage.ring.capacity // 2:
                self.cut()
            self.stage.publish(symbol)

    @rule(
        room=st.sampled_from(ROOMS),
        id_=st.sampled_from(MESSAGES),
        gone=st.booleans(),
    )
    def talk(self, room: str, id_: str, *, gone: bool) -> None:
        part = room, f"message {id_}"
        said = [version for _, version in self.history.get(part, [])]
        said += [version for waits, version in self.waiting if waits == part]
        if GONE in said:
            return
        first = not said
        self.versions += 1
        version = GONE if gone and not first else self.versions
        kind = RoomType.MESSAGE if first else RoomType.DELETED if gone else RoomType.EDITED
        text = "" if version == GONE else str(version)
        self._say(part, version, MessageWord(room, kind, id_, 1, "ann", "own_1", text=text))

    @rule(room=st.sampled_from(ROOMS), symbol=st.sampled_from(["AAPL", "MSFT"]), gone=st.booleans())
    def write(self, room: str, symbol: str, *, gone: bool) -> None:
        self.versions += 1
        kind = RoomType.REMOVED if gone else RoomType.ENTRY
        version = GONE if gone else self.versions
        part = room, f"entry {symbol}"
        self._say(part, version, EntryWord(room, kind, symbol, 1, self.versions))

    def _say(self, part: Part, version: int, word: MessageWord | EntryWord) -> None:
        self.waiting.append((part, version))
        self.stage.broadcast.waiting_words.say([word])

    @rule()
    def cut(self) -> None:
        before = self.stage.ring.newest
        live = [reader for reader in self.readers if reader.member.subscriber.live]
        self.stage.cut()
        for sequence, (part, version) in enumerate(self.waiting, before + 1):
            self.history.setdefault(part, []).append((sequence, version))
        self.waiting = []
        for reader in self.readers:
            self._read(reader)
            if reader in live and reader.member.subscriber.live:
                self._knows_all(reader)

    # The readers' side.

    @rule(
        selection=selections,
        way=st.sampled_from(WAYS),
        compressed=st.booleans(),
        marks=st.booleans(),
        on_lag=st.sampled_from([OnLag.GAP, OnLag.CONFLATE]),
    )
    def join(self, selection: Selection, way: Way, **others: Any) -> None:
        self._enter(Reader(_nobody(), selection, {}, awaits=True), way, None, **others)

    @precondition(lambda self: self.left)
    @rule(who=people, way=st.sampled_from(WAYS), compressed=st.booleans(), marks=st.booleans())
    def come_back(self, who: int, way: Way, **others: bool) -> None:
        gone = self.left.pop(who % len(self.left))
        self._enter(gone, way, gone.position, on_lag=OnLag.GAP, **others)

    def _enter(
        self,
        reader: Reader,
        way: Way,
        after: Position | None,
        *,
        compressed: bool,
        marks: bool,
        on_lag: OnLag,
    ) -> None:
        compression = Compression() if compressed and isinstance(way[1], WebSocketFraming) else None
        selection = reader.selection
        reader.member = member = self.stage.open(
            selection, way, marks=marks, compression=compression
        )
        reader.rooms = frozenset(key for _, keys in selection.words for key in keys)
        self.readers.append(reader)
        snapshot = after is None
        self.stage.begin(member, selection, after=after, snapshot=snapshot, on_lag=on_lag)
        self.stage.catch_up(member)
        self._read(reader)

    @precondition(lambda self: self.readers)
    @rule(who=people)
    def the_socket_is_full(self, who: int) -> None:
        self.readers[who % len(self.readers)].member.socket.held_bytes = HIGH_WATER_BYTES + 1

    @precondition(lambda self: self.readers)
    @rule(who=people, most_frames=st.sampled_from([1, 2, None]))
    def the_socket_has_room(self, who: int, most_frames: int | None) -> None:
        reader = self.readers[who % len(self.readers)]
        reader.member.socket.held_bytes = 0
        self.stage.catch_up(reader.member, most_frames)
        self._read(reader)
        if reader.member.subscriber.live:
            self._knows_all(reader)

    @precondition(lambda self: self.readers)
    @rule(who=people)
    def leave(self, who: int) -> None:
        reader = self.readers.pop(who % len(self.readers))
        self.stage.leave(reader.member)
        if reader.position is not None and not (reader.awaits or reader.in_snapshot):
            self.left.append(reader)

    # What they read.

    def _read(self, reader: Reader) -> None:
        for piece in reader.member.take():
            for item in piece.objects:
                self._hear(reader, item)
            if piece.position is not None:
                self._stand(reader, piece.position)

    def _hear(self, reader: Reader, item: Object) -> None:
        match item["T"]:
            case "snapshot":
                reader.in_snapshot = item["state"] == "begin"
                if reader.awaits and reader.in_snapshot:
                    reader.known = dict.fromkeys(self._parts(reader), GONE)
                elif not reader.in_snapshot:
                    reader.awaits = False
            case "gap":
                if "rooms" in item.get("channels", ["rooms"]):
                    assert self.forgets, "nothing is ever missing where all is kept"
                    reader.awaits = True
            case "mark":
                self._stand(reader, item["pos"])
            case "message" | "edited" | "deleted":
                version = int(item.get("text", GONE))
                reader.known[item["room"], f"message {item['id']}"] = version
            case "entry" | "removed":
                version = item["version"] if item["T"] == "entry" else GONE
                reader.known[item["room"], f"entry {item['symbol']}"] = version
            case other:
                assert other == "t"

    def _stand(self, reader: Reader, position: str) -> None:
        """Hear that all up to a position was told."""
        reader.position = Position.parse(position)
        if not reader.awaits:
            self._knows(reader, reader.position.sequence)

    def _knows_all(self, reader: Reader) -> None:
        assert not reader.awaits
        for part in self._parts(reader):
            assert reader.known.get(part, GONE) in self._fit(part, [self.history[part][-1][1]])

    def _knows(self, reader: Reader, upto: int) -> None:
        """See that nothing that it knows is older than what was so at a sequence."""
        for part in self._parts(reader):
            versions = [GONE, *(version for _, version in self.history[part])]
            at = sum(sequence <= upto for sequence, _ in self.history[part])
            assert reader.known.get(part, GONE) in self._fit(part, versions[at:])

    def _fit(self, part: Part, versions: list[int]) -> list[int]:
        """Return what a reader may know of a part; old messages are dropped where it is so."""
        _, name = part
        return [GONE, *versions] if self.forgets and name.startswith("message") else versions

    def _parts(self, reader: Reader) -> "list[Part]":
        return [part for part in self.history if part[0] in reader.rooms]

    def teardown(self) -> None:
        if not hasattr(self, "stage"):
            return
        self.cut()
        for reader in self.readers:
            reader.member.socket.held_bytes = 0
            self.stage.catch_up(reader.member)
            self._read(reader)
            assert reader.member.subscriber.live
            self._knows_all(reader)
            self.stage.leave(reader.member)


def _nobody() -> Any:
    return None


def test_whatever_readers_of_a_room_miss_they_know_what_is_so() -> None:
    run_state_machine_as_test(
        RoomsModel,
        settings=settings(max_examples=examples(40), stateful_step_count=40, deadline=None),
    )
