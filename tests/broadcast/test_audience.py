"""The audience: turns of subscribers that are behind, limits, and what production waits for."""

import pytest

from feed.broadcast.audience import Audience
from feed.broadcast.cut import Broadcast
from feed.broadcast.frame_sizes import FrameSizes
from feed.broadcast.limits import Limits
from feed.broadcast.ring import RingBuffer
from feed.broadcast.standing import Standing
from feed.broadcast.turn import Progress, Verdict
from feed.errors import LimitExceeded
from feed.market.ticks import SECOND_NS
from feed.wire.disconnect import Reason
from feed.wire.messages import feed_message
from feed.wire.position import Position
from feed.wire.request_fields import OnLag
from tests.fakes.numbered_ticks import numbered
from tests.fakes.selections import EVERYTHING, of_channels
from tests.fakes.stage import EPOCH, HIGH_WATER_BYTES, Member, Socket, Stage

SLOW_NS = 10 * SECOND_NS
SIZES = FrameSizes(message_bytes=3_300)


class FillingSocket(Socket):
    """Holds all that is written to it until the test takes it."""

    def write(self, data: bytes | memoryview) -> None:
        super().write(data)
        self.held_bytes += len(data)


class Scene:
    """One subscriber that is behind by more than its socket can hold."""

    def __init__(self, ticks: int = 500) -> None:
        self.stage = Stage(1 << 14, sizes=SIZES, slow_timeout_ns=SLOW_NS)
        self.socket = FillingSocket()
        self.member = self.stage.open(EVERYTHING, socket=self.socket)
        for _ in range(ticks):
            self.stage.publish_and_cut("AAPL")
        self.stage.begin(self.member, EVERYTHING, after=Position(EPOCH, 0))
        self.stage.audience.release(self.member.subscriber, 0)
        self.given_s = 0

    def give(self, at_s: float, most_frames: int | None = None) -> Progress | Verdict:
        for second in range(self.given_s + 1, int(at_s)):
            self.stage.audience.behind.awake_clock.awake_ns(second * SECOND_NS)
        return self.wake(at_s, most_frames)

    def wake(self, at_s: float, most_frames: int | None = None) -> Progress | Verdict:
        """Give a turn after a time in which nobody asked what the time is."""
        self.given_s = int(at_s)
        mono_ns = int(at_s * SECOND_NS)
        return self.stage.audience.behind.give(self.member.subscriber, mono_ns, 0, most_frames)

    @property
    def frames(self) -> int:
        return len(self.socket.written)


@pytest.fixture
def behind() -> Scene:
    return Scene()


def test_a_turn_is_one_frame_over_the_high_water_mark_and_no_more(behind: Scene) -> None:
    assert behind.give(0) is Progress.SOME
    assert behind.frames == 1
    assert behind.socket.held_bytes > HIGH_WATER_BYTES
    assert behind.give(1) is Progress.NONE
    assert behind.frames == 1


def test_it_goes_on_once_the_socket_is_down_to_its_low_water_mark(behind: Scene) -> None:
    behind.give(0)
    behind.socket.held_bytes = HIGH_WATER_BYTES // 4 + 1
    assert behind.give(1) is Progress.SOME, "it took something"
    assert behind.frames == 1
    behind.socket.held_bytes = HIGH_WATER_BYTES // 4
    assert behind.give(2) is Progress.SOME
    assert behind.frames == 2


def test_it_is_live_when_nothing_is_due(behind: Scene) -> None:
    for _ in range(100):
        behind.socket.held_bytes = 0
        if behind.give(0) is Progress.CAUGHT_UP:
            break
    assert behind.frames > 5
    assert behind.member.subscriber.standing is Standing.LIVE
    assert behind.member.subscriber not in behind.stage.audience.behind
    assert behind.member.subscriber.due.backlog.sequence == 500
    behind.stage.publish_and_cut("AAPL")
    assert behind.member.take_sequences() == list(range(1, 502))


def test_a_socket_that_takes_a_byte_now_and_then_is_not_slow(behind: Scene) -> None:
    behind.give(0)
    for second in range(10, 1_000, 10):
        behind.socket.held_bytes -= 1
        assert behind.give(second) is Progress.SOME
    assert behind.frames == 1


def test_a_socket_that_takes_nothing_for_longer_than_the_timeout_is_slow(behind: Scene) -> None:
    behind.give(0)
    behind.socket.held_bytes -= 1
    assert behind.give(5) is Progress.SOME
    assert behind.give(15) is Progress.NONE
    verdict = behind.give(15.001)
    assert isinstance(verdict, Verdict)
    assert verdict.reason is Reason.SLOW
    assert verdict.words == "slow client: it took 0 bytes in 10 s"
    assert behind.stage.counts.slow == 1


