"""Conflation through the broadcast: whatever happens to a subscriber, every trade is accounted for.

A conflated trade names the first and the last trade that it stands for, and how many they are. So
each can be held against all trades, and together they must leave none out that no gap was told of.
"""

from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from feed.broadcast.fragments import TURN_TICKS
from feed.market.ticks import Channel, Kind, Tick, Trade
from feed.wire.compression import Compression
from feed.wire.position import Position
from feed.wire.request_fields import OnLag
from feed.wire.selection import Selection
from tests.fakes.conflation import (
    MS,
    QUOTES_BESIDE_TRADES,
    TRADES,
    conflated,
    pass_time,
    quote,
    subscribe_again,
    trade,
)
from tests.fakes.frame_reader import Object
from tests.fakes.stage import HIGH_WATER_BYTES, Member, Stage
from tests.fakes.strategies import examples
from tests.fakes.ways import WAYS, Way

SYMBOLS = "ABC"
LADDER = (OnLag.GAP, OnLag.CONFLATE)
SELECTIONS = (
    TRADES,
    QUOTES_BESIDE_TRADES,
    conflated({"trades": 100}, trades="*", quotes="*"),
    conflated({"trades": 50, "quotes": 250}, trades="AB", quotes="*"),
)


class Account:
    """What a subscriber was told, held against all that was published."""

    def __init__(self, ticks: list[Tick], selection: Selection) -> None:
        self.ticks = ticks  # published so far; the sequence is the index and one more
        self.lossless = {channel for channel, _ in selection.lossless.symbols}
        self.covered: set[int] = set()  # sequences of trades that were told, or told missing
        self.newest: dict[tuple[str, str], int] = {}  # sequence told last, by kind and symbol
        self.position: Position | None = None
        self.stateless: set[int] = set()  # in gaps whose snapshot it was cut off from
        self._gap: set[int] = set()  # told missing, and no snapshot since
        self._in_snapshot = False

    def take(self, member: Member) -> None:
        for piece in member.take():
            for item in piece.objects:
                self._take(item)
            if piece.position is not None:
                epoch, _, sequence = piece.position.partition("-")
                self.position = Position(epoch, int(sequence))

    def cut_off(self) -> None:
        self.stateless |= self._gap
        self._in_snapshot = False

    def _take(self, item: Object) -> None:
        match item["T"]:
            case "gap":
                first, last = (int(item[key].partition("-")[2]) for key in ("from", "to"))
                assert first <= last
                self._gap.update(range(first, last + 1))
                if item["reason"] == "overrun":
                    self.covered.update(range(first, last + 1))
            case "snapshot":
                self._in_snapshot = item["state"] == "begin"
                if item["state"] == "end":
                    self._gap.clear()
            case "t":
                if "n" in item:
                    self._check_range(item)
                elif not self._in_snapshot:
                    assert Channel.TRADES in self.lossless
                    assert item["i"] not in self.covered, "twice"
                    self.covered.add(item["i"])
                self._note("t", item["S"], item["i"])
            case "q":
                self._note("q", item["S"], int(item["bp"]))

    def _check_range(self, item: Object) -> None:
        ids = range(item["fi"], item["i"] + 1)
        stands_for = [
            tick
            for tick in self.ticks[ids[0] - 1 : ids[-1]]
            if isinstance(tick, Trade) and tick.symbol == item["S"]
        ]
        volume = sum(tick.size for tick in stands_for)
        notional = sum(tick.price * tick.size for tick in stands_for)
        assert (item["fi"], item["i"]) == (stands_for[0].trade_id, stands_for[-1].trade_id)
        assert item["n"] == len(stands_for)
        assert item["h"] == max(tick.price for tick in stands_for)
        assert item["l"] == min(tick.price for tick in stands_for)
        assert item["p"] == stands_for[-1].price
        assert item["v"] == volume
        assert item["vw"] == pytest.approx(notional / volume)
        self.covered.update(tick.trade_id for tick in stands_for)

    def _note(self, kind: str, symbol: str, sequence: int) -> None:
        assert sequence >= self.newest.get((kind, symbol), 0), "a value went back in time"
        self.newest[kind, symbol] = sequence

    def settle(self, selection: Selection, since: int) -> None:
        """See that nothing since a sequence was left out, now that all is told."""
        due = list(enumerate(self.ticks, start=1))[since - 1 :]
        selected = selection.select([tick for _, tick in due])
        last: dict[tuple[str, str], int] = {}
        for sequence, tick in (due[index] for index in selected):
            last[tick.kind, tick.symbol] = sequence
            if tick.kind is Kind.TRADE:
                assert sequence in self.covered, f"trade {sequence} is unaccounted for"
        for key, sequence in last.items():
            assert self.newest.get(key) == sequence or sequence in self.stateless


