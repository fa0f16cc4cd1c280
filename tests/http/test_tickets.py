"""What browsers are given, where they cannot show a credential: tickets, and a cookie."""

from http.cookies import SimpleCookie
from pathlib import Path
from typing import Any

import pytest

from feed.trust.tickets import COMES_BACK_WITHIN_S, USED_WITHIN_S, VISIT_S
from feed.wire.disconnect import Reason
from tests.fakes.hand_clock import HandClock
from tests.fakes.keys import KeysFile, bearer_of
from tests.fakes.patience import until
from tests.fakes.raw_http import RawHttp
from tests.fakes.servers import Feed, Serve, trade
from tests.fakes.sse_reader import SseReader
from tests.fakes.websocket_reader import WebSocketReader
from tests.http.talk import error

PARTNER = "https://page.example"
JSON = {"Content-Type": "application/json", "Content-Length": "0"}


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def keys(tmp_path: Path) -> KeysFile:
    return KeysFile(tmp_path / "keys.toml")


@pytest.fixture
async def feed(serve: Serve, keys: KeysFile, clock: HandClock) -> Feed:
    keys.add("other")
    return await serve(keys=keys.path, clock=clock.clock, allow_origin=(PARTNER,))


async def ask(feed: Feed, path: str, headers: dict[str, str], method: str = "GET") -> RawHttp:
    return await RawHttp.get((feed.host, feed.port), path, headers, method=method)


async def ticket_of(feed: Feed, keys: KeysFile, **headers: str) -> tuple[str, RawHttp]:
    key = keys.add(f"page{len(keys.path.read_text())}")
    watched = feed.hub.identities.keys
    assert watched is not None
    await until(lambda: any(each.id == key.id for each in watched.keys))
    asked = bearer_of(key) | JSON | {name.replace("_", "-"): it for name, it in headers.items()}
    answer = await ask(feed, "/v1/tickets", asked, "POST")
    assert answer.status == 201, await answer.body()
    assert answer.headers["Cache-Control"] == "no-store"
    document = await answer.document()
    assert document["used_within_s"] == USED_WITHIN_S
    return document["ticket"], answer


def cookie_of(answer: RawHttp) -> tuple[Any, dict[str, str]]:
    [morsel] = SimpleCookie(answer.headers["Set-Cookie"].replace("Partitioned", "")).values()
    return morsel, {"Cookie": f"{morsel.key}={morsel.value}"}


async def test_a_page_of_ones_own_gets_a_strict_cookie_that_admits_gets(
    feed: Feed, keys: KeysFile
) -> None:
    own = feed.url("")
    _, answer = await ticket_of(feed, keys, Origin=own)
    morsel, cookie = cookie_of(answer)
    assert morsel.key == "__Host-feed"
    assert (morsel["path"], morsel["samesite"], morsel["max-age"]) == ("/", "Strict", str(VISIT_S))
    assert morsel["secure"]
    assert morsel["httponly"]
    assert "Domain" not in answer.headers["Set-Cookie"]
    for path in ("/v1/symbols", "/v1/sse?trades=*", "/v1/stream?trades=*"):
        assert (await ask(feed, path, cookie)).status == 200
    for headers, status in (({}, 401), ({"Origin": PARTNER}, 400), ({"Origin": own}, 400)):
        answer = await ask(feed, "/v1/feedback", cookie | headers | {"Content-Length": "0"}, "POST")
        assert answer.status == status, "a body is due, where the cookie is accepted"
    stranger = {"Origin": "https://evil.example", "Content-Length": "0"}
    assert (await ask(feed, "/v1/feedback", cookie | stranger, "POST")).status in {401, 403}


async def test_a_page_that_is_allowed_by_name_gets_a_partitioned_cookie(
    feed: Feed, keys: KeysFile, serve: Serve
) -> None:
    _, answer = await ticket_of(feed, keys, Origin=PARTNER)
    assert "SameSite=None" in answer.headers["Set-Cookie"]
    assert "Partitioned" in answer.headers["Set-Cookie"]
    assert answer.headers["Access-Control-Allow-Origin"] == PARTNER
    assert answer.headers["Access-Control-Allow-Credentials"] == "true"
    everybody = await serve(keys=keys.path, allow_origin=("*",))
    _, answer = await ticket_of(everybody, keys, Origin="https://any.example")
    assert "Set-Cookie" not in answer.headers
    assert "Access-Control-Allow-Credentials" not in answer.headers


async def test_only_a_credential_gets_a_ticket_and_only_as_json(feed: Feed, keys: KeysFile) -> None:
    _, answer = await ticket_of(feed, keys)
    _, cookie = cookie_of(answer)
    own = {"Origin": feed.url("")}
    assert (await ask(feed, "/v1/tickets", cookie | JSON | own, "POST")).status == 401
    assert (await ask(feed, "/v1/tickets", JSON, "POST")).status == 401
    key = keys.add("late")
    watched = feed.hub.identities.keys
    assert watched is not None
    await until(lambda: any(each.id == key.id for each in watched.keys))
    form = bearer_of(key) | {"Content-Type": "text/plain", "Content-Length": "0"}
    assert (await ask(feed, "/v1/tickets", form, "POST")).status == 415
    evil = bearer_of(key) | JSON | {"Origin": "https://evil.example"}
    assert (await ask(feed, "/v1/tickets", evil, "POST")).status == 403