def test_a_peer_that_reads_slowly_is_told_how_slowly(behind: Scene) -> None:
    behind.socket.sent_bytes = 80_000
    behind.give(0)
    behind.socket.sent_bytes -= 12_345  # acknowledged; the socket has no room all the same
    assert behind.give(5) is Progress.NONE
    verdict = behind.give(10.5)
    assert isinstance(verdict, Verdict)
    assert verdict.words == "slow client: it took 12345 bytes in 10 s"


def test_the_sleep_of_the_process_is_nobody_s_slowness(behind: Scene) -> None:
    behind.give(0)
    for second in range(1, 9):
        assert behind.give(second) is Progress.NONE
    assert behind.wake(3_600) is Progress.NONE, "the process was stopped for an hour"
    assert behind.give(3_601) is Progress.NONE
    assert behind.give(3_602.5) is not Progress.NONE, "ten seconds awake without progress"


def test_a_turn_may_be_of_fewer_frames_than_fit() -> None:
    behind = Scene()
    behind.socket.held_bytes = -(1 << 30)
    assert behind.give(0, most_frames=1) is Progress.SOME
    assert behind.frames == 1
    assert behind.give(0, most_frames=3) is Progress.SOME
    assert behind.frames == 4
    assert behind.give(0) is Progress.CAUGHT_UP


def test_a_turn_puts_a_subscriber_behind_the_others() -> None:
    stage = Stage()
    members = [stage.join() for _ in range(3)]
    for member in members:
        member.socket.held_bytes = HIGH_WATER_BYTES + 1
    stage.publish_and_cut("AAPL")
    one, two, three = (member.subscriber for member in members)
    assert list(stage.audience.behind) == [one, two, three]
    stage.catch_up(members[0])
    assert list(stage.audience.behind) == [two, three, one]


def test_somebody_is_called_whenever_something_is_due() -> None:
    calls: list[int] = []
    broadcast = Broadcast(RingBuffer(64, epoch=EPOCH))
    audience = Audience(broadcast, _limits(), fell_behind=lambda: calls.append(1))
    stage = Stage()
    member = stage.open(EVERYTHING)
    way = member.subscriber.lane
    subscriber = audience.enter(way.payload.key, way.framing, member.socket, 0)
    assert calls == []
    audience.release(subscriber, 0)
    assert calls == [1]
    audience.behind.give(subscriber, 0, 0)
    member.socket.held_bytes = HIGH_WATER_BYTES + 1
    broadcast.publish([*stage.ring.read(0, 0)], 0)
    stage.publish("AAPL")
    broadcast.publish(stage.ring.read(0, 1), 0)
    audience.cut(0, 0)
    assert calls == [1, 1]


# Limits.


def _limits(symbols: int = 1 << 20, entries: int = 1 << 20) -> Limits:
    return Limits(
        symbols_per_subscriber=symbols,
        index_entries=entries,
        lag_max_ticks=None,
        high_water_bytes=HIGH_WATER_BYTES,
        slow_timeout_ns=SLOW_NS,
    )


def limited(stage: Stage, *, symbols: int = 1 << 20, entries: int = 1 << 20) -> None:
    stage.audience.limits = _limits(symbols, entries)


def test_one_selection_may_name_so_many_symbols() -> None:
    stage = Stage()
    limited(stage, symbols=3)
    stage.open(of_channels(trades=["A", "B"], quotes=["A"]))
    with pytest.raises(LimitExceeded, match=r"symbols per connection: 4 .* 3"):
        stage.open(of_channels(trades=["A", "B"], quotes=["A", "B"]))
    assert len(stage.broadcast.lanes) == 1


def test_all_selections_together_may_name_so_many_symbols() -> None:
    stage = Stage()
    limited(stage, entries=5)
    stage.open(of_channels(trades=["A", "B"]))
    stage.open(of_channels(trades=["A", "B", "C"]))
    with pytest.raises(LimitExceeded, match=r"symbols of all subscriptions: 6 .* 5"):
        stage.open(of_channels(quotes=["A"]))


def test_a_selection_that_is_refused_changes_nothing() -> None:
    stage = Stage()
    limited(stage, symbols=2)
    member = stage.join(of_channels(trades=["A"]))
    with pytest.raises(LimitExceeded):
        stage.subscribe(member, of_channels(trades=["B", "C"]))
    assert member.subscriber.live
    stage.publish_and_cut("A", "B")
    assert member.take_sequences() == [1]


# What production waits for.


def _falls_behind(stage: Stage, on_lag: OnLag = OnLag.GAP) -> Member:
    member = stage.join(on_lag=on_lag)
    member.socket.held_bytes = HIGH_WATER_BYTES + 1
    return member


