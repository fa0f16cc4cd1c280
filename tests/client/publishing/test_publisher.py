"""The publisher: batches, reconnects, refusals, a full buffer, and its end."""

import asyncio
import logging
from itertools import count

import pytest

from feed.client.errors import Expired, GaveUp, Malformed, Refused
from feed.client.publishing.errors import BatchRefused, BufferFull, NameInUse, Undelivered
from feed.client.publishing.limits import Limits
from feed.client.publishing.publisher import SLICE_TICKS, Publisher
from feed.errors import InvalidParameter, InvalidTick
from tests.client.publishing.publishers import CLOSE_TIMEOUT_S, publisher_of, trades
from tests.fakes.clocks import ManualClock
from tests.fakes.mini_ingest import MiniIngest, Object


async def abandoned(out: Publisher, clock: ManualClock) -> Undelivered:
    """Close a publisher whose server does not say that it has everything."""
    closing = asyncio.create_task(out.close())
    await clock.expire(CLOSE_TIMEOUT_S)
    with pytest.raises(Undelivered) as end:
        await closing
    return end.value


async def test_ticks_arrive_in_order_in_batches(server: MiniIngest) -> None:
    async with publisher_of(server, batch_ticks=4) as out:
        await out.publish(trades(1, 10))
        assert await out.flush() == "aaaa-10"
        assert out.unsafe_ticks == 0
    assert server.ids == list(range(1, 11))
    assert server.came == [(1, 4), (2, 4), (3, 2)]
    assert server.asked == [{"producer": "me"}]


@pytest.mark.parametrize("codec", ["msgpack", "json"])
async def test_both_codecs_say_the_same(server: MiniIngest, codec: str) -> None:
    async with publisher_of(server, codec=codec) as out:
        await out.publish({"T": "t", "S": "OWN", "p": 1.0, "s": 1, "t": "2025-01-02T00:00:00Z"})
    assert server.applied == [{"T": "t", "S": "OWN", "p": 1.0, "s": 1, "t": "2025-01-02T00:00:00Z"}]


async def test_a_tick_alone_leaves_at_once_and_others_gather_meanwhile(server: MiniIngest) -> None:
    server.acks = False
    clock = ManualClock()
    async with publisher_of(server, batch_ticks=5, clock=clock) as out:
        await out.open()
        await out.publish(trades(1, 1))
        await server.until(lambda: server.came == [(1, 1)])
        for number in range(2, 9):  # nothing is said of the first: these wait for one another
            await out.publish(trades(number, number))
        await server.until(lambda: server.came == [(1, 1), (2, 5)])
        await clock.expire(0.005)
        await server.until(lambda: server.came == [(1, 1), (2, 5), (3, 2)])
        assert (await abandoned(out, clock)).ticks == 8


async def test_an_acknowledgement_sends_what_has_gathered(server: MiniIngest) -> None:
    async with publisher_of(server, linger_s=3_600.0) as out:
        await out.open()
        for number in range(1, 200):
            await out.publish(trades(number, number))
            if number % 10 == 0:
                await asyncio.sleep(0)
        await out.flush()
    assert server.ids == list(range(1, 200))
    assert len(server.came) < 100


async def test_a_cut_loses_nothing_and_doubles_nothing(server: MiniIngest) -> None:
    server.cut_after_batches = 3  # the fourth is applied, and nobody is told
    async with publisher_of(server, batch_ticks=5) as out:
        for first in range(1, 200, 20):
            await out.publish(trades(first, first + 19))
        await out.flush()
        assert out.counters.connects > 5
        assert out.counters.batches_again >= out.counters.duplicates > 0
    assert server.ids == list(range(1, 201))


async def test_what_is_acknowledged_and_not_durable_survives_a_kill_of_the_server(
    server: MiniIngest,
) -> None:
    server.settles = False
    async with publisher_of(server, batch_ticks=5) as out:
        await out.publish(trades(1, 10))
        await server.until(lambda: len(server.came) == 2)
        await server.settle()
        await out.publish(trades(11, 20))
        await server.until(lambda: len(server.came) == 4)
        await server.kill()
        assert server.ids == list(range(1, 11))
        server.settles = True
        await server.start()
        await out.flush()
    assert server.ids == list(range(1, 21))


async def test_a_server_that_keeps_nothing_says_nothing_of_durability(server: MiniIngest) -> None:
    server.keeps = False
    async with publisher_of(server) as out:
        await out.publish(trades(1, 5))
        await out.flush()
        assert out.unsafe_ticks == 0
        await server.kill()
        await server.start()
        await out.publish(trades(6, 6))
    assert server.ids == [1, 2, 3, 4, 5, 6]
    assert [number for number, _ in server.came] == [1, 2]


