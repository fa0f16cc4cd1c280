"""Rooms and alerts as subscribers meet them: keys that are granted, and what is one's own."""

import pytest

from feed.market.alert_words import AlertType, AlertWord
from feed.market.room_words import MessageWord, RoomType
from feed.trust.identity import ANONYMOUS, owner_key
from feed.wire.messages import Message
from tests.fakes.raw_http import RawHttp
from tests.fakes.servers import Feed, Serve
from tests.http.contract.schemas import flaws
from tests.http.contract.test_openapi import DOCUMENT, documented

FIRED = AlertWord(owner_key(ANONYMOUS), AlertType.ALERT, "alert_1", 1, "rule_1", "AAPL")
OTHERS = AlertWord("own_" + "0" * 32, AlertType.ALERT, "alert_2", 1, "rule_2", "AAPL")


async def ask(feed: Feed, path: str) -> Message:
    """Return a finite answer, which is as its document says."""
    answer = await RawHttp.get((feed.host, feed.port), path)
    document: Message = await answer.document()
    assert answer.status == 200, document
    assert flaws(document, documented(path.partition("?")[0], 200), DOCUMENT) == []
    return document


@pytest.mark.parametrize("text", ["hello", "<b>&\u2028 \U0001f600"])
async def test_a_room_is_read_with_its_state(serve: Serve, text: str) -> None:
    feed = await serve()
    await feed.hub.publisher.said(
        [MessageWord("desk", RoomType.MESSAGE, "m1", 1, "ann", "own_1", text=text)]
    )
    (told,) = (await ask(feed, "/v1/snapshot?rooms=desk"))["ticks"]
    assert (told["T"], told["room"], told["text"]) == ("message", "desk", text)
    page = await ask(feed, "/v1/history?rooms=desk&after=0")
    assert page["ticks"] == [told]


async def test_only_ones_own_alerts_come(serve: Serve) -> None:
    feed = await serve()
    await feed.hub.publisher.said([FIRED, OTHERS])
    page = await ask(feed, "/v1/history?alerts=*&after=0")
    assert [each["id"] for each in page["ticks"]] == ["alert_1"]
    path = f"/v1/history?alerts={OTHERS.symbol}&after=0"
    refused = await RawHttp.get((feed.host, feed.port), path)
    assert refused.status == 400