async def test_a_cookie_ends_with_its_visit_its_key_and_by_signing_out(
    feed: Feed, keys: KeysFile, clock: HandClock
) -> None:
    own = {"Origin": feed.url("")}
    _, first = await ticket_of(feed, keys)
    _, second = await ticket_of(feed, keys)
    _, gone = cookie_of(first)
    _, kept = cookie_of(second)
    out = await ask(feed, "/v1/sign-out", gone | own | {"Content-Length": "0"}, "POST")
    assert out.status == 204
    assert "max-age=0" in out.headers["Set-Cookie"].lower()
    assert (await ask(feed, "/v1/symbols", gone)).status == 401
    assert (await ask(feed, "/v1/symbols", kept)).status == 200
    clock.pass_s(VISIT_S)
    assert (await ask(feed, "/v1/symbols", kept)).status == 401


async def test_a_ticket_is_used_once_over_a_websocket(
    feed: Feed, keys: KeysFile, clock: HandClock
) -> None:
    own = feed.url("")
    ticket, _ = await ticket_of(feed, keys, Origin=own)
    late, _ = await ticket_of(feed, keys, Origin=own)

    async def show(text: str, origin: str) -> WebSocketReader:
        reader = await WebSocketReader.connect((feed.host, feed.port), headers={"Origin": origin})
        await reader.begin()
        reader.say({"action": "auth", "ticket": text})
        return reader

    assert (await error(await show(ticket, PARTNER)))["code"] == 402, "it is of another page"
    reader = await show(ticket, own)
    assert await reader.message() == {"T": "success", "msg": "authenticated"}
    await reader.subscribe(trades=["AAPL"])
    assert (await error(await show(ticket, own)))["code"] == 402, "it is used up"
    clock.pass_s(USED_WITHIN_S)
    assert (await error(await show(late, own)))["code"] == 402


async def test_a_ticket_in_a_url_is_of_one_stream_and_of_its_reconnects(
    feed: Feed, keys: KeysFile, clock: HandClock
) -> None:
    page = {"Origin": PARTNER}
    ticket, _ = await ticket_of(feed, keys, Origin=PARTNER)
    path = f"/v1/sse?trades=*&ticket={ticket}"
    first = SseReader(await ask(feed, path, page))
    assert first.http.status == 200
    await feed.sessions_reach(1)
    for other, headers in (
        (f"/v1/sse?trades=AAPL&ticket={ticket}", page),
        (path, {}),
        (path, {"Origin": feed.url("")}),
        (f"/v1/stream?trades=*&ticket={ticket}", page),
        (f"/v1/symbols?ticket={ticket}", page),
    ):
        assert (await ask(feed, other, headers)).status == 401, other
    clock.pass_s(10 * USED_WITHIN_S)
    again = SseReader(await ask(feed, path + "&lastEventId=0", page))
    assert again.http.status == 200, "it lives as long as its stream"
    await until(lambda: feed.hub.ended[Reason.REPLACED] == 1)
    assert not Reason.REPLACED.value.may_reconnect, "two would throw each other out for ever"
    await feed.publish(trade(1))
    assert [tick["i"] for tick in (await again.read())[0] if tick["T"] == "t"] == [1]
    again.abort()
    await until(lambda: not feed.hub.sessions)
    clock.pass_s(COMES_BACK_WITHIN_S - 1)
    third = SseReader(await ask(feed, path, page))
    assert third.http.status == 200
    third.abort()
    await until(lambda: not feed.hub.sessions)
    clock.pass_s(COMES_BACK_WITHIN_S)
    assert (await ask(feed, path, page)).status == 401


async def test_a_ticket_of_ones_own_page_is_good_behind_a_proxy_that_ends_tls(
    feed: Feed, keys: KeysFile
) -> None:
    own = feed.url("").replace("http://", "https://")
    ticket, _ = await ticket_of(feed, keys, Origin=own)
    path = f"/v1/sse?trades=*&ticket={ticket}"
    for headers, status in (
        ({}, 401),
        ({"Sec-Fetch-Site": "same-site"}, 401),
        ({"Sec-Fetch-Site": "same-origin"}, 200),
    ):
        assert (await ask(feed, path, headers)).status == status, headers
    foreign, _ = await ticket_of(feed, keys, Origin=PARTNER)
    path = f"/v1/sse?trades=*&ticket={foreign}"
    assert (await ask(feed, path, {"Sec-Fetch-Site": "same-origin"})).status == 401


async def test_without_identities_nobody_needs_a_ticket(serve: Serve) -> None:
    feed = await serve()
    assert (await ask(feed, "/v1/tickets", JSON, "POST")).status == 204