async def test_a_program_that_starts_again_goes_on_behind_its_last_batch(
    server: MiniIngest,
) -> None:
    async with publisher_of(server) as out:
        await out.publish(trades(1, 3))
    async with publisher_of(server) as out:
        await out.open()
        assert out.last == 1
        await out.publish(trades(4, 5))
    assert server.ids == [1, 2, 3, 4, 5]
    assert server.came == [(1, 3), (2, 2)]


async def test_a_program_that_numbers_its_batches_may_publish_all_of_them_again(
    server: MiniIngest,
) -> None:
    for _ in range(2):
        async with publisher_of(server) as out:
            for number in (1, 2, 3):
                await out.publish(trades(number, number), sequence=number)
    assert server.ids == [1, 2, 3]
    assert len(server.came) == 6


async def test_two_programs_of_one_name_are_told(server: MiniIngest) -> None:
    async with publisher_of(server) as one:
        await one.publish(trades(1, 1))
        await one.flush()
        other = publisher_of(server)
        async with other:
            await other.open()
            await one.publish(trades(2, 2))
            await one.flush()
            await other.publish(trades(3, 3))
            with pytest.raises(NameInUse):
                await other.flush()
            with pytest.raises(NameInUse):
                await other.publish(trades(4, 4))
            with pytest.raises(Undelivered, match="1 ticks may not have arrived, from number 1"):
                await other.close()
    assert server.ids == [1, 2]


async def test_a_refused_batch_is_raised_and_the_rest_goes_on(server: MiniIngest) -> None:
    def refuse(number: int, ticks: list[Object]) -> Object | None:
        del ticks
        return {"code": 400, "row": 2, "msg": "row 2: p"} if number == 2 else None

    server.refuses = refuse
    async with publisher_of(server, batch_ticks=3) as out:
        await out.publish(trades(1, 9))
        with pytest.raises(BatchRefused) as refused:
            await out.flush()
        assert (refused.value.first, refused.value.row, refused.value.code) == (3, 2, 400)
        await out.publish(trades(10, 10))
        assert await out.flush() == "aaaa-7"
    assert server.ids == [1, 2, 3, 7, 8, 9, 10]


async def test_a_refusal_that_nobody_was_told_of_is_raised_at_the_end(server: MiniIngest) -> None:
    server.refuses = lambda *_: {"code": 403, "msg": "not granted"}
    with pytest.raises(BatchRefused, match="batch 1 of 1 ticks was refused with 403: not granted"):
        async with publisher_of(server) as out:
            await out.publish(trades(1, 1))


async def test_a_function_of_the_caller_is_told_instead(server: MiniIngest) -> None:
    server.refuses = lambda *_: {"code": 400, "row": 1, "msg": "no"}
    told: list[BatchRefused] = []
    async with publisher_of(server, batch_ticks=2, on_refused=told.append) as out:
        await out.publish(trades(1, 4))
        await out.flush()
    assert [error.first for error in told] == [0, 2]


async def test_a_server_that_cannot_now_is_asked_again(server: MiniIngest) -> None:
    busy = count()
    server.refuses = lambda *_: {"code": 429, "msg": "later"} if next(busy) < 3 else None
    async with publisher_of(server) as out:
        await out.publish(trades(1, 2))
        await out.flush()
        assert out.counters.refused == 0
    assert server.ids == [1, 2]


async def test_a_full_buffer_waits_for_room_and_then_says_what_is_wrong(
    server: MiniIngest,
) -> None:
    server.settles = False
    clock = ManualClock()
    async with publisher_of(server, buffer_ticks=10, batch_ticks=5, clock=clock) as out:
        await out.publish(trades(1, 8))
        await server.until(lambda: len(server.came) == 2)
        waiting = asyncio.create_task(out.publish(trades(9, 11)))
        await clock.expire(60.0)
        with pytest.raises(BufferFull, match="8 ticks are applied and not durable") as full:
            await waiting
        assert (full.value.taken, full.value.ticks) == (0, 8)
        waiting = asyncio.create_task(out.publish(trades(9, 11)))
        await clock.wait_until_armed(60.0)
        await server.settle()
        await waiting
        server.settles = True
    assert server.ids == list(range(1, 12))


async def test_more_ticks_than_the_buffer_holds_go_through_it(server: MiniIngest) -> None:
    async with publisher_of(server, buffer_ticks=10, batch_ticks=3) as out:
        await out.publish(trades(1, 100))
    assert server.ids == list(range(1, 101))