class ConflationMachine(RuleBasedStateMachine):
    """One subscriber that is slow, held, snapshotted, cut off and back, in any order."""

    @initialize(
        selection=st.sampled_from(SELECTIONS),
        way=st.sampled_from([way for way in WAYS if way[1].transport == "sse"]),
        on_lag=st.sampled_from(LADDER),
        lag_max_ticks=st.sampled_from([None, 20]),
        compression=st.sampled_from([None, Compression()]),
        turn_ticks=st.sampled_from([1, 5, TURN_TICKS]),
    )
    def begin(
        self,
        *,
        selection: Selection,
        way: Way,
        on_lag: OnLag,
        lag_max_ticks: int | None,
        compression: Compression | None,
        turn_ticks: int,
    ) -> None:
        # Larger than what the longest interval can collect.
        self.stage = Stage(capacity=128, lag_max_ticks=lag_max_ticks, turn_ticks=turn_ticks)
        self.selection = selection
        self.join_options: dict[str, Any] = {
            "way": way,
            "on_lag": on_lag,
            "compression": compression,
        }
        self.ticks: list[Tick] = []
        self.account = Account(self.ticks, selection)
        self.member = self.stage.join(selection, **self.join_options)
        self.other = self.stage.join(TRADES)  # whose interval began before

    @rule(
        rows=st.lists(
            st.tuples(
                st.booleans(), st.sampled_from(SYMBOLS), st.integers(1, 9), st.integers(1, 4)
            ),
            min_size=1,
            max_size=12,
        ),
        cut=st.booleans(),
    )
    def publish(self, rows: list[tuple[bool, str, int, int]], cut: bool) -> None:
        pass_time(self.stage, self.stage.now_ns // MS + 30)
        ticks: list[Tick] = []
        for is_trade, symbol, price, size in rows:
            sequence = len(self.ticks) + len(ticks) + 1
            made = trade(sequence, symbol, price, size) if is_trade else quote(sequence, symbol)
            ticks.append(made)
        self.ticks += ticks
        self.stage.publish_ticks(ticks)
        if cut:
            self.stage.cut()

    @rule(ms=st.integers(1, 180))
    def wait(self, ms: int) -> None:
        pass_time(self.stage, self.stage.now_ns // MS + ms)

    @rule(full=st.booleans())
    def jam(self, full: bool) -> None:
        self.member.socket.held_bytes = HIGH_WATER_BYTES + 1 if full else 0

    @rule(frames=st.integers(1, 4))
    def catch_up(self, frames: int) -> None:
        self.stage.catch_up(self.member, frames)

    @rule(snapshot=st.booleans())
    def subscribe_again(self, snapshot: bool) -> None:
        subscribe_again(self.stage, self.member, snapshot=snapshot)

    @precondition(lambda self: self.account.position is not None)
    @rule()
    def come_back(self) -> None:
        self.account.take(self.member)
        self.account.cut_off()
        self.stage.leave(self.member)
        self.member = self.stage.join(
            self.selection, after=self.account.position, **self.join_options
        )

    @invariant()
    def all_that_was_told_is_true(self) -> None:
        self.account.take(self.member)

    def teardown(self) -> None:
        if not hasattr(self, "member"):
            return
        self.member.socket.held_bytes = 0
        for _ in range(2):
            self.stage.cut()
            self.stage.catch_up(self.member)
            self.wait(500)
        self.account.take(self.member)
        assert self.member.subscriber.live
        self.account.settle(self.selection, since=1)


TestConflation = ConflationMachine.TestCase
TestConflation.settings = settings(max_examples=examples(80), stateful_step_count=40, deadline=None)
