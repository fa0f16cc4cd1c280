"""Readers of ticks and words against a model: stalled, overrun, gone, back, in every way there is.

The ring is small, so that most of what they miss is not in it any more. Every word of a key must
come once and in order, whatever becomes of the ticks; every tick too, or a gap that tells of it.
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
from feed.market.generation_words import GenerationType, GenerationWord
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

KEYS = tuple(f"gen_{digit * 32}" for digit in "012")
people = st.integers(0, 99)
selections = st.builds(
    lambda keys, trades: Selection.of(
        {**dict(Selection.of_words(WordChannel.GENERATIONS, keys).symbols), Channel.TRADES: trades}
    ),
    st.sets(st.sampled_from(KEYS), min_size=1),
    st.sampled_from([[], ["*"], ["AAPL"]]),
)


@dataclass(slots=True, eq=False)
class Reader:
    """A member, and what it has of everything by now.

    Attributes:
        upto: the sequence up to which it has, or was told that it misses, its ticks.
        heard: of each key the number of its last word.
        awaits: the keys whose state it asked for, and has not been told yet.
        position: what it would come back with.
    """

    member: Member
    selection: Selection
    upto: int
    heard: dict[str, int]
    position: Position | None = None
    in_snapshot: bool = False
    awaits: set[str] = field(default_factory=set)


class WordsModel(RuleBasedStateMachine):
    """A stage on which ticks and words are published, and its readers."""

    @initialize(
        capacity=st.sampled_from([8, 16, 64]),
        turn_ticks=st.sampled_from([1, 3, TURN_TICKS]),
        lag_max_ticks=st.sampled_from([None, 5]),
        max_key_bytes=st.sampled_from([1 << 20, 1_500]),
    )
    def begin(
        self, capacity: int, turn_ticks: int, lag_max_ticks: int | None, max_key_bytes: int
    ) -> None:
        self.stage = Stage(
            capacity, sizes=SMALL_FRAMES, turn_ticks=turn_ticks, lag_max_ticks=lag_max_ticks
        )
        self.forgets = max_key_bytes < 1 << 20
        keyed = self.stage.broadcast.keyed
        KeyedStates.__init__(keyed, max_key_bytes=max_key_bytes)
        self.said: dict[str, list[int]] = {key: [] for key in KEYS}  # sequences, by number
        self.waiting: list[GenerationWord] = []
        self.trades: dict[int, str] = {}  # symbols, by sequence
        self.readers: list[Reader] = []
        self.left: list[Reader] = []

    # The writers' side.

    @rule(symbols=st.lists(st.sampled_from(["AAPL", "MSFT"]), min_size=1, max_size=6))
    def publish(self, symbols: list[str]) -> None:
        for symbol in symbols:
            if self.stage.broadcast.waiting_ticks >= self.stage.ring.capacity // 2:
                self.cut()
            self.stage.publish(symbol)
            self.trades[self.stage.ring.newest] = symbol

    @rule(keys=st.lists(st.sampled_from(KEYS), min_size=1, max_size=5))
    def say(self, keys: list[str]) -> None:
        for key in keys:
            number = len(self.said[key]) + sum(word.symbol == key for word in self.waiting)
            kind = GenerationType.TOKEN if number else GenerationType.GENERATION
            self.waiting.append(GenerationWord(key, kind, number, 1, f"{number} "))
        self.stage.broadcast.waiting_words.say(self.waiting[-len(keys) :])

    @rule()
    def cut(self) -> None:
        before = self.stage.ring.newest
        live = [reader for reader in self.readers if reader.member.subscriber.live]
        self.stage.cut()
        for sequence, word in enumerate(self.waiting, before + 1):
            self.said[word.symbol].append(sequence)
        self.waiting = []
        for reader in self.readers:
            self._read(reader)
            if reader in live and reader.member.subscriber.live:
                self._has_all(reader)

    @rule()
    def time_passes(self) -> None:
        self.stage.now_ns += 11
        self.stage.idle(4, 10)
        for reader in self.readers:
            self._read(reader)

    # The readers' side.

    @rule(
        selection=selections,
        way=st.sampled_from(WAYS),
        compressed=st.booleans(),
        marks=st.booleans(),
        snapshot=st.booleans(),
        on_lag=st.sampled_from([OnLag.GAP, OnLag.CONFLATE]),
    )
    def join(self, selection: Selection, way: Way, snapshot: bool, **others: Any) -> None:
        heard = {key: len(self.said[key]) - 1 for key in KEYS}
        self._enter(selection, way, heard, None, snapshot=snapshot, **others)

    @precondition(lambda self: self.left)
    @rule(who=people, way=st.sampled_from(WAYS), compressed=st.booleans(), marks=st.booleans())
    def come_back(self, who: int, way: Way, **others: bool) -> None:
        gone = self.left.pop(who % len(self.left))
        assert gone.position is not None
        after = gone.position.sequence
        heard = {
            key: sum(sequence <= after for sequence in said) - 1 for key, said in self.said.items()
        }
        self._enter(
            gone.selection, way, heard, gone.position, snapshot=False, on_lag=OnLag.GAP, **others
        )

    def _enter(
        self,
        selection: Selection,
        way: Way,
        heard: dict[str, int],
        after: Position | None,
        *,
        compressed: bool,
        marks: bool,
        snapshot: bool,
        on_lag: OnLag,
    ) -> None:
        compression = Compression() if compressed and isinstance(way[1], WebSocketFraming) else None
        member = self.stage.open(selection, way, marks=marks, compression=compression)
        upto = self.stage.broadcast.cut_sequence if after is None else after.sequence
        reader = Reader(member, selection, upto, heard)
        reader.awaits = {key for key in self._keys(reader) if snapshot and self.said[key]}
        self.readers.append(reader)
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
            self._has_all(reader)

    @precondition(lambda self: self.readers)
    @rule(who=people)
    def leave(self, who: int) -> None:
        reader = self.readers.pop(who % len(self.readers))
        self.stage.leave(reader.member)
        if reader.position is not None and not reader.awaits:
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
            case "gap":
                first, last = (Position.parse(item[end]).sequence for end in ("from", "to"))
                self._has_ticks(reader, first - 1)
                reader.upto = max(reader.upto, last)
                concerned = item.get("channels", ["generations"])
                if "generations" in concerned:  # the states of all keys come behind it
                    assert self.forgets
                    reader.awaits = {key for key in self._keys(reader) if self.said[key]}
            case "mark":
                self._stand(reader, item["pos"])
            case "t" if not (reader.in_snapshot or "n" in item):
                self._has_ticks(reader, int(item["i"]) - 1)
                assert self.trades[int(item["i"])] == item["S"]
                reader.upto = int(item["i"])
            case "generation" if reader.in_snapshot:
                assert item["n"] >= reader.heard[item["id"]]
                assert item["text"] == "".join(f"{number} " for number in range(item["n"] + 1))
                reader.awaits.discard(item["id"])
                reader.heard[item["id"]] = item["n"]
            case "generation" | "token" if item["id"] in reader.awaits:
                reader.heard[item["id"]] = item["n"]
            case "generation" | "token":
                reader.heard[item["id"]] += 1
                assert item["n"] == reader.heard[item["id"]], "each word once, and in order"
            case other:
                assert other == "t"

    def _stand(self, reader: Reader, position: str) -> None:
        """Hear that all up to a position was told."""
        reader.position = Position.parse(position)
        self._has_all(reader, reader.position.sequence)

    def _has_all(self, reader: Reader, upto: int | None = None) -> None:
        sequence = self.stage.broadcast.cut_sequence if upto is None else upto
        self._has_ticks(reader, sequence)
        for key in self._keys(reader) - reader.awaits:
            due = sum(each <= sequence for each in self.said[key])
            assert reader.heard[key] >= due - 1, "a word is missing"

    def _keys(self, reader: Reader) -> set[str]:
        return {key for _, keys in reader.selection.words for key in keys}

    def _has_ticks(self, reader: Reader, upto: int) -> None:
        wanted = dict(reader.selection.symbols).get(Channel.TRADES, frozenset())
        missing = [
            sequence
            for sequence, symbol in self.trades.items()
            if reader.upto < sequence <= upto and wanted & {"*", symbol}
        ]
        assert not missing
        reader.upto = max(reader.upto, upto)

    def teardown(self) -> None:
        if not hasattr(self, "stage"):
            return
        self.cut()
        for reader in self.readers:
            reader.member.socket.held_bytes = 0
            self.stage.catch_up(reader.member)
            self._read(reader)
            assert reader.member.subscriber.live
            assert not reader.awaits
            self._has_all(reader)
            self.stage.leave(reader.member)
        lanes = self.stage.broadcast.lanes
        assert (len(lanes), lanes.index_entries, lanes.take_words()) == (0, 0, [])


def test_every_word_comes_once_and_every_tick_or_its_gap() -> None:
    run_state_machine_as_test(
        WordsModel,
        settings=settings(max_examples=examples(60), stateful_step_count=40, deadline=None),
    )