async def test_a_wrong_tick_is_refused_before_any_is_taken(server: MiniIngest) -> None:
    async with publisher_of(server) as out:
        with pytest.raises(InvalidTick, match=r"ticks\[1\]: 'AAPL' is no tick"):
            await out.publish([*trades(1, 1), "AAPL"])  # type: ignore[list-item]  # on purpose
        await out.publish(trades(1, 1))
        with pytest.raises(InvalidParameter, match="one in all calls"):
            await out.publish(trades(2, 2), sequence=1)
    assert server.ids == [1]


@pytest.mark.parametrize("status", [404, 403, 400])
async def test_a_server_that_will_not_have_us_is_not_asked_again(
    server: MiniIngest, status: int
) -> None:
    server.answers = [status, status]
    async with publisher_of(server) as out:
        with pytest.raises(Refused, match="of the double") as refused:
            await out.open()
        assert refused.value.code == status
    assert len(server.asked) == 2  # once for its words


async def test_what_ends_a_publisher_is_told_with_what_it_held(server: MiniIngest) -> None:
    server.first_words = [{"T": "error", "code": 409, "msg": "insufficient subscription: publish"}]
    with pytest.raises(Undelivered, match=r"3 ticks may not have arrived.*insufficient") as end:
        async with publisher_of(server) as out:
            await out.publish(trades(1, 3))
    assert isinstance(end.value.__cause__, Refused)


async def test_busy_servers_are_left_alone_for_as_long_as_they_say(server: MiniIngest) -> None:
    server.answers = [503, 429]
    clock = ManualClock()
    async with publisher_of(server, clock=clock) as out:
        await out.publish(trades(1, 1))
        await out.flush()
    assert clock.slept_s == [8.0, 9.0]  # Retry-After and the backoff's longest


async def test_a_server_that_leaves_is_come_back_to_when_it_said(server: MiniIngest) -> None:
    clock = ManualClock()
    async with publisher_of(server, clock=clock) as out:
        await out.open()
        await server.tell({"T": "leaving", "retry_ms": 2_500})
        await server.until(lambda: len(server.asked) == 2)
        await out.open()
    assert clock.slept_s == [2.5]


async def test_a_silent_server_is_asked_once_and_then_given_up(server: MiniIngest) -> None:
    server.pongs = server.reads = False
    clock = ManualClock()
    async with publisher_of(server, clock=clock) as out:
        await out.open()
        asked = await clock.wait_until_armed(7.5)
        asked.fire()
        await asked.left.wait()
        server.reads = True
        await clock.expire(7.5)
        await server.until(lambda: len(server.asked) == 2)
        assert out.counters.silences == 1


async def test_a_server_that_does_not_greet_is_given_up(server: MiniIngest) -> None:
    server.greets = False
    clock = ManualClock()
    async with publisher_of(server, clock=clock, give_up_after_s=0.0) as out:
        await clock.expire(10.0)
        with pytest.raises(GaveUp, match="no answer within 10 s"):
            await out.open()


async def test_a_server_of_another_protocol_is_not_asked_for_ever(server: MiniIngest) -> None:
    server.first_words = [{"T": "ack", "sequence": 1}]
    async with publisher_of(server) as out:
        with pytest.raises(Malformed, match="5 connections in a row"):
            await out.open()
    assert len(server.asked) == 5


async def test_who_asks_says_so_first(server: MiniIngest) -> None:
    server.first_words = [{"T": "success", "msg": "connected"}]
    async with publisher_of(server, key="fk_1.fs_2", source="fx") as out:
        await out.open()
    assert server.said == [{"action": "auth", "key": "fk_1", "secret": "fs_2"}]
    assert server.asked == [{"producer": "me", "source": "fx"}]


async def test_a_token_that_ends_is_followed_by_another_on_the_same_connection(
    server: MiniIngest,
) -> None:
    numbers = count(1)
    async with publisher_of(server, token=lambda: f"a.b.{next(numbers)}") as out:
        await out.open()
        await server.tell({"T": "expiring", "t": "1970-01-01T00:00:20Z", "msg": "soon"})
        await server.until(lambda: len(server.said) == 2 or bool(server.came))
        await out.publish(trades(1, 1))
    assert server.said == [{"action": "auth", "token": f"a.b.{number}"} for number in (1, 2)]
    assert len(server.asked) == 1