def test_production_waits_for_a_lossless_subscriber_that_the_ring_would_overrun() -> None:
    stage = Stage(8)
    member = _falls_behind(stage)
    stage.publish_and_cut("A", "A")
    assert stage.audience.can_take(5)
    assert not stage.audience.can_take(7)
    stage.publish_and_cut(*"AAAA")
    assert stage.audience.can_take(1)
    assert not stage.audience.can_take(3)
    member.socket.held_bytes = 0
    stage.catch_up(member)
    assert stage.audience.can_take(7)


@pytest.mark.parametrize("on_lag", [OnLag.GAP, OnLag.DISCONNECT, OnLag.CONFLATE])
def test_production_waits_for_nobody_who_asked_to_be_conflated(on_lag: OnLag) -> None:
    stage = Stage(8)
    _falls_behind(stage, on_lag)
    stage.publish_and_cut(*"AAAA")
    stage.publish_and_cut(*"AAA")
    assert stage.audience.can_take(3) is (on_lag is OnLag.CONFLATE)


def test_what_waits_for_a_cut_is_at_most_half_of_the_ring() -> None:
    stage = Stage(8)
    audience = stage.audience
    assert audience.most_published_ticks == 2
    assert audience.publish([numbered(1), numbered(2)], 0)
    assert audience.publish([numbered(3)], 0)
    assert not audience.publish([numbered(4), numbered(5)], 0), "a cut has to come before"
    assert stage.ring.newest == 3
    assert audience.publish([numbered(4)], 0)
    stage.cut()
    assert audience.publish([numbered(5), numbered(6)], 0)


def test_the_smallest_ring_takes_one_tick_at_a_time() -> None:
    audience = Stage(2).audience
    assert audience.most_published_ticks == 1
    assert audience.publish([numbered(1)], 0)
    assert not audience.publish([numbered(2)], 0)


# Announcements.

DOWN = feed_message("source_down", "sim", "silent", 5)
LIVE = feed_message("live", "sim", "", 6)


def states(member: Member) -> list[str]:
    return [item["state"] for item in member.take_objects() if item["T"] == "feed"]


def test_an_announcement_reaches_the_live_at_once_and_the_others_when_caught_up() -> None:
    stage = Stage()
    live, full = stage.join(), stage.join()
    full.socket.held_bytes = HIGH_WATER_BYTES + 1
    stage.publish_and_cut("A")
    stage.audience.announce(DOWN, "sim", 0, down=True)
    assert states(live) == ["source_down"]
    assert states(full) == []
    full.socket.held_bytes = 0
    stage.catch_up(full)
    assert [item["T"] for item in full.take_objects()] == ["t", "feed"]
    late = stage.join()
    assert states(late) == ["source_down"]


def test_an_announcement_that_is_no_news_is_not_told() -> None:
    stage = Stage()
    stage.audience.announce(DOWN, "sim", 0, down=True)
    stage.audience.announce(LIVE, "sim", 0, down=False)
    assert states(stage.join()) == []


def test_a_subscriber_that_selects_nothing_is_told_once_it_selects_something() -> None:
    stage = Stage()
    member = stage.join(of_channels())
    stage.audience.announce(DOWN, "sim", 0, down=True)
    assert states(member) == []
    stage.subscribe(member, of_channels(trades=["A"]))
    stage.catch_up(member)
    assert states(member) == ["source_down"]


# Full sockets of those that miss no frame.


def test_a_full_socket_with_nothing_subscribed_is_looked_at_and_is_slow_in_the_end() -> None:
    stage = Stage(slow_timeout_ns=10 * SECOND_NS)
    member = stage.join(of_channels())
    member.socket.held_bytes = HIGH_WATER_BYTES
    stage.audience.look(member.subscriber, stage.now_ns)
    assert member.subscriber.live, "it has room"
    member.socket.held_bytes = HIGH_WATER_BYTES + 1
    stage.audience.look(member.subscriber, stage.now_ns)
    assert member.subscriber.standing is Standing.BEHIND
    for _ in range(10):
        stage.now_ns += SECOND_NS
        assert stage.audience.behind.give(member.subscriber, stage.now_ns, 0) is Progress.NONE
    stage.now_ns += 1
    verdict = stage.audience.behind.give(member.subscriber, stage.now_ns, 0)
    assert isinstance(verdict, Verdict)
    assert verdict.reason is Reason.SLOW


def test_a_full_socket_that_was_looked_at_loses_nothing_once_it_has_room() -> None:
    stage = Stage()
    member = stage.join(EVERYTHING)
    member.socket.held_bytes = HIGH_WATER_BYTES + 1
    stage.audience.look(member.subscriber, stage.now_ns)
    stage.audience.look(member.subscriber, stage.now_ns)
    assert stage.audience.ladder.paused == 1
    stage.publish_and_cut("A", "B")
    member.socket.held_bytes = 0
    assert stage.audience.behind.give(member.subscriber, stage.now_ns, 0) is Progress.CAUGHT_UP
    assert member.take_sequences() == [1, 2]
