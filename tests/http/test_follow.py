"""`GET /v1/follow`: who may, and what comes."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson

from feed.http.follow import LOOKS_UNASKED, InstrumentNews
from feed.sources.reference import Reference
from feed.sources.source import Instrument
from feed.wire.grants import Grants
from tests.fakes.keys import KeysFile, bearer_of
from tests.fakes.messages import Message
from tests.fakes.raw_http import RawHttp
from tests.fakes.servers import Feed, Serve, quote, trade


async def follow(feed: Feed, query: str = "", headers: dict[str, str] | None = None) -> RawHttp:
    return await RawHttp.get((feed.host, feed.port), f"/v1/follow{query}", headers)


async def lines(http: RawHttp, count: int) -> list[list[Message]]:
    return [orjson.loads(await http.up_to(b"\n")) for _ in range(count)]


async def test_a_follower_is_greeted_then_told_of_instruments_then_of_every_event(
    serve: Serve,
) -> None:
    feed = await serve()
    await feed.publish(trade(1), quote(2, "MSFT"))
    http = await follow(feed)
    [greeting], [listed], cut, [begin], state, [end] = await lines(http, 6)
    assert greeting == {
        "T": "follow",
        "v": 1,
        "pos": feed.position(2),
        "oldest": 1,
        "whole": True,
        "live": True,
        "keepalive_ms": int(feed.settings.keepalive_s * 1_000),
        "mono": greeting["mono"],
        "wall": greeting["wall"],
        "feeds": greeting["feeds"],
    }
    assert [each["symbol"] for each in listed["instruments"]] == ["AAPL", "BTC/USD", "MSFT"]
    assert listed["instruments"][0]["sector"] == "Technology"
    assert [item["T"] for item in cut] == ["t", "q", "cut"]
    assert (cut[-1]["pos"], cut[-1]["first"], cut[-1]["n"]) == (feed.position(2), 1, 2)
    assert (begin["pos"], end["pos"], len(state)) == (feed.position(2), feed.position(2), 2)
    await feed.publish(trade(3))
    [live] = await lines(http, 1)
    assert (live[-1]["pos"], live[-1]["n"]) == (feed.position(3), 1)


async def test_whoever_comes_back_is_given_what_follows_and_no_state(serve: Serve) -> None:
    feed = await serve()
    await feed.publish(trade(1), trade(2))
    http = await follow(feed, f"?after={feed.position(1)}")
    *_, cut = await lines(http, 3)
    assert (cut[-1]["first"], cut[-1]["n"]) == (2, 1)


async def test_other_parameters_are_refused(serve: Serve) -> None:
    feed = await serve()
    for query in ("?trades=AAPL", "?after=x"):
        assert (await follow(feed, query)).status == 400


async def test_only_the_grant_lets_follow_whatever_else_may_be_read(
    serve: Serve, tmp_path: Path
) -> None:
    keys = KeysFile(tmp_path / "keys.toml")
    reader, follower = keys.add("reader"), keys.add("edge", channels=[], follow=True)
    feed = await serve(keys=keys.path)
    refused = await follow(feed, headers=bearer_of(reader))
    assert refused.status == 403
    assert b"following this server is not granted" in await refused.body()
    await feed.publish(trade(1))
    http = await follow(feed, headers=bearer_of(follower))
    _, _, cut = await lines(http, 3)
    assert cut[-1]["n"] == 1
    [session] = feed.hub.sessions.values()
    feed.hub.entitlement.identify(
        session, replace(session.identity, grants=Grants.of_document({"follow": True}))
    )
    assert session.subscriber.selection.every
    feed.hub.entitlement.identify(session, replace(session.identity, grants=Grants()))
    while (last := (await lines(http, 1))[0])[0]["T"] != "bye":
        pass
    assert last[0]["reason"] == "not_granted"


async def test_instruments_that_come_up_are_told(serve: Serve) -> None:
    feed = await serve()
    listed: dict[str, Instrument] = {}
    reference = Reference((), listed.values, listed.get)
    news = InstrumentNews(feed.hub, reference)
    listed["NEW"] = Instrument("NEW", "New", "crypto", price_step=0.5)
    news.look()  # nobody follows
    http = await follow(feed)
    greeted: list[Any] = await lines(http, 4)
    assert [words[0]["T"] for words in greeted] == ["follow", "instruments", "snapshot", "snapshot"]
    for _ in range(LOOKS_UNASKED):
        news.look()
    listed["NEW"] = replace(listed["NEW"], name="Newer")
    for _ in range(LOOKS_UNASKED):
        news.look()
    [first], [second] = await lines(http, 2)
    assert [each["name"] for each in first["instruments"]] == ["New"]
    assert second["instruments"][0] == {
        "symbol": "NEW",
        "name": "Newer",
        "asset_class": "crypto",
        "sector": "",
        "exchange": "",
        "currency": "",
        "price_step": 0.5,
        "lot": None,
    }
