"""Subscribers: who is due what, by example and by a model that remembers every tick.

In the model subscribers come with any position, miss frames, drain some of what they are due,
leave, are gone, come back and change what they subscribe to, over every transport and codec,
compressed and plain. Each has an account that reads its wire and holds it against all the ticks.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

import feed.broadcast
import feed.states
import feed.subscriber
from feed.deflate import Compression
from feed.dialect import OnLag
from feed.disconnect import Reason
from feed.frames import WebSocketFraming
from feed.lane import Lane
from feed.ring import BEGINNING, Position
from feed.selection import ALL, Selection
from feed.subscriber import Resume
from feed.ticks import Channel, Kind, Tick
from tests import strategies
from tests.support import (
    EPOCH,
    EVERYTHING,
    HIGH_WATER_BYTES,
    WAYS,
    Member,
    Object,
    Piece,
    Stage,
    Way,
    nanoseconds,
    of_channels,
    select,
)

S = 1_000_000_000
MS = 1_000_000
FOREVER = 1 << 60
STATES = [kind for kind in Kind if kind is not Kind.UPDATED_BAR]  # of what a snapshot has a state

SSE = next(way for way in WAYS if way[1].transport == "sse")
STREAM = next(way for way in WAYS if way[1].transport == "stream")
SOCKET = WAYS[0]


def at(sequence: int) -> Position:
    return Position(EPOCH, sequence)


def told(objects: Iterable[Object]) -> list[str | int]:
    """Return objects in short: ticks by their sequence, messages in words."""
    words: list[str | int] = []
    for item in objects:
        match item["T"]:
            case "gap":
                words.append(f"gap {item['from']} {item['to']} {item['reason']}")
            case "snapshot":
                words.append(f"{item['state']} {item['pos']}")
            case "mark":
                words.append(f"mark {item['pos']}")
            case _:
                words.append(nanoseconds(item["t"]))
    return words


def is_live(member: Member) -> bool:
    return member.subscriber.live


def hears(member: Member) -> list[str | int]:
    """Return in short what a member was told since it was last asked."""
    return told(member.take_objects())


# The model.


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
        narrowed = [within(snapshot, selection) for snapshot in self.snapshots]
        self.snapshots = [snapshot for snapshot in narrowed if snapshot.symbols]

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


people = st.integers(0, 99)  # one of those who are there
ways = st.one_of(st.just(SOCKET), st.sampled_from(WAYS))  # lanes are to have several members
few_keys = st.lists(strategies.keys, min_size=1, max_size=4)
afters = st.one_of(
    st.none(), st.just(BEGINNING), st.integers(0, 40), st.sampled_from(["epoch", "ahead", "text"])
)


class BroadcastModel(RuleBasedStateMachine):
    """A stage full of subscribers, each with its account."""

    @initialize(
        capacity=st.sampled_from([8, 16, 64]),
        newest=st.sampled_from([0, 5, 1000]),
        lag_max_ticks=st.sampled_from([None, None, 5]),
    )
    def begin(self, capacity: int, newest: int, lag_max_ticks: int | None) -> None:
        self.stage = Stage(capacity, newest=newest, lag_max_ticks=lag_max_ticks)
        self.every_tick: list[Tick] = []
        self.first = newest + 1
        self.accounts: list[Account] = []
        self.left: list[tuple[Selection, Position]] = []

    def _account(self, member: Member, stretch: Stretch) -> Account:
        account = Account(member, self.stage, self.every_tick, self.first, [stretch])
        self.accounts.append(account)
        return account

    def _one(self, who: int) -> Account:
        return self.accounts[who % len(self.accounts)]

    def _read_only(self, account: Account) -> None:
        """Read what one was told; what is private to it has reached nobody else."""
        for other in self.accounts:
            assert other is account or not other.member.socket.written
        account.read()

    # The source's side.

    @rule(keys=st.one_of(few_keys, few_keys, st.lists(strategies.keys, max_size=20)))
    def publish(self, keys: list[tuple[Kind, str]]) -> None:
        step = max(1, self.stage.ring.capacity // 4)  # as the hub does
        for start in range(0, len(keys), step):
            newest = self.stage.ring.newest
            part = keys[start : start + step]
            if self.stage.broadcast.waiting_ticks + len(part) > self.stage.ring.capacity // 2:
                self.cut()
            self.stage.publish(*part)
            self.every_tick += self.stage.ring.read(newest, len(part))

    @rule()
    def cut(self) -> None:
        live = [account for account in self.accounts if account.member.subscriber.live]
        self.stage.cut()
        shared: dict[int, list[bytes]] = {}
        for account in self.accounts:
            subscriber, socket = account.member.subscriber, account.member.socket
            if account in live and subscriber.live and subscriber.lane.compression is None:
                same = shared.setdefault(id(subscriber.lane), list(socket.written))
                assert list(map(id, socket.written)) == list(map(id, same))
            account.read()
            if account in live and subscriber.live:
                assert account.due(self.stage.broadcast.cut_sequence) == []

    @rule(seconds=st.sampled_from([1, 4, 11]))
    def time_passes(self, seconds: int) -> None:
        self.stage.now_ns += seconds * S
        self.stage.idle(4 * S, 10 * S)
        for account in self.accounts:
            account.read()

    # The subscribers' side.

    @rule(
        selection=st.one_of(st.just(EVERYTHING), strategies.selections),
        way=ways,
        compressed=st.booleans(),
        marks=st.booleans(),
        after=afters,
        snapshot=st.booleans(),
        on_lag=st.sampled_from([OnLag.GAP, OnLag.GAP, OnLag.DISCONNECT]),
        full=st.booleans(),
    )
    def join(  # noqa: PLR0917 - hypothesis gives them by name
        self,
        selection: Selection,
        way: Way,
        compressed: bool,
        marks: bool,
        after: Position | int | str | None,
        snapshot: bool,
        on_lag: OnLag,
        full: bool,
    ) -> None:
        member = self.stage.open(
            selection, way, marks=marks, compression=Compression() if compressed else None
        )
        member.subscriber.on_lag = on_lag
        member.socket.held_bytes = HIGH_WATER_BYTES + 1 if full else 0
        account = self._account(member, Stretch(selection, self.stage.broadcast.cut_sequence))
        if after is not None:
            self._resume(account, selection, self._position(after))
        if snapshot:
            member.subscriber.request_snapshot(selection)
            account.owe_snapshot(selection)
        self._drain(account)

    @precondition(lambda self: self.left)
    @rule(who=people, way=ways, marks=st.booleans(), compressed=st.booleans())
    def come_back(self, who: int, way: Way, marks: bool, compressed: bool) -> None:
        """Resume on any transport with the position of any other."""
        selection, position = self.left.pop(who % len(self.left))
        member = self.stage.open(
            selection, way, marks=marks, compression=Compression() if compressed else None
        )
        account = self._account(member, Stretch(selection, self.stage.broadcast.cut_sequence))
        self._resume(account, selection, position)
        self._drain(account)

    def _position(self, after: Position | int | str) -> Position | str:
        match after:
            case int():
                return at(max(0, self.stage.broadcast.cut_sequence - after))
            case "epoch":
                return Position("older", 7)
            case "ahead":
                return at(self.stage.broadcast.cut_sequence + 1)
            case "text":
                return "no position\n\udcff"
        return after

    def _resume(self, account: Account, selection: Selection, after: Position | str) -> None:
        """Resume as a transport does, and note what is due for it."""
        self._resumed(account, selection, after, account.member.subscriber.resume(selection, after))

    def _resumed(
        self,
        account: Account,
        selection: Selection,
        after: Position | str,
        outcome: Resume | None,
    ) -> None:
        ring, stretch = self.stage.ring, account.stretches[-1]
        stands = max(stretch.after, account.member.subscriber.position)
        if outcome is Resume.REPLAYED:
            assert isinstance(after, Position)
            sequence = ring.oldest - 1 if after == BEGINNING else after.sequence
            assert sequence + 1 >= ring.oldest or sequence >= stands
            assert after in (BEGINNING, at(sequence))
            if selection == stretch.selection and len(account.stretches) == 1:
                stretch.after = min(stretch.after, sequence)
            elif sequence < stands:
                account.stretches.insert(-1, Stretch(selection, sequence, stands))
            return
        if outcome is Resume.GAP:
            assert isinstance(after, Position)
            if after == BEGINNING:
                after = at(ring.oldest - 1)
            assert after.epoch == EPOCH
            limit, on_lag = self.stage.lag_max_ticks, account.member.subscriber.on_lag
            lag_ticks = self.stage.broadcast.cut_sequence - after.sequence
            assert after.sequence + 1 < ring.oldest or (
                limit is not None and lag_ticks > limit and on_lag is OnLag.DISCONNECT
            )
            gap = (str(at(after.sequence + 1)), str(at(stands)), "overrun")
        else:
            assert after not in [at(n) for n in range(self.stage.broadcast.cut_sequence + 1)]
            gap = (str(after).encode(errors="replace").decode(), str(at(stands)), "epoch")
        account.gaps.append(gap)
        account.owe_snapshot(selection)

    @precondition(lambda self: self.accounts)
    @rule(who=people)
    def the_socket_is_full(self, who: int) -> None:
        self._one(who).member.socket.held_bytes = HIGH_WATER_BYTES + 1

    @precondition(lambda self: self.accounts)
    @rule(who=people, most_frames=st.sampled_from([1, 2, FOREVER]))
    def the_socket_has_room(self, who: int, most_frames: int) -> None:
        account = self._one(who)
        account.member.socket.held_bytes = 0
        self._drain(account, most_frames)

    def _drain(self, account: Account, most_frames: int = FOREVER) -> None:
        member = account.member
        first_needed = member.subscriber.first_needed
        self.stage.drain(member, most_frames)
        self._read_only(account)
        if member.ended is not None:
            assert member.ended is Reason.LAGGING
            assert member.subscriber.on_lag is OnLag.DISCONNECT
            limit = self.stage.lag_max_ticks
            assert first_needed < self.stage.ring.oldest or limit is not None
            self.accounts.remove(account)
        elif member.subscriber.live:
            assert account.due(self.stage.broadcast.cut_sequence) == []
            assert not account.gaps
            assert not account.snapshots

    @precondition(lambda self: self.accounts)
    @rule(who=people, politely=st.booleans())
    def leave(self, who: int, politely: bool) -> None:
        account = self._one(who)
        if not politely:
            account.member.socket.gone = True
            self.publish([(Kind.TRADE, "AAPL")])
            self.cut()
        self.stage.leave(account.member)
        self.accounts.remove(account)
        if account.position is not None and len(account.stretches) == 1:
            self.left.append((account.selection, account.position))

    def _websocket(self, who: int) -> Account | None:
        able = [
            account
            for account in self.accounts
            if isinstance(account.member.subscriber.lane.framing, WebSocketFraming)
        ]
        return able[who % len(able)] if able else None

    @rule(
        who=people,
        added=strategies.selections,
        after=st.one_of(st.none(), st.integers(0, 40)),
        snapshot=st.booleans(),
    )
    def subscribe(self, who: int, added: Selection, after: int | None, snapshot: bool) -> None:
        """Add to a WebSocket's selection, with a position for what is added or without."""
        account = self._websocket(who)
        if account is None or (after is not None and account.member.subscriber._messages):
            return  # messages that wait to be written tell positions of before
        subscriber = account.member.subscriber
        account.stand(self._stands(account))
        position = None if after is None else self._position(after)
        assert not isinstance(position, str)
        outcome = self.stage.subscribe(account.member, added, after=position, snapshot=snapshot)
        account.stretches[-1].selection = subscriber.lane.payload.key.selection
        if position is not None:
            self._resumed(account, added, position, outcome)
        if snapshot:
            account.owe_snapshot(added)
        self._drain(account)

    @rule(who=people, removed=strategies.selections)
    def unsubscribe(self, who: int, removed: Selection) -> None:
        account = self._websocket(who)
        if account is None:
            return
        account.stand(self._stands(account))
        self.stage.unsubscribe(account.member, removed)
        account.narrow(account.member.subscriber.lane.payload.key.selection)
        self._drain(account)

    def _stands(self, account: Account) -> int:
        subscriber = account.member.subscriber
        return self.stage.broadcast.cut_sequence if subscriber.live else subscriber.position

    # Whatever happened.

    @invariant()
    def lanes_are_those_of_the_members(self) -> None:
        if not hasattr(self, "stage"):
            return
        lanes = {account.member.subscriber.lane for account in self.accounts}
        assert set(self.stage.broadcast.lanes) == lanes
        assert sum(lane.members for lane in lanes) == len(self.accounts)

    @invariant()
    def everybody_is_told_everything_in_the_end(self) -> None:
        """Look at who has caught up; `teardown` lets all others catch up too."""
        if hasattr(self, "stage"):
            cut_sequence = self.stage.broadcast.cut_sequence
            for account in self.accounts:
                if account.member.subscriber.live:
                    assert account.due(cut_sequence) == []

    def teardown(self) -> None:
        if not hasattr(self, "stage"):
            return
        self.cut()
        for account in list(self.accounts):
            account.member.socket.held_bytes = 0
            self._drain(account)
            assert account.member.subscriber.live or account.member.ended
        self.publish([(kind, "AAPL") for kind in Kind])
        self.cut()
        for account in self.accounts:
            assert account.due() == []
            self.stage.leave(account.member)
        assert self.stage.broadcast.lanes == []
        assert self.stage.broadcast.index_entries == 0