async def test_a_token_that_has_ended_unannounced_is_followed_by_another(
    server: MiniIngest,
) -> None:
    numbers = count(1)
    async with publisher_of(server, token=lambda: f"a.b.{next(numbers)}") as out:
        await out.open()
        await server.tell({"T": "error", "code": 402, "msg": "auth failed: it has ended"})
        await server.until(lambda: len(server.said) == 2)
        await out.publish(trades(1, 1))
        await out.flush()
    server.greets = False
    server.first_words = [{"T": "error", "code": 402, "msg": "auth failed"}]
    async with publisher_of(server, token="a.b.c") as out:
        with pytest.raises(Refused, match="auth failed"):
            await out.open()


async def test_a_message_that_the_server_could_not_read_is_told_and_ends_nothing(
    server: MiniIngest,
) -> None:
    told: list[object] = []
    async with publisher_of(server, on_event=told.append) as out:
        await out.open()
        await server.tell({"T": "refused", "sequence": None, "code": 400, "msg": "no batch"})
        await out.publish(trades(1, 1))
        await out.flush()
    assert "the server refused a message that has no number: no batch" in told
    assert len(server.asked) == 1


async def test_a_function_that_has_no_token_any_more_ends_it(server: MiniIngest) -> None:
    told = iter(["a.b.1"])
    clock = ManualClock()
    async with publisher_of(server, token=lambda: next(told), clock=clock) as out:
        await out.open()
        await server.tell({"T": "expiring", "t": "1970-01-01T00:00:20Z", "msg": "soon"})
        clock.advance(60.0)
        server.cut()
        await out.publish(trades(1, 1))
        with pytest.raises(Expired):
            await out.flush()
        with pytest.raises(Undelivered):
            await out.close()


async def test_a_server_that_is_away_is_named_when_the_end_comes_first(server: MiniIngest) -> None:
    await server.stop()
    clock = ManualClock()
    async with publisher_of(server, clock=clock) as out:
        await out.publish(trades(1, 4))
        end = await abandoned(out, clock)
        assert (end.ticks, end.first) == (4, 0)
        assert "cannot connect to" in end.reason


async def fail_within(out: Publisher) -> None:
    async with out:
        await out.publish(trades(1, 4))
        raise ZeroDivisionError


async def test_an_error_of_the_program_is_not_hidden_by_what_did_not_arrive(
    server: MiniIngest, caplog: pytest.LogCaptureFixture
) -> None:
    server.acks = False
    out = publisher_of(server, close_timeout_s=0.01, clock=None)
    with caplog.at_level(logging.WARNING, "feed.client"), pytest.raises(ZeroDivisionError):
        await fail_within(out)
    assert "4 ticks may not have arrived" in caplog.text


async def test_it_publishes_within_its_block(server: MiniIngest) -> None:
    out = publisher_of(server)
    with pytest.raises(RuntimeError, match="within its `async with` block"):
        await out.publish(trades(1, 1))
    async with out:
        pass
    with pytest.raises(RuntimeError, match="within its `async with` block"):
        await out.publish(trades(1, 1))


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("producer", "a b"),
        ("producer", ""),
        ("producer", "x" * 65),
        ("codec", "protobuf"),
        ("heartbeat_s", 0),
        ("on_refused", 1),
        ("source", 1),
        ("compress", "no"),
    ],
)
def test_what_is_not_accepted_is_named(option: str, value: object) -> None:
    with pytest.raises(InvalidParameter, match=option):
        Publisher("http://127.0.0.1:1", **{option: value})  # type: ignore[arg-type]  # on purpose


@pytest.mark.parametrize(
    ("option", "value"),
    [("batch_ticks", 0), ("buffer_ticks", 1.5), ("linger_s", -1.0), ("full_timeout_s", "1")],
)
def test_bounds_that_are_none_are_named(option: str, value: object) -> None:
    with pytest.raises(InvalidParameter, match=option):
        Limits(**{option: value})  # type: ignore[arg-type]  # on purpose


def test_a_producer_has_a_name_of_its_own_by_default() -> None:
    names = {Publisher("http://127.0.0.1:1").producer for _ in range(3)}
    assert len(names) == 3


async def test_ticks_that_are_not_packed_before_its_end_are_not_taken_in_silence(
    server: MiniIngest,
) -> None:
    async with publisher_of(server, buffer_ticks=10_000) as out:
        publishing = asyncio.create_task(out.publish(trades(1, SLICE_TICKS + 1)))
        await asyncio.sleep(0)  # it has begun
        assert not publishing.done()
    with pytest.raises(RuntimeError, match="within its `async with` block"):
        await publishing
    assert server.ids == []
