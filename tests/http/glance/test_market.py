"""`/v1/market`: what the day's bars say, of what may be read, shared for a second."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from feed.market.day_bars import DAY_NS
from feed.market.ticks import MINUTE_NS, Bar, Kind, Status, Tick, Trade
from tests.fakes.hand_clock import HandClock
from tests.fakes.keys import KeysFile, bearer_of
from tests.fakes.raw_http import RawHttp
from tests.fakes.servers import EVENT_NS, Feed, ScriptedSource, Serve
from tests.fakes.turns import counting_turns
from tests.market.test_past import Told

YESTERDAY_NS, TODAY_NS = EVENT_NS, EVENT_NS + DAY_NS  # both are midnights


def trade(symbol: str, price: float, size: float, event_ns: int = TODAY_NS) -> Trade:
    return Trade(symbol, 1, "V", price, size, event_ns)


TICKS: list[Tick] = [
    trade("AAPL", 90.0, 5.0, YESTERDAY_NS),
    trade("MSFT", 50.0, 5.0, YESTERDAY_NS),
    trade("AAPL", 100.0, 10.0),
    trade("BTC/USD", 60_000.0, 0.5),
    trade("X", 10.0, 1.0),
    trade("AAPL", 102.0, 30.0, TODAY_NS + MINUTE_NS),
    trade("BTC/USD", 57_000.0, 0.5, TODAY_NS + MINUTE_NS),
    Status("AAPL", "H", "Trading Halt", "T12", "News pending", TODAY_NS + MINUTE_NS),
]


async def begun(serve: Serve, *ticks: Tick, **more: Any) -> Feed:
    feed = await serve(ScriptedSource(builds_bars=True), **more)
    if ticks:
        await feed.publish(*ticks)
    return feed


async def ask(feed: Feed, target: str = "/v1/market", **headers: str) -> RawHttp:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return await RawHttp.get((feed.host, feed.port), target, named)


async def told(feed: Feed, target: str = "/v1/market", **headers: str) -> Any:
    answer = await ask(feed, target, **headers)
    assert answer.status == 200, await answer.body()
    return await answer.document()


def symbols(rows: list[dict[str, Any]]) -> list[str]:
    return [row["symbol"] for row in rows]


async def test_the_market_is_told_since_the_days_open(serve: Serve) -> None:
    clock = HandClock()
    feed = await begun(serve, *TICKS, clock=clock.clock)
    market = await told(feed)
    assert market["position"] == str(feed.hub.broadcast.position)
    assert market["as_of"] == "2023-11-14T22:13:20.000000000Z"
    assert market["since"] == market["volumes_since"] == "2020-02-23T00:00:00.000000000Z"
    assert market["breadth"] == {"advancers": 1, "decliners": 1, "unchanged": 1, "untraded": 1}
    apple = {
        "symbol": "AAPL",
        "name": "Apple Inc.",
        "last": 102.0,
        "open": 100.0,
        "change_percent": 2.0,
        "volume": 40.0,
        "turnover": 4_060.0,
        "trades": 2,
    }
    assert market["gainers"] == [apple], "halted or not"
    assert [(row["symbol"], row["change_percent"]) for row in market["losers"]] == [
        ("BTC/USD", -5.0)
    ]
    assert symbols(market["most_active"]) == ["AAPL", "BTC/USD", "X"]
    assert market["sectors"] == [
        {
            "sector": "",
            "change_percent": -2.5,
            "volume": 2.0,
            "symbols": [market["losers"][0], market["most_active"][2]],
            "omitted": 0,
        },
        {
            "sector": "Technology",
            "change_percent": 2.0,
            "volume": 40.0,
            "symbols": [apple],
            "omitted": 0,
        },
    ]


async def test_a_query_says_how_much_and_of_what(serve: Serve) -> None:
    feed = await begun(serve, *TICKS)
    market = await told(feed, "/v1/market?top=1&by=trades&heat=0&asset_class=crypto")
    assert market["breadth"]["untraded"] == 0
    assert (market["gainers"], symbols(market["losers"])) == ([], ["BTC/USD"])
    assert [(each["symbols"], each["omitted"]) for each in market["sectors"]] == [([], 1)]
    market = await told(feed, "/v1/market?top=1&by=turnover")
    assert symbols(market["most_active"]) == ["BTC/USD"]


@pytest.mark.parametrize(
    ("query", "parameter", "accepted"),
    [
        ("top=0", "top", "a whole number from 1 to 50"),
        ("top=51", "top", "a whole number from 1 to 50"),
        ("top=five", "top", "a whole number from 1 to 50"),
        ("heat=1001", "heat", "a whole number from 0 to 1000"),
        ("heat=-1", "heat", "a whole number from 0 to 1000"),
        (f"heat={'9' * 5_000}", "heat", "a whole number from 0 to 1000"),
        ("by=mood", "by", "volume, trades, turnover"),
        ("sort=up", "sort", "the parameters top, by, heat, asset_class"),
    ],
)
async def test_what_is_not_accepted_is_named(
    serve: Serve, query: str, parameter: str, accepted: str
) -> None:
    answer = await ask(await begun(serve), f"/v1/market?{query}")
    problem = await answer.document()
    assert answer.status == 400
    assert (problem["parameter"], problem["accepted"]) == (parameter, accepted)


async def test_before_the_first_trade_everything_is_untraded(serve: Serve) -> None:
    clock = HandClock()
    market = await told(await begun(serve, clock=clock.clock))
    assert market["breadth"] == {"advancers": 0, "decliners": 0, "unchanged": 0, "untraded": 3}
    assert market["since"] == "2023-11-14T00:00:00.000000000Z"
    lists = ("gainers", "losers", "most_active", "sectors")
    assert [market[name] for name in lists] == [[], [], [], []]


async def test_nothing_is_told_but_what_may_be_read(serve: Serve, tmp_path: Path) -> None:
    keys = KeysFile(tmp_path / "keys.toml")
    some = bearer_of(keys.add("some", channels=["bars"], symbols=["B*"]))
    none = bearer_of(keys.add("none", channels=["quotes"], symbols=["*"]))
    feed = await begun(serve, *TICKS, keys=keys.path)
    market = await told(feed, **some)
    assert market["breadth"] == {"advancers": 0, "decliners": 1, "unchanged": 0, "untraded": 0}
    assert symbols(market["most_active"]) == ["BTC/USD"]
    answer = await ask(feed, **none)
    assert answer.status == 403
    assert "bars of any symbol is not granted" in (await answer.document())["detail"]
    assert (await ask(feed)).status == 401


async def test_who_is_granted_ticks_at_intervals_is_told_no_newer_price_and_no_volume(
    serve: Serve, tmp_path: Path
) -> None:
    keys = KeysFile(tmp_path / "keys.toml")
    every = ["bars", "trades"]
    slowed = bearer_of(keys.add("slowed", channels=every, symbols=["*"], conflate="5s"))
    clock = HandClock()
    feed = await begun(serve, *TICKS, keys=keys.path, clock=clock.clock)
    answer = await ask(feed, **slowed)
    assert answer.headers["Feed-Conflate"].startswith("trades:5s")
    first = await answer.document()
    await feed.publish(trade("AAPL", 150.0, 1.0, TODAY_NS + MINUTE_NS))
    clock.pass_s(2)
    assert await told(feed, **slowed) == first
    (apple,) = first["gainers"]
    assert apple["last"] == 102.0
    assert {apple[name] for name in ("volume", "turnover", "trades")} == {None}
    assert (first["most_active"], first["sectors"][0]["volume"]) == ([], 0.0)


async def test_those_that_may_read_the_same_are_told_the_same_bytes_for_a_second(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = HandClock()
    feed = await begun(serve, *TICKS, clock=clock.clock)
    reads, sums = 0, feed.strand.bars.sums

    def count(symbol: str) -> Any:
        nonlocal reads
        reads += symbol == "AAPL"
        return sums(symbol)

    monkeypatch.setattr(type(feed.strand.bars), "sums", staticmethod(count))
    first = await told(feed)
    await feed.publish(trade("AAPL", 110.0, 1.0, TODAY_NS + MINUTE_NS))
    targets = ["/v1/market", "/v1/market?top=1", "/v1/market?by=trades"]
    answers = await asyncio.gather(*(told(feed, target) for target in targets))
    assert {each["position"] for each in answers} == {first["position"]}
    assert reads == 1
    clock.pass_s(1)
    second = await told(feed)
    assert (second["position"], reads) == (str(feed.hub.broadcast.position), 2)
    clock.pass_s(10)
    assert (await told(feed), reads) == (second, 2), "nothing has come since"


@pytest.mark.parametrize("encoding", ["zstd", "br", "gzip"])
async def test_an_answer_has_a_tag_and_is_compressed_as_its_reader_accepts(
    serve: Serve, encoding: str
) -> None:
    many: list[Tick] = [trade(f"S{at}", 1.0 + at % 7, 1.0) for at in range(300)]
    feed = await begun(serve, *many)
    plain = await ask(feed)
    tag = plain.headers["ETag"]
    assert tag.startswith('W/"')
    assert plain.headers["Cache-Control"] == "private, no-cache"
    for _ in range(2):
        answer = await ask(feed, Accept_Encoding=encoding)
        assert answer.headers["Content-Encoding"] == encoding
        assert answer.headers["ETag"] == tag
        assert answer.headers["Vary"] == "Accept-Encoding"
        assert int(answer.headers["Content-Length"]) < int(plain.headers["Content-Length"]) / 4
    for known in (tag, f'"other", {tag}', "*"):
        assert (await ask(feed, If_None_Match=known)).status == 304
    assert (await ask(feed, If_None_Match='"other"')).status == 200
    assert (await ask(feed, Accept_Encoding="x, identity;q=0")).status == 406


async def test_bars_that_a_source_brings_are_the_day_and_trades_the_last_price(
    serve: Serve,
) -> None:
    feed = await serve(ScriptedSource(builds_bars=False))
    await feed.publish(
        Bar(Kind.BAR, "AAPL", 1.0, 2.0, 1.0, 1.5, 10.0, 3, 1.25, TODAY_NS),
        trade("AAPL", 3.0, 1.0, TODAY_NS + MINUTE_NS),
    )
    (row,) = (await told(feed))["gainers"]
    assert (row["open"], row["last"], row["volume"], row["trades"]) == (1.0, 3.0, 10.0, 3)
    assert row["turnover"] == 12.5


async def test_opens_are_known_before_the_past_is_told_and_volumes_compare(serve: Serve) -> None:
    feed = await begun(serve)
    past, bars = Told(), feed.strand.bars  # AAPL began its last day at 3.00
    for _ in bars.begin_after(past, list(past.symbols())):
        pass
    await feed.publish(trade("AAPL", 6.0, 1.0, past.until_ns), trade("X", 6.0, 1.0, past.until_ns))
    first = await told(feed)
    assert past.recalls == []
    (row,) = first["gainers"]
    assert (row["open"], row["volume"], row["trades"]) == (3.0, 11.0, 2)
    assert first["since"] == "2023-11-14T00:00:00.000000000Z"
    assert first["volumes_since"] == "2023-11-14T12:00:00.000000000Z"
    for _ in bars.recollection.recall("AAPL"):
        pass
    await feed.publish(trade("X", 6.0, 1.0, past.until_ns))
    market = await told(feed, "/v1/market?top=2")
    assert market["gainers"] == first["gainers"]


async def test_others_have_turns_while_ten_thousand_symbols_are_told(serve: Serve) -> None:
    many: list[Tick] = [trade(f"S{at}", 1.0 + at % 7, 1.0) for at in range(10_000)]
    feed = await begun(serve, *many)
    async with counting_turns() as turns:
        market = await told(feed, "/v1/market?heat=1000")
    assert market["breadth"] == {"advancers": 0, "decliners": 0, "unchanged": 10_000, "untraded": 3}
    assert market["sectors"][0]["omitted"] == 9_000
    assert turns.count > 10