@pytest.fixture
def small_frames(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make everything take several frames."""
    monkeypatch.setattr(feed.subscriber, "CATCH_UP_BYTES", 300)
    monkeypatch.setattr(feed.broadcast, "MAX_FRAME_BYTES", 1500)
    monkeypatch.setattr(feed.states, "_RUN_BYTES", 400)


@pytest.mark.usefixtures("small_frames")
def test_everybody_is_told_every_tick_once_or_the_numbers_of_the_gap() -> None:
    run_state_machine_as_test(
        BroadcastModel, settings=settings(max_examples=150, stateful_step_count=40, deadline=None)
    )


# Joining.


def test_whoever_joins_without_a_position_is_live_at_once() -> None:
    stage = Stage()
    stage.publish_and_cut("AAPL")
    member = stage.join()
    assert is_live(member)
    assert hears(member) == []
    stage.publish_and_cut("MSFT")
    assert hears(member) == [2]


@pytest.mark.parametrize("way", WAYS, ids=str)
def test_whoever_comes_back_is_sent_what_it_missed_once_and_in_order(way: Way) -> None:
    stage = Stage()
    for _ in range(3):
        stage.publish_and_cut("AAPL", "MSFT")
    stage.publish("AAPL")  # not cut yet: it comes live
    member = stage.join(of_channels(trades=["AAPL"]), way, after=at(2))
    stage.publish_and_cut("AAPL")
    assert hears(member) == [3, 5, 7, 8]


@pytest.mark.parametrize("way", WAYS, ids=str)
def test_a_position_of_one_transport_is_good_on_every_other(way: Way) -> None:
    stage = Stage()
    members = [stage.join(EVERYTHING, each, marks=True) for each in WAYS]
    stage.publish_and_cut("AAPL", "MSFT")
    last = [member.take()[-1] for member in members]
    stage.publish_and_cut("MSFT", "AAPL")
    for piece in last:
        position = Position.parse(piece.position or piece.objects[-1]["pos"])
        assert hears(stage.join(EVERYTHING, way, after=position)) == [3, 4]


@pytest.mark.parametrize("way", WAYS, ids=str)
def test_whoever_is_told_positions_is_told_where_it_begins(way: Way) -> None:
    # So that who is cut off before the first tick can come back for it.
    stage = Stage()
    stage.publish_and_cut("AAPL", "MSFT")
    assert hears(stage.join(EVERYTHING, way, marks=True)) == ["mark stage-2"]
    unmarked = ["mark stage-2"] if way[1].transport == "sse" else []
    assert hears(stage.join(EVERYTHING, way)) == unmarked
    assert hears(stage.join(EVERYTHING, way, marks=True, after=at(2))) == []


def test_zero_is_all_that_the_ring_holds_and_no_gap() -> None:
    stage = Stage(8)
    for _ in range(5):
        stage.publish_and_cut("AAPL", "MSFT", "TSLA")
    member = stage.join(after=BEGINNING)
    assert hears(member) == list(range(8, 16))


def test_a_ring_that_holds_nothing_has_nothing_to_tell() -> None:
    stage = Stage()
    assert hears(stage.join(after=BEGINNING)) == []
    assert hears(stage.join(after=at(0), snapshot=True)) == ["begin stage-0", "end stage-0"]


def test_whoever_is_where_the_last_cut_is_has_missed_nothing() -> None:
    stage = Stage()
    stage.publish_and_cut("AAPL", "MSFT")
    member = stage.join(after=at(2))
    assert is_live(member)
    assert hears(member) == []


def test_a_snapshot_is_announced_and_closed_and_then_it_is_live() -> None:
    stage = Stage()
    stage.publish_and_cut("MSFT", "AAPL", "AAPL", Kind.QUOTE, (Kind.STATUS, "MSFT"), Kind.BAR)
    member = stage.join(of_channels(trades="*", statuses="*"), snapshot=True)
    stage.publish_and_cut("MSFT")
    assert hears(member) == ["begin stage-6", 3, 1, 5, "end stage-6", 7]


def test_on_sse_only_the_end_of_a_snapshot_moves_its_reader() -> None:
    # Whoever is cut off within one has no position of it, and is sent it again.
    stage = Stage()
    stage.publish_and_cut("MSFT", "AAPL")
    member = stage.join(EVERYTHING, SSE, snapshot=True)
    assert [(piece.name, piece.position) for piece in member.take()] == [
        ("snapshot", None),
        ("message", None),
        ("snapshot", "stage-2"),
    ]


def test_what_was_missed_comes_before_the_snapshot() -> None:
    stage = Stage()
    stage.publish_and_cut("AAPL", "MSFT")
    member = stage.join(of_channels(trades=["AAPL"]), after=at(0), snapshot=True)
    assert hears(member) == [1, "begin stage-2", 1, "end stage-2"]


# Gaps.


def test_after_an_overrun_one_gap_tells_the_first_and_the_last_that_is_missing() -> None:
    stage = Stage(8)
    for _ in range(10):
        stage.publish_and_cut("AAPL", "MSFT")
    member = stage.join(of_channels(trades=["AAPL"]), after=at(5))
    stage.publish_and_cut("AAPL", "MSFT")
    assert hears(member) == [
        "gap stage-6 stage-20 overrun",
        "begin stage-20",
        19,
        "end stage-20",
        21,
    ]


def test_the_oldest_tick_held_is_no_gap_and_the_one_before_it_is() -> None:
    stage = Stage(8)
    for _ in range(10):
        stage.publish_and_cut("AAPL", "MSFT")
    assert hears(stage.join(after=at(12))) == list(range(13, 21))
    assert hears(stage.join(after=at(11)))[0] == "gap stage-12 stage-20 overrun"


@pytest.mark.parametrize(
    "after",
    [Position("older", 7), Position("older", 0), at(5), "stage", "", "no position\n\udcff\0", "✓"],
)
@pytest.mark.parametrize("way", [SOCKET, SSE, STREAM], ids=str)
def test_a_position_that_is_none_of_ours_is_told_back_in_a_gap(
    after: Position | str, way: Way
) -> None:
    stage = Stage()
    stage.publish_and_cut("AAPL", "MSFT")
    stage.publish("AAPL", "AAPL", "AAPL")  # up to 5, not cut
    member = stage.open(EVERYTHING, way)
    assert member.subscriber.resume(EVERYTHING, after) is Resume.NEW_EPOCH
    stage.drain(member)
    stage.cut()
    first, *rest = hears(member)
    assert first == f"gap {str(after).replace(chr(0xDCFF), '?')} stage-2 epoch"
    assert rest == ["begin stage-2", 1, 2, "end stage-2", 3, 4, 5]


def test_a_gap_and_a_wish_for_a_snapshot_are_one_snapshot() -> None:
    stage = Stage()
    stage.publish_and_cut("AAPL")
    member = stage.join(after=Position("older", 7), snapshot=True)
    assert hears(member) == [
        "gap older-7 stage-1 epoch",
        "begin stage-1",
        1,
        "end stage-1",
    ]


def test_the_snapshot_after_a_gap_is_of_what_was_subscribed_to() -> None:
    stage = Stage()
    stage.publish_and_cut("AAPL", "MSFT")
    member = stage.join(of_channels(trades=["MSFT"]), after=Position("older", 7))
    assert hears(member)[1:] == ["begin stage-2", 2, "end stage-2"]


# Missing frames.


def test_whoever_missed_a_frame_is_sent_it_when_there_is_room_and_is_live_again() -> None:
    stage = Stage()
    member = stage.join()
    stage.publish_and_cut("AAPL")
    member.socket.held_bytes = HIGH_WATER_BYTES + 1
    stage.publish_and_cut("AAPL")
    stage.publish_and_cut("AAPL")
    assert not is_live(member)
    assert member.subscriber.position == 1
    assert member.subscriber.lag_ticks == 2
    member.socket.held_bytes = 0
    stage.drain(member)
    assert is_live(member)
    assert member.subscriber.lag_ticks == 0
    stage.publish_and_cut("AAPL")
    assert hears(member) == [1, 2, 3, 4]
    assert (stage.counts.paused, stage.counts.caught_up) == (1, 1)


def test_whoever_is_behind_costs_the_others_nothing() -> None:
    stage = Stage()
    slow, quick = stage.join(), stage.join()
    slow.socket.held_bytes = HIGH_WATER_BYTES + 1
    for sequence in range(1, 6):
        stage.publish_and_cut("AAPL")
        assert hears(quick) == [sequence]
    assert slow.socket.written == []


def test_whoever_the_ring_overran_while_it_was_paused_is_told_and_goes_on() -> None:
    stage = Stage(8)
    member = stage.join()
    stage.publish_and_cut("AAPL")
    member.socket.held_bytes = HIGH_WATER_BYTES + 1
    for _ in range(20):
        stage.publish_and_cut("AAPL")
    member.socket.held_bytes = 0
    stage.drain(member)
    stage.publish_and_cut("AAPL")
    assert hears(member) == [
        1,
        "gap stage-2 stage-21 overrun",
        "begin stage-21",
        21,
        "end stage-21",
        22,
    ]
    assert stage.counts.overruns == stage.counts.gap == 1
    assert stage.counts.gap_ticks == 20


def test_whoever_wants_to_be_disconnected_rather_than_miss_something_is() -> None:
    stage = Stage(8)
    member = stage.join(on_lag=OnLag.DISCONNECT)
    member.socket.held_bytes = HIGH_WATER_BYTES + 1
    for _ in range(8):
        stage.publish_and_cut("AAPL")
    member.socket.held_bytes = 0
    stage.drain(member)
    assert hears(member) == list(range(1, 9))  # all of them are held still
    member.socket.held_bytes = HIGH_WATER_BYTES + 1
    for _ in range(9):
        stage.publish_and_cut("AAPL")
    member.socket.held_bytes = 0
    stage.drain(member)
    assert member.ended is Reason.LAGGING
    assert hears(member) == []
    assert stage.counts.lagging == 1


def test_whoever_was_disconnected_for_its_lag_can_come_back() -> None:
    # Otherwise it would come back with the same position for ever.
    stage = Stage(8)
    for _ in range(20):
        stage.publish_and_cut("AAPL")
    member = stage.join(after=at(2), on_lag=OnLag.DISCONNECT)
    assert member.ended is None
    assert hears(member)[0] == "gap stage-3 stage-20 overrun"


def test_whoever_was_disconnected_for_its_lag_is_let_back_in_with_a_gap() -> None:
    stage = Stage(64, lag_max_ticks=3)
    for _ in range(20):
        stage.publish_and_cut("AAPL")
    within = stage.join(after=at(17), on_lag=OnLag.DISCONNECT)
    assert hears(within) == [18, 19, 20]
    beyond = stage.join(after=at(16), on_lag=OnLag.DISCONNECT)
    assert beyond.ended is None
    assert hears(beyond)[0] == "gap stage-17 stage-20 overrun"


def test_the_most_lag_that_is_allowed_is_a_limit_like_the_rings() -> None:
    stage = Stage(64, lag_max_ticks=3)
    member = stage.join()
    member.socket.held_bytes = HIGH_WATER_BYTES + 1
    for _ in range(3):
        stage.publish_and_cut("AAPL")
    member.socket.held_bytes = 0
    stage.drain(member)
    assert hears(member) == [1, 2, 3]
    member.socket.held_bytes = HIGH_WATER_BYTES + 1
    for _ in range(4):
        stage.publish_and_cut("AAPL")
    member.socket.held_bytes = 0
    stage.drain(member)
    assert hears(member)[0] == "gap stage-4 stage-7 overrun"


def test_what_is_due_comes_in_frames_of_a_size_that_a_socket_takes() -> None:
    stage = Stage(4096)
    for _ in range(8):
        stage.publish_and_cut(*["AAPL"] * 250)
    member = stage.join(EVERYTHING, SSE, after=at(0))
    assert len(member.socket.written) > 4
    assert max(map(len, member.socket.written)) < 64 * 1024
    positions = []
    expected = 0
    for piece in member.take():
        for item in piece.objects:
            expected += 1
            assert nanoseconds(item["t"]) == expected
        positions.append(piece.position)
        assert piece.position == f"stage-{expected}"
    assert expected == 2000


def test_a_cut_in_between_does_not_send_anything_twice() -> None:
    stage = Stage(4096)
    stage.publish_and_cut(*["AAPL"] * 1000)
    member = stage.open(EVERYTHING)
    member.subscriber.resume(EVERYTHING, at(0))
    stage.drain(member, most_frames=1)
    stage.publish_and_cut(*["AAPL"] * 50)  # while it is behind
    stage.drain(member)
    stage.publish_and_cut(*["AAPL"] * 50)
    assert hears(member) == list(range(1, 1101))


def test_whoever_is_gone_stays_out_of_the_others_way() -> None:
    stage = Stage()
    gone, there = stage.join(), stage.join()
    gone.socket.gone = True
    stage.publish_and_cut("AAPL")
    stage.leave(gone)
    stage.publish_and_cut("AAPL")
    assert hears(there) == [1, 2]


# What production waits for.


def test_the_first_sequence_needed_is_that_of_the_slowest_part() -> None:
    stage = Stage()
    stage.publish_and_cut(*["AAPL", "MSFT"] * 5)
    member = stage.join(of_channels(trades=["AAPL"]))
    subscriber = member.subscriber
    assert subscriber.first_needed == 11
    stage.subscribe(member, of_channels(trades=["MSFT"]), after=at(4))
    assert subscriber.first_needed == 5
    stage.drain(member)
    assert subscriber.first_needed == 11
    member.socket.held_bytes = HIGH_WATER_BYTES + 1
    stage.publish_and_cut("AAPL", "MSFT")
    assert subscriber.first_needed == 11
    assert subscriber.lag_ticks == 2


# Changing what is subscribed to.


def test_more_symbols_come_from_the_next_cut_on() -> None:
    stage = Stage()
    member = stage.join(of_channels(trades=["AAPL"]))
    stage.publish_and_cut("AAPL", "MSFT")
    stage.subscribe(member, of_channels(trades=["MSFT"]))
    stage.drain(member)
    stage.publish_and_cut("AAPL", "MSFT")
    assert hears(member) == [1, 3, 4]


def test_more_symbols_come_from_their_position_on_and_the_others_are_not_told_again() -> None:
    stage = Stage()
    member = stage.join(of_channels(trades=["AAPL"]))
    stage.publish_and_cut("AAPL", "MSFT", "AAPL", "MSFT")
    stage.subscribe(member, of_channels(trades=["MSFT"]), after=at(2))
    stage.drain(member)
    stage.publish_and_cut("AAPL", "MSFT")
    assert hears(member) == [1, 3, 4, 5, 6]


def test_fewer_symbols_come_at_once() -> None:
    stage = Stage()
    member = stage.join(of_channels(trades=["AAPL", "MSFT"]))
    stage.publish("AAPL", "MSFT")
    stage.unsubscribe(member, of_channels(trades=["MSFT"]))
    stage.drain(member)
    stage.cut()
    assert hears(member) == [1]
    assert len(stage.broadcast.lanes) == 1


def test_the_snapshot_of_more_symbols_is_of_those_only() -> None:
    stage = Stage()
    member = stage.join(of_channels(trades=["AAPL"]))
    stage.publish_and_cut("AAPL", "MSFT")
    assert hears(member) == [1]
    stage.subscribe(member, of_channels(trades=["MSFT"]), snapshot=True)
    stage.drain(member)
    assert hears(member) == ["begin stage-2", 2, "end stage-2"]


def test_a_gap_begins_where_the_oldest_of_several_backlogs_does_and_ends_them_all() -> None:
    stage = Stage(16)
    stage.publish_and_cut("AAPL", "MSFT", "TSLA", "AAPL", "MSFT", "TSLA")
    member = stage.join(of_channels(trades=["AAPL"]))
    member.socket.held_bytes = HIGH_WATER_BYTES + 1
    for symbol, sequence in (("MSFT", 4), ("TSLA", 1)):
        stage.subscribe(member, of_channels(trades=[symbol]), after=at(sequence))
    for _ in range(5):
        stage.publish_and_cut("AAPL", "AAPL", "AAPL")
    member.socket.held_bytes = 0
    stage.drain(member)
    assert hears(member) == [
        "gap stage-2 stage-21 overrun",
        "begin stage-21",
        21,
        5,
        6,
        "end stage-21",
    ]
    assert stage.counts.overruns == 1


def test_positions_are_those_of_the_backlog_that_is_the_furthest_behind() -> None:
    # Whoever is cut off comes back with one position, and must not lose what another was due.
    stage = Stage()
    stage.publish_and_cut(*["AAPL", "MSFT", "TSLA"] * 3)
    member = stage.join(of_channels(trades=["AAPL"]), marks=True)
    member.take()
    for symbol, sequence in (("MSFT", 3), ("TSLA", 1)):
        stage.subscribe(member, of_channels(trades=[symbol]), after=at(sequence))
    stage.subscribe(member, of_channels(trades=["NVDA"]))  # is told where it stands
    stage.drain(member)
    assert hears(member) == ["mark stage-1", 5, 8, "mark stage-1", 3, 6, 9, "mark stage-9"]


def test_whoever_is_behind_is_sent_what_it_adds_up_to_where_it_stands() -> None:
    stage = Stage()
    stage.publish_and_cut("MSFT", "AAPL", "MSFT")
    member = stage.join(of_channels(trades=["AAPL"]))
    member.socket.held_bytes = HIGH_WATER_BYTES + 1
    stage.publish_and_cut("AAPL", "MSFT")
    stage.subscribe(member, of_channels(trades=["MSFT"]), after=at(1))
    member.socket.held_bytes = 0
    stage.drain(member)
    assert hears(member) == [3, 4, 5]


def test_whoever_is_behind_does_not_skip_what_it_missed_for_a_later_position() -> None:
    stage = Stage()
    member = stage.join()
    member.socket.held_bytes = HIGH_WATER_BYTES + 1
    stage.publish_and_cut("AAPL", "MSFT", "AAPL")
    stage.subscribe(member, EVERYTHING, after=at(2))
    member.socket.held_bytes = 0
    stage.drain(member)
    assert hears(member) == [1, 2, 3]


def test_whoever_asks_again_for_what_it_has_is_sent_it_again() -> None:
    stage = Stage()
    member = stage.join()
    stage.publish_and_cut("AAPL", "MSFT")
    stage.subscribe(member, EVERYTHING, after=at(1))
    stage.drain(member)
    assert hears(member) == [1, 2, 2]


def test_what_was_unsubscribed_is_due_no_more() -> None:
    stage = Stage()
    stage.publish_and_cut("MSFT", "AAPL", "TSLA")
    member = stage.join(of_channels(trades=["AAPL"]))
    stage.subscribe(member, of_channels(trades=["MSFT", "TSLA"]), after=at(0), snapshot=True)
    stage.unsubscribe(member, of_channels(trades=["MSFT", "AAPL"]))
    stage.drain(member)
    assert hears(member) == [3, "begin stage-3", 3, "end stage-3"]
    stage.subscribe(member, of_channels(trades=["AAPL"]), after=at(0), snapshot=True)
    stage.unsubscribe(member, EVERYTHING)
    stage.unsubscribe(member, of_channels(trades=["AAPL", "TSLA"]))
    assert member.subscriber.first_needed == 4  # nothing that a source would wait for
    stage.drain(member)
    assert hears(member) == []
    assert is_live(member)


def test_a_later_position_than_that_of_the_others_is_no_gap_of_its_own() -> None:
    # It is behind by itself, so what it subscribes to now is missing like the rest.
    stage = Stage(8)
    member = stage.join(of_channels(trades=["AAPL"]))
    member.socket.held_bytes = HIGH_WATER_BYTES + 1
    for _ in range(10):
        stage.publish_and_cut("AAPL", "MSFT")
    stage.subscribe(member, of_channels(trades=["MSFT"]), after=at(6))
    member.socket.held_bytes = 0
    stage.drain(member)
    assert hears(member) == [
        "gap stage-1 stage-20 overrun",
        "begin stage-20",
        19,
        20,
        "end stage-20",
    ]


# States that take several frames.


@pytest.mark.usefixtures("small_frames")
def test_whoever_is_cut_off_within_a_restatement_comes_back_for_all_of_it() -> None:
    stage = Stage(256)
    conflated = Selection.of({Channel.QUOTES: [ALL]}, {Channel.QUOTES: 250})
    stage.now_ns = 1000 * MS
    member = stage.join(conflated, SSE)
    member.take()
    member.socket.held_bytes = HIGH_WATER_BYTES + 1
    stage.publish_and_cut(*[(Kind.QUOTE, f"S{number}") for number in range(10)])
    stage.now_ns = 9000 * MS  # long after: only its position tells that it missed them
    stage.publish_and_cut("AAPL")
    member.socket.held_bytes = 0
    stage.drain(member, most_frames=1)
    (piece,) = member.take()
    assert len(piece.objects) < 10
    assert piece.position is None
    stage.drain(member)
    assert [piece.position for piece in member.take()][-1] == "stage-11"


@pytest.mark.usefixtures("small_frames")
def test_a_state_is_framed_as_the_socket_takes_it(monkeypatch: pytest.MonkeyPatch) -> None:
    framed: list[int] = []
    original = Lane.private_snapshot

    def private_snapshot(lane: Lane, fragments: Sequence[bytes]) -> bytes:
        framed.append(len(fragments))
        return original(lane, fragments)

    monkeypatch.setattr(Lane, "private_snapshot", private_snapshot)
    stage = Stage()
    stage.publish_and_cut(*[f"S{number:02}" for number in range(30)])
    member = stage.open(EVERYTHING)
    member.subscriber.request_snapshot(EVERYTHING)
    stage.drain(member, 2)
    assert len(framed) == 1, "after its beginning one frame, for a socket that took no more"
    stage.drain(member)
    assert len(framed) > 5
    assert sum(framed) == 30


@pytest.mark.usefixtures("small_frames")
def test_whoever_is_cut_off_within_a_conflated_state_comes_back_for_all_of_it() -> None:
    stage = Stage(256, lag_max_ticks=5)
    member = stage.join(EVERYTHING, SSE, on_lag=OnLag.CONFLATE)
    member.take()
    member.socket.held_bytes = HIGH_WATER_BYTES + 1
    stage.publish_and_cut(*[f"S{number}" for number in range(10)])
    member.socket.held_bytes = 0
    stage.drain(member)
    gap, *states = member.take()
    assert told(gap.objects) == ["gap stage-1 stage-10 conflated"]
    assert len(states) > 1
    positions = [piece.position for piece in states]
    assert positions == [None] * (len(states) - 1) + ["stage-10"]
