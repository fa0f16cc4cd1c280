"""The finite requests: what they answer, page by page, and what they refuse."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from feed.http.app import KEEPER
from feed.http.ring_page import read_page
from feed.hub.steps import Step
from feed.market.symbol_health import Health
from feed.market.ticks import SECOND_NS, Kind
from feed.state import writer
from feed.wire.json_codec import JSON
from feed.wire.messages import GapReason
from feed.wire.position import BEGINNING
from tests.fakes.patience import until
from tests.fakes.raw_http import RawHttp
from tests.fakes.selections import of_channels
from tests.fakes.servers import (
    EVENT_NS,
    Feed,
    ScriptedSource,
    Serve,
    bar,
    quote,
    status,
    trade,
    trades,
)
from tests.fakes.websocket_reader import WebSocketReader


async def get(feed: Feed, target: str) -> Any:
    answer = await RawHttp.get((feed.host, feed.port), target)
    assert answer.status == 200, await answer.body()
    assert answer.headers["Content-Type"].startswith("application/json")
    document = await answer.document()
    answer.wire.abort()
    return document


async def test_symbols_are_what_the_source_knows(serve: Serve) -> None:
    feed = await serve()
    first, second, _ = (await get(feed, "/v1/symbols"))["symbols"]
    assert first == {
        "symbol": "AAPL",
        "name": "Apple Inc.",
        "asset_class": "us_equity",
        "sector": "Technology",
        "exchange": "NASDAQ",
        "currency": "",
        "price_step": None,
        "lot": None,
        "previous_close": None,
    }
    assert second["symbol"] == "BTC/USD"


@pytest.mark.parametrize(
    ("query", "symbols"),
    [
        ("?query=micro", ["MSFT"]),
        ("?query=b", ["BTC/USD"]),
        ("?class=Crypto", ["BTC/USD"]),
        ("?class=us_equity&sector=technology", ["AAPL"]),
        ("?class=us_equity&query=m", ["MSFT"]),
        ("?query=nothing", []),
        ("?sector=", ["BTC/USD", "MSFT"]),
    ],
)
async def test_symbols_are_searched(serve: Serve, query: str, symbols: list[str]) -> None:
    answer = await get(await serve(), f"/v1/symbols{query}")
    assert [each["symbol"] for each in answer["symbols"]] == symbols


async def test_a_file_of_instruments_is_told_before_the_source_and_steps_are_seen(
    serve: Serve, tmp_path: Path
) -> None:
    path = tmp_path / "instruments.csv"
    path.write_text("symbol,name,class,price_step,lot\nAAPL,Mine,,0.25,100\nES,S&P,future,,\n")
    feed = await serve(instruments=path)
    await feed.publish(trade(1, "BTC/USD"), quote(1, "MSFT"), trade(1, "AAPL"))
    told = {each["symbol"]: each for each in (await get(feed, "/v1/symbols"))["symbols"]}
    assert list(told) == ["AAPL", "BTC/USD", "ES", "MSFT"]
    assert [each["price_step"] for each in told.values()] == [0.25, 0.01, None, 0.01]
    assert (told["AAPL"]["name"], told["AAPL"]["sector"]) == ("Mine", "Technology")
    assert (told["ES"]["asset_class"], told["ES"]["name"]) == ("future", "S&P")
    [asset] = [each for each in await get(feed, "/v2/assets") if each["symbol"] == "AAPL"]
    assert (asset["price_increment"], asset["min_order_size"]) == ("0.25", "100.0")


@pytest.mark.parametrize(
    ("query", "symbols"),
    [
        ("", ["AAPL", "BTC/USD", "MSFT"]),
        ("?asset_class=crypto&status=active", ["BTC/USD"]),
        ("?asset_class=us_equity", ["AAPL", "MSFT"]),
        ("?asset_class=bond", []),
        ("?exchange=NASDAQ", ["AAPL"]),
        ("?status=inactive", []),
    ],
)
async def test_assets_are_listed_as_the_dialect_does_and_its_filters_hold(
    serve: Serve, query: str, symbols: list[str]
) -> None:
    feed = await serve()
    assets = await get(feed, f"/v2/assets{query}")
    assert [asset["symbol"] for asset in assets] == symbols
    assert all(asset["status"] == "active" and asset["tradable"] is True for asset in assets)


async def test_a_snapshot_is_the_last_state_of_every_channel(serve: Serve) -> None:
    feed = await serve()
    await feed.publish(*trades(1, 3), quote(4), quote(5), status(), bar(), trade(9, "MSFT"))
    document = await get(feed, "/v1/snapshot")
    assert document["pos"] == feed.position(8)
    assert [(tick["S"], tick["T"]) for tick in document["ticks"]] == [
        ("AAPL", "t"),
        ("AAPL", "q"),
        ("AAPL", "b"),
        ("AAPL", "s"),
        ("MSFT", "t"),
    ]
    assert document["ticks"][0]["i"] == 3
    document = await get(feed, "/v1/snapshot?symbols=MSFT,TSLA")
    assert [tick["S"] for tick in document["ticks"]] == ["MSFT"]
    document = await get(feed, "/v1/snapshot?quotes=*")
    assert [tick["T"] for tick in document["ticks"]] == ["q"]


async def test_history_is_read_page_by_page_to_its_end(serve: Serve) -> None:
    feed = await serve()
    mixed = [trade(n, "AAPL" if n % 3 else "MSFT") for n in range(1, 101)]
    await feed.publish(*mixed)
    seen: list[int] = []
    after, pages = "0", 0
    while True:
        page = await get(feed, f"/v1/history?symbols=AAPL&limit=7&after={after}")
        assert page.keys() == {"pos", "ticks", "next"}
        assert len(page["ticks"]) <= 7
        seen += [tick["i"] for tick in page["ticks"]]
        pages += 1
        if page["next"] is None:
            break
        assert page["next"] == page["pos"]
        after = page["next"]
    assert seen == [n for n in range(1, 101) if n % 3]
    assert pages <= 11
    assert page["pos"] == feed.position(100), "from here on a subscriber misses nothing"
    await feed.publish(trade(101))
    page = await get(feed, f"/v1/history?symbols=AAPL&after={page['pos']}")
    assert [tick["i"] for tick in page["ticks"]] == [101]


async def test_history_without_a_selection_is_every_tick(serve: Serve) -> None:
    feed = await serve()
    await feed.publish(trade(1), quote(2), bar(), status())
    page = await get(feed, "/v1/history")
    assert [tick["T"] for tick in page["ticks"]] == ["t", "q", "b", "s"]


@pytest.mark.parametrize(("after", "reason"), [("5", "overrun"), ("zz", "epoch"), ("99", "epoch")])
async def test_history_tells_a_gap_and_goes_on_from_the_oldest(
    serve: Serve, after: str, reason: str
) -> None:
    feed = await serve(ring=8)
    for number in range(1, 21):
        await feed.publish(trade(number))
    missing = {"5": feed.position(6), "zz": "zzzzzzzz-6", "99": feed.position(99)}[after]
    after = "zzzzzzzz-5" if after == "zz" else feed.position(int(after))
    page = await get(feed, f"/v1/history?trades=*&after={after}")
    assert page["gap"] == {
        "T": "gap",
        "from": missing,
        "to": feed.position(12),
        "reason": reason,
    }
    assert [tick["i"] for tick in page["ticks"]] == list(range(13, 21))


async def test_bars_are_those_built_from_trades_and_the_open_one(serve: Serve) -> None:
    feed = await serve(ScriptedSource(builds_bars=True))
    reader = await WebSocketReader.connect((feed.host, feed.port))
    await reader.begin()
    await reader.subscribe(secondBars=["*"])
    numbers = range(1, 7)
    await feed.publish(*(trade(n, event_ns=EVENT_NS + n * SECOND_NS // 2) for n in numbers))
    pushed, _ = await reader.read()
    document = await get(feed, "/v1/bars?symbol=AAPL&timeframe=1s")
    assert (document["symbol"], document["timeframe"]) == ("AAPL", "1s")
    assert document["bars"] == pushed, "what was pushed and what is kept are the same"
    assert [built["n"] for built in pushed] == [1, 2, 2]
    assert document["current"]["n"] == 1
    limited = await get(feed, "/v1/bars?symbol=AAPL&timeframe=1s&limit=1")
    assert limited["bars"] == document["bars"][-1:]
    minute = await get(feed, "/v1/bars?symbol=AAPL")
    assert (minute["bars"], minute["timeframe"]) == ([], "1m")
    assert minute["current"]["n"] == 6
    stranger = await get(feed, "/v1/bars?symbol=NONE")
    assert (stranger["bars"], stranger["current"]) == ([], None)


async def test_recorded_bars_are_passed_on_and_kept_and_not_rebuilt(serve: Serve) -> None:
    feed = await serve()
    later = (trade(n, event_ns=EVENT_NS + n * 60 * SECOND_NS) for n in (1, 2))
    await feed.publish(bar(), *later)
    page = await get(feed, "/v1/history")
    assert [tick["T"] for tick in page["ticks"]] == ["b", "t", "t"]
    document = await get(feed, "/v1/bars?symbol=AAPL")
    assert [recorded["v"] for recorded in document["bars"]] == [10.0]


async def test_the_status_says_how_the_server_is(serve: Serve) -> None:
    feed = await serve(ring=8)
    await RawHttp.get((feed.host, feed.port), "/v1/sse?trades=*")
    await WebSocketReader.connect((feed.host, feed.port))
    await feed.sessions_reach(2)
    for number in range(1, 21):
        await feed.publish(trade(number))
    document = await get(feed, "/v1/status")
    assert document["pos"] == feed.position(20)
    assert document["leaving"] is False
    assert document["source"] == {
        "name": "script",
        "up": True,
        "live": True,
        "finished": False,
        "given_up": False,
        "failures": 0,
        "last_error": "",
        "waits": 0,
        "rows_skipped": {},
        "silent": False,
        "refused": {"foreign": 0, "unnamed": 0},
        "feed": {"state": "live", "reason": ""},
        "symbols": dict.fromkeys(Health, 0),
    }
    assert document["sources"] == [document["source"]]
    ring = document["ring"]
    assert (ring["epoch"], ring["capacity"]) == (feed.epoch, 8)
    assert (ring["oldest"], ring["newest"]) == (13, 20)
    assert document["ticks"] == {kind: 20 if kind == "t" else 0 for kind in Kind}
    assert document["connections"] == {"sse": 1, "websocket": 1}
    assert document["behind"] == 0


async def test_the_status_says_how_far_the_state_goes(
    serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert (await get(await serve(), "/v1/status"))["state"] is None
    feed = await serve(state=tmp_path / "state", ring=8)
    kept = feed.server.app[KEEPER]
    await until(lambda: kept.checkpoints)
    await feed.publish(trade(1), trade(2))
    await until(lambda: kept.writer.durable == 2 and not kept.writer.queued_bytes)
    document = (await get(feed, "/v1/status"))["state"]
    assert document.pop("checkpoint_age_s") >= 0
    assert document.pop("written_bytes") > 100
    assert document == {
        "recovery": "none",
        "durable": feed.position(2),
        "fault": "",
        "checkpoints": 1,
        "failures": 0,
        "queued_bytes": 0,
        "holes": 0,
    }

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(writer, "write", full)
    await feed.publish(trade(3))
    await until(lambda: not kept.writer.takes)
    feed.hub.broadcast.ring.skip(5, GapReason.LOST, 0)  # as a kill leaves it
    document = (await get(feed, "/v1/status"))["state"]
    assert document["holes"] == 1
    assert (document["durable"], document["fault"]) == (None, "No space left on device")


async def test_ready_is_once_the_source_is_open_and_no_more_while_leaving(serve: Serve) -> None:
    source = ScriptedSource()
    source.fails_to_open = OSError("not yet")
    feed = await serve(source)
    address = (feed.host, feed.port)
    early = await RawHttp.get(address, "/readyz")
    assert (early.status, await early.document()) == (503, {"status": "the source is not open"})
    await until(feed.ingest.ready.is_set)
    assert await get(feed, "/readyz") == {"status": "ready"}
    source.end()
    await until(lambda: feed.side.finished)
    assert await get(feed, "/readyz") == {"status": "ready"}, "what the ring holds is still served"
    await feed.hub.departure.finish()
    late = await RawHttp.get(address, "/readyz")
    assert (late.status, await late.document()) == (503, {"status": "leaving"})
    assert await get(feed, "/healthz") == {"status": "ok"}


async def test_the_plain_page_shows_the_feed_and_may_not_load_anything_foreign(
    serve: Serve,
) -> None:
    feed = await serve()
    answer = await RawHttp.get((feed.host, feed.port), "/plain")
    assert answer.status == 200
    assert answer.headers["Content-Type"].startswith("text/html")
    assert "default-src 'none'; script-src 'self'" in answer.headers["Content-Security-Policy"]
    page = (await answer.body()).decode()
    assert "page/page.js" in page
    script = await RawHttp.get((feed.host, feed.port), "/page/page.js")
    assert script.status == 200
    assert "EventSource" in (await script.body()).decode()


async def test_a_limit_of_thousands_of_digits_is_refused_like_others(serve: Serve) -> None:
    feed = await serve()
    answer = await RawHttp.get((feed.host, feed.port), f"/v1/history?limit={'9' * 5_000}")
    assert answer.status == 400
    assert (await answer.document())["parameter"] == "limit"


# Finite requests meet the limits of subscriptions, take turns, and leave nothing behind.


@pytest.mark.parametrize("path", ["/v1/history", "/v1/snapshot"])
async def test_finite_requests_may_name_as_many_symbols_as_a_subscription(
    serve: Serve, path: str
) -> None:
    feed = await serve(max_symbols_per_connection=3)
    answer = await RawHttp.get((feed.host, feed.port), f"{path}?trades=A,B,C,!")
    assert answer.status == 400
    problem = await answer.document()
    assert (problem["limit"], problem["value"]) == ("symbols per connection", 4)


async def test_history_of_many_selections_leaves_nothing_behind(serve: Serve) -> None:
    feed = await serve(ring=1 << 13)
    await feed.publish(*trades(1, 2_000))
    for number in range(5):
        names = ",".join(f"S{number}-{index}" for index in range(1_000))
        page = await (
            await RawHttp.get((feed.host, feed.port), f"/v1/history?trades=AAPL,{names}")
        ).document()
        assert len(page["ticks"]) == 1_000
        assert page["next"] == feed.position(1_000)
    assert feed.hub.broadcast.fragments.remembered_bytes == 0


async def test_history_of_a_symbol_without_ticks_is_read_in_turns(serve: Serve) -> None:
    feed = await serve(ring=1 << 14)
    for first in range(1, 16_001, 2_000):
        await feed.publish(*trades(first, first + 1_999))
    page = await read_page(feed.hub, of_channels(trades=["RARE"]), BEGINNING, 10)
    assert (page.fragments, page.more) == ([], False)
    assert page.position == feed.hub.broadcast.position
    assert sum(feed.hub.steps.lengths[Step.ANSWER].counts) >= 2


async def test_history_that_is_overrun_between_two_turns_tells_the_gap(serve: Serve) -> None:
    feed = await serve(ring=1 << 12)
    await feed.publish(*trades(1, 1_000), *trades(1_001, 2_000), *trades(2_001, 3_000))
    ring = feed.hub.broadcast.ring
    async with feed.hub.turns.turn(Step.ANSWER):
        asking = asyncio.create_task(
            read_page(feed.hub, of_channels(trades=["AAPL"]), ring.position(100), 10)
        )
        await asyncio.sleep(0)  # it waits for its turn
        for first in range(3_001, 9_001, 1_000):
            ring.publish(trades(first, first + 999), 0)
            feed.hub.cutter.cut()
    page = await asking
    assert page.gap is not None
    assert page.gap["to"] == feed.position(ring.oldest - 1)
    assert page.fragments == JSON.encode(trades(ring.oldest, ring.oldest + 9))
    assert page.more
