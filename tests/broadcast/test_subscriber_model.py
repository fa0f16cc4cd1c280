"""Subscribers against a model that remembers every tick.

They come with any position, miss frames, drain some of what they are due, leave, are gone, come
back and change what they subscribe to, over every transport and codec, compressed and plain. Each
has an account that reads its wire and holds it against all the ticks.
"""

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

from feed.broadcast.fragments import TURN_TICKS
from feed.broadcast.resuming import resume
from feed.broadcast.resumption import Resume
from feed.market.ticks import SECOND_NS, Kind, Tick
from feed.wire.compression import Compression
from feed.wire.disconnect import Reason
from feed.wire.framing import WebSocketFraming
from feed.wire.position import BEGINNING, Position
from feed.wire.request_fields import OnLag
from feed.wire.selection import Selection
from tests.broadcast.account import FOREVER, Account, Stretch
from tests.fakes import strategies
from tests.fakes.hearing import at
from tests.fakes.selections import EVERYTHING
from tests.fakes.stage import EPOCH, HIGH_WATER_BYTES, SMALL_FRAMES, Member, Stage
from tests.fakes.strategies import examples
from tests.fakes.ways import WAYS, Way

SOCKET = WAYS[0]

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
        turn_ticks=st.sampled_from([1, 3, TURN_TICKS]),
    )
    def begin(self, capacity: int, newest: int, lag_max_ticks: int | None, turn_ticks: int) -> None:
        self.stage = Stage(
            capacity,
            newest=newest,
            lag_max_ticks=lag_max_ticks,
            sizes=SMALL_FRAMES,
            turn_ticks=turn_ticks,
        )
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
        self.stage.now_ns += seconds * SECOND_NS
        self.stage.idle(4 * SECOND_NS, 10 * SECOND_NS)
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
        member.subscriber.ladder.on_lag = on_lag
        member.subscriber.has_begun = True
        member.socket.held_bytes = HIGH_WATER_BYTES + 1 if full else 0
        account = self._account(member, Stretch(selection, self.stage.broadcast.cut_sequence))
        if after is not None:
            self._resume(account, selection, self._position(after))
        if snapshot:
            member.subscriber.due.request_snapshot(selection)
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
        self._resumed(
            account, selection, after, resume(account.member.subscriber.due, selection, after)
        )

    def _resumed(
        self,
        account: Account,
        selection: Selection,
        after: Position | str,
        outcome: Resume | None,
    ) -> None:
        ring, stretch = self.stage.ring, account.stretches[-1]
        stands = max(stretch.after, account.member.subscriber.due.backlog.sequence)
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
            limit, on_lag = self.stage.lag_max_ticks, account.member.subscriber.ladder.on_lag
            lag_ticks = self.stage.broadcast.cut_sequence - after.sequence
            assert after.sequence + 1 < ring.oldest or (
                limit is not None and lag_ticks > limit and on_lag is OnLag.DISCONNECT
            )
            gap = (str(at(after.sequence + 1)), str(at(stands)), "overrun")
        else:
            assert after not in [at(n) for n in range(self.stage.broadcast.cut_sequence + 1)]
            if after == Position("older", 7):
                after = "older-8"  # the first that it has not
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
        self.stage.catch_up(member, most_frames)
        self._read_only(account)
        if member.ended is not None:
            assert member.ended is Reason.LAGGING
            assert member.subscriber.ladder.on_lag is OnLag.DISCONNECT
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
        if account is None or (after is not None and account.member.subscriber.due.outbox.waiting):
            return  # messages that wait to be written tell positions of before
        subscriber = account.member.subscriber
        stands, had = self._stands(account), subscriber.selection
        account.stand(stands)
        position = None if after is None else self._position(after)
        assert not isinstance(position, str)
        outcome = self.stage.subscribe(account.member, added, after=position, snapshot=snapshot)
        own = account.stretches[-1]
        own.selection = subscriber.lane.payload.key.selection
        if outcome is Resume.REPLAYED and position is not None and position.sequence > stands:
            # What it had goes on from where it stands, and all else begins at the position.
            account.stretches.insert(-1, Stretch(had, own.after, position.sequence))
            own.after = position.sequence
        elif position is not None:
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
        return (
            self.stage.broadcast.cut_sequence
            if subscriber.live
            else subscriber.due.backlog.sequence
        )

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
        assert not list(self.stage.broadcast.lanes)
        assert self.stage.broadcast.lanes.index_entries == 0


def test_everybody_is_told_every_tick_once_or_the_numbers_of_the_gap() -> None:
    run_state_machine_as_test(
        BroadcastModel,
        settings=settings(max_examples=examples(150), stateful_step_count=40, deadline=None),
    )
