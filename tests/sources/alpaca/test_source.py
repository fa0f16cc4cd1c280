"""The dialect read from a server: recorded conversations, refusals, cuts and garbage."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import msgpack
import pytest
from aiohttp import web

from feed.errors import SourceError
from feed.market.ticks import Kind, Tick
from feed.sources.alpaca.options import AlpacaOptions
from feed.sources.alpaca.source import MOST_MALFORMED, AlpacaSource
from feed.sources.replay.bad_rows import BadRow
from feed.sources.upstream.endings import End, Ended
from tests.fakes.patience import PATIENCE_S, until
from tests.sources.alpaca.conversations import COINS, SHARES, Message, ticks_of
from tests.sources.alpaca.double import KEY, SECRET, Double, Line, telling

KEYS = {"APCA_API_KEY_ID": KEY, "APCA_API_SECRET_KEY": SECRET}
TRADE: Message = SHARES[0][0]


def source_of(
    double: Double,
    path: str = "/v2/iex",
    keys: dict[str, str] | None = None,
    reports: list[BadRow] | None = None,
    mono_s: Callable[[], float] = time.monotonic,
    **options: Any,
) -> AlpacaSource:
    """Return a source that reads from a server, as its options say."""
    told = AlpacaOptions(place=double.url(path), **options).make()
    assert isinstance(told, AlpacaSource)
    return AlpacaSource(
        told._wish,
        told._endpoint,
        silence_s=options.get("silence_s", 120.0),
        variables=KEYS if keys is None else keys,
        mono_s=mono_s,
        report=lambda row, _: None if reports is None else reports.append(row),
    )


@asynccontextmanager
async def opened(source: AlpacaSource) -> AsyncIterator[AsyncIterator[list[Tick]]]:
    async with asyncio.timeout(PATIENCE_S):
        await source.open()
    batches = source.batches()
    try:
        yield batches
    finally:
        await source.close()


async def ended(source: AlpacaSource, told: list[Tick] | None = None) -> Ended:
    """Open a source, take what it gives, and return how that ended."""
    try:
        async with asyncio.timeout(PATIENCE_S), opened(source) as batches:
            async for ticks in batches:
                if told is not None:
                    told += ticks
    except Ended as error:
        return error
    pytest.fail("it has ended without a word")


@pytest.mark.parametrize("codec", ["json", "msgpack"])
@pytest.mark.parametrize(
    ("path", "conversation"), [("/v2/sip", SHARES), ("/v1beta3/crypto/us", COINS)]
)
async def test_a_recorded_conversation_is_told_and_what_has_no_kind_is_counted(
    double: Double, path: str, conversation: list[list[Message]], codec: str
) -> None:
    double.acts.append(telling(*conversation, then=lambda line: line.cut()))
    source, told = source_of(double, path, upstream_codec=codec), list[Tick]()
    assert (await ended(source, told)).end is End.CUT
    assert told == ticks_of(conversation)
    untold = {kind: count for kind, count in source.account.untold.items() if count}
    assert untold == ({"l": 1, "c": 1, "x": 1} if conversation is SHARES else {"o": 1})
    assert set(source.rows_skipped.values()) == {0}
    [auth] = double.authentications
    assert auth == {"action": "auth", "key": KEY, "secret": SECRET}
    [order] = double.heard
    of_shares = {"statuses": ["*"]} if conversation is SHARES else {}
    assert order == {"action": "subscribe", "trades": ["*"], "quotes": ["*"], **of_shares}
    classes = {each.asset_class for each in source.instruments()}
    assert classes == ({"us_equity"} if conversation is SHARES else {"crypto"})


async def test_symbols_are_listed_before_they_tick_and_asked_for_in_parts(double: Double) -> None:
    symbols = [f"S{number}" for number in range(1_200)]
    source = source_of(double, symbols=",".join(symbols), channels="trades,bars")
    assert len(source.instruments()) == 1_200
    assert source.recorded_kinds == {Kind.BAR}
    async with opened(source):
        await until(lambda: len(double.heard) == 3)
        assert [name for order in double.heard for name in order["bars"]] == symbols
        assert source.account.connections == 1


REFUSALS = [
    ("connect", 406, "connection limit exceeded", False, "another connection of this key"),
    ("auth", 402, "auth failed", True, "see that APCA_API_KEY_ID"),
    ("auth", 404, "auth timeout", False, "auth timeout"),
    ("subscribe", 405, "symbol limit exceeded", True, "name fewer symbols"),
    ("subscribe", 409, "insufficient subscription", True, "plan has not what"),
    ("subscribe", 400, "invalid syntax", True, "invalid syntax"),
    ("subscribe", 500, "internal error", False, "internal error"),
    ("subscribe", 418, "something new", False, "something new"),
]


@pytest.mark.parametrize(("step", "code", "words", "for_good", "advice"), REFUSALS)
async def test_a_refusal_is_told_and_says_whether_to_come_back(
    double: Double, step: str, code: int, words: str, *, for_good: bool, advice: str
) -> None:
    double.refuses[step] = code, words
    source = source_of(double)
    error = await ended(source)
    assert (error.end, error.code, error.for_good) == (End.REFUSED, code, for_good)
    assert f"refuses with {code}: {words}" in str(error)
    assert advice in str(error)
    assert source.account.refusals[str(code) if code != 418 else "other"] == 1
    assert (error.retry_after_s > 0) is (code == 406)


async def test_without_a_key_a_server_that_wants_one_says_so(double: Double) -> None:
    double.refuses["subscribe"] = 401, "not authenticated"
    error = await ended(source_of(double, keys={}))
    assert error.for_good
    assert "it wants a key: APCA_API_KEY_ID and APCA_API_SECRET_KEY" in str(error)
    assert double.authentications == []


@pytest.mark.parametrize(
    ("status", "for_good", "wait_s"),
    [(401, True, 0), (404, True, 0), (429, False, 7), (503, False, 0)],
)
async def test_a_status_in_place_of_a_websocket_is_a_refusal(
    double: Double, status: int, *, for_good: bool, wait_s: float
) -> None:
    headers = {"Retry-After": "7"} if wait_s else {}
    double.statuses.append(web.Response(status=status, headers=headers))
    source = source_of(double)
    error = await ended(source)
    assert (error.end, error.for_good, error.retry_after_s) == (End.REFUSED, for_good, wait_s)
    assert source.account.refusals["http"] == 1


async def test_a_redirect_to_another_origin_is_not_shown_the_key(double: Double) -> None:
    async with Double() as other:
        double.statuses.append(
            web.Response(status=302, headers={"Location": other.url().replace("ws:", "http:")})
        )
        error = await ended(source_of(double))
        assert "another origin" in str(error)
        assert other.authentications == []


async def test_nothing_listens() -> None:
    async with Double() as gone:
        source = source_of(gone)
    error = await ended(source)
    assert (error.end, error.for_good) == (End.UNREACHABLE, False)
    assert "Connection refused" in str(error)


async def test_a_close_is_told_with_its_words_and_the_next_connection_goes_on(
    double: Double,
) -> None:
    double.acts += [
        telling([TRADE], then=lambda line: line.socket.close(code=1001, message=b"deploying")),
        telling([TRADE, TRADE], then=lambda line: line.cut()),
    ]
    source, told = source_of(double), list[Tick]()
    error = await ended(source, told)
    assert (error.end, "1001 deploying" in str(error)) == (End.CLOSED, True)
    assert (await ended(source, told)).end is End.CUT
    assert len(told) == 3
    account = source.account
    assert (account.connections, account.resumed, account.gaps, account.connected) == (
        2,
        0,
        0,
        False,
    )
    assert (account.ends[End.CLOSED], account.ends[End.CUT]) == (1, 1)


async def test_an_error_amid_ticks_ends_it_or_is_noted(double: Double) -> None:
    double.acts += [
        telling(
            [TRADE],
            [{"T": "error", "code": 405, "msg": "symbol limit exceeded"}],
            [TRADE],
            [{"T": "error", "code": 407, "msg": "slow client"}],
        )
    ]
    source, told = source_of(double), list[Tick]()
    error = await ended(source, told)
    assert (error.code, error.for_good, len(told)) == (407, False, 2)
    assert (source.account.refusals["405"], source.account.refusals["407"]) == (1, 1)


GARBAGE = [
    "nonsense",
    "{}",
    '{"T":"t"}',
    '"text"',
    "[[1,2],[3]]",
    '[{"T":7},{"S":"AAPL"},null]',
    "[]",
    '[{"T":"t","S":"AAPL"}]',
    '[{"T":"zz","S":"AAPL"}]',
    '[{"T":"t","S":"A,B","p":1,"s":1,"t":"2021-02-22T15:51:44Z"}]',
    '[{"T":"t","S":"A","p":"1","s":1,"t":"2021-02-22T15:51:44Z"}]',
    '[{"T":"t","S":"A","p":1,"s":-1,"t":"2021-02-22T15:51:44Z"}]',
    b"\xc1",
    msgpack.packb([TRADE | {"p": float("nan"), "t": msgpack.Timestamp(1)}]),
    msgpack.packb([TRADE | {"p": float("inf"), "t": msgpack.Timestamp(1)}]),
    msgpack.packb([TRADE | {"p": float("-inf"), "t": msgpack.Timestamp(1)}]),
    msgpack.packb([TRADE | {"t": msgpack.Timestamp(-1)}]),
]


async def test_garbage_is_counted_by_reason_and_survived(double: Double) -> None:
    early = TRADE | {"t": "1970-01-01T00:00:07Z"}  # a stray: passed on
    acts = [part for garbage in GARBAGE for part in (garbage, [early])]
    double.acts.append(telling(*acts, then=lambda line: line.cut()))
    reports: list[BadRow] = []
    source, told = source_of(double, reports=reports), list[Tick]()
    await ended(source, told)
    assert [tick.event_ns for tick in told] == [7 * 10**9] * len(GARBAGE)
    assert source.rows_skipped == {"unreadable": 5, "invalid": 13}
    assert source.account.untold["other"] == 1
    assert reports[0].path == source.account.url
    assert str(reports[0]).startswith(f"{source.account.url}, message 1: not JSON")


async def test_nothing_but_garbage_ends_the_connection(double: Double) -> None:
    double.acts.append(telling(*["<html>"] * MOST_MALFORMED))
    source = source_of(double)
    assert (await ended(source)).end is End.MALFORMED
    assert source.rows_skipped["unreadable"] == MOST_MALFORMED


async def test_a_server_with_positions_says_again_what_was_garbled(double: Double) -> None:
    double.greeting = {"T": "success", "msg": "connected", "connection": 7}
    mark = {"T": "mark", "pos": "abcd-5", "t": "2026-01-02T14:30:00Z"}
    double.acts += [
        telling([TRADE, mark], "garbled", [TRADE, mark | {"pos": "abcd-7"}]),
        telling(
            [{"T": "snapshot", "state": "begin", "pos": "abcd-5"}, TRADE],
            [{"T": "snapshot", "state": "end", "pos": "abcd-5"}],
            [{"T": "feed", "state": "source_down", "source": "sim", "reason": "silent"}],
            [{"T": "gap", "from": "abcd-6", "to": "abcd-6", "reason": "lost"}],
            [{"T": "leaving", "retry_ms": 4000}],
            [TRADE, mark | {"pos": "abcd-7"}],
            then=lambda line: line.socket.close(code=1001),
        ),
    ]
    source, told = source_of(double, keys={}), list[Tick]()
    assert (await ended(source, told)).end is End.MALFORMED
    assert len(told) == 1
    error = await ended(source, told)
    assert (error.end, error.retry_after_s, len(told)) == (End.CLOSED, 4.0, 2)
    first, second = double.heard
    assert (first["marks"], "after" in first, second["after"]) == (True, False, "abcd-5")
    account = source.account
    assert (account.connections, account.resumed, account.gaps) == (2, 1, 1)
    assert "sim is down: silent" in account.last_words


@pytest.mark.parametrize("compressible", [True, False])
async def test_ten_megabytes_in_one_message_are_refused(
    double: Double, *, compressible: bool
) -> None:
    junk = "[" + '{"T":"t","S":"A"},' * 600_000 + "{}]" if compressible else "x" * 10_000_000
    double.acts.append(telling([TRADE], junk))
    source, told = source_of(double), list[Tick]()
    error = await ended(source, told)
    assert (error.end, len(told)) == (End.TOO_LARGE, 1)
    assert "4,194,304 bytes" in str(error)


@pytest.mark.parametrize(
    ("greeting", "words"),
    [
        ({"T": "success", "msg": "hello"}, "should say success connected"),
        ({"T": "t", "S": "AAPL"}, ""),
    ],
)
async def test_another_greeting_ends_the_attempt(
    double: Double, greeting: Message, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not words:  # it never says what should come
        monkeypatch.setattr("feed.sources.alpaca.link.OPEN_TIMEOUT_S", 0.05)
    double.greeting = greeting
    error = await ended(source_of(double))
    assert error.end is (End.MALFORMED if words else End.UNREACHABLE)
    assert words in str(error)
    assert not error.for_good


async def test_a_tick_before_a_sign_of_life_does_not_wait_for_the_next_one(double: Double) -> None:
    async def tell(line: Line) -> None:
        await line.say([TRADE])
        await line.socket.ping()
        await line.socket.pong(b"unasked")

    double.acts.append(tell)
    source = source_of(double)
    async with asyncio.timeout(PATIENCE_S), opened(source) as batches:
        link = source._link
        assert link is not None
        await until(lambda: len(link._frames) >= 3)
        assert len(await anext(batches)) == 1


async def test_keys_are_in_no_words_though_the_server_repeats_them(double: Double) -> None:
    double.refuses["auth"] = 402, f"auth failed for {KEY} with {SECRET}"
    source = source_of(double)
    error = await ended(source)
    assert "auth failed for … with …" in str(error)
    double.refuses.clear()
    reports: list[BadRow] = []
    double.acts.append(
        telling([{"T": "t", "S": KEY, "p": SECRET}], f"{SECRET}", then=lambda line: line.cut())
    )
    source = source_of(double, reports=reports)
    await ended(source)
    assert len(reports) == 2
    for words in (*map(str, reports), str(vars(source)["account"].last_words), repr(source._link)):
        assert KEY not in words
        assert SECRET not in words


async def test_a_file_of_keys_that_is_not_there_is_told(double: Double) -> None:
    source = source_of(double)
    source._credentials = "/nowhere/keys.env"
    with pytest.raises(SourceError, match="No such file"):
        await source.open()
    assert double.connections == 0
