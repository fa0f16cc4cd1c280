"""Tokens on every transport, beside keys and alone."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from feed.trust import key_sources
from tests.fakes.keys import KeysFile, auth_of, headers_of
from tests.fakes.raw_http import RawHttp
from tests.fakes.servers import Feed, Serve, trade
from tests.http.talk import connect, error
from tests.trust.idp import Idp, jwks
from tests.trust.signing import ISSUER, SECRET, signer

SETTINGS: dict[str, Any] = {"jwt_issuer": ISSUER}


@pytest.fixture
def secret(tmp_path: Path) -> str:
    path = tmp_path / "secret"
    path.write_bytes(SECRET)
    return str(path)


def token(**claims: Any) -> str:
    defaults: dict[str, Any] = {"exp": int(time.time()) + 60, "feed": {}}
    return signer("HS256").token(**(defaults | claims))


async def status_of(feed: Feed, path: str, headers: dict[str, str]) -> int:
    return (await RawHttp.get((feed.host, feed.port), path, headers)).status


async def test_a_token_opens_where_it_is_configured(serve: Serve, secret: str) -> None:
    feed = await serve(jwt_keys=secret, **SETTINGS)
    bearer = {"Authorization": f"Bearer {token()}"}
    for path in ("/v1/symbols", "/v1/sse?trades=*", "/v1/stream?trades=*"):
        assert await status_of(feed, path, bearer) == 200
        assert await status_of(feed, path, {"Authorization": f"Bearer {token(exp=1)}"}) == 401
        assert (
            await status_of(feed, f"{path}{'&' if '?' in path else '?'}token={token()}", {}) == 401
        )
    reader = await connect(feed)
    reader.say({"action": "auth", "token": token()})
    assert await reader.message() == {"T": "success", "msg": "authenticated"}
    *_, session = feed.hub.sessions.values()  # of one token each, which may end a second later
    identity = session.identity
    assert (identity.kind, identity.name) == ("token", "ann")
    await reader.subscribe(trades=["AAPL"])


async def test_a_token_that_is_not_accepted_is_402(serve: Serve, secret: str) -> None:
    feed = await serve(jwt_keys=secret, **SETTINGS)
    for claims, words in (
        ({"exp": 1}, "the token has expired"),
        ({"aud": "else"}, "the token is of another issuer, or for another audience"),
    ):
        reader = await connect(feed)
        reader.say({"action": "auth", "token": token(**claims)})
        message = await error(reader)
        assert (message["code"], message["msg"]) == (402, f"auth failed: {words}")


async def test_keys_and_tokens_stand_beside_each_other(
    serve: Serve, secret: str, tmp_path: Path
) -> None:
    keys = KeysFile(tmp_path / "keys.toml")
    key = keys.add("ann")
    feed = await serve(jwt_keys=secret, keys=keys.path, **SETTINGS)
    assert await status_of(feed, "/v1/symbols", headers_of(key)) == 200
    reader = await connect(feed)
    reader.say({"action": "auth", "token": token()})
    await reader.message()
    reader.say(auth_of(key))
    assert (await error(reader))["code"] == 403, "a key and a token are never the same somebody"
    reader.say({"action": "auth", "token": token(exp=int(time.time()) + 120)})
    assert (await reader.message())["msg"] == "authenticated"


async def test_the_kind_that_is_not_configured_is_refused(
    serve: Serve, secret: str, tmp_path: Path
) -> None:
    keys = KeysFile(tmp_path / "keys.toml")
    key = keys.add("desk")
    feed = await serve(jwt_keys=secret, **SETTINGS)
    assert await status_of(feed, "/v1/symbols", headers_of(key)) == 401
    feed = await serve(keys=keys.path)
    assert await status_of(feed, "/v1/symbols", {"Authorization": f"Bearer {token()}"}) == 401


async def test_while_signing_keys_cannot_be_had_the_client_may_come_back(serve: Serve) -> None:
    feed = await serve(jwt_keys="http://127.0.0.1:1/jwks", **SETTINGS)
    answer = await RawHttp.get(
        (feed.host, feed.port), "/v1/symbols", {"Authorization": f"Bearer {token()}"}
    )
    assert answer.status == 503
    assert int(answer.headers["Retry-After"]) > 0
    reader = await connect(feed)
    reader.say({"action": "auth", "token": token()})
    assert (await error(reader))["code"] == 500
    assert (await reader.frame()).close_code == 1011


def rotated(kid: str) -> str:
    claims = {"exp": int(time.time()) + 60, "feed": {}}
    return signer("ES256").token(headers={"kid": kid}, **claims)


@pytest.fixture
def idp() -> Iterator[Idp]:
    server = Idp()
    yield server
    server.close()


async def test_a_refresh_that_cannot_be_looked_into_leaves_who_it_was(
    serve: Serve, idp: Idp, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(key_sources, "LEAST_S", 0.0)
    feed = await serve(jwt_keys=idp.url, **SETTINGS)
    reader = await connect(feed)
    reader.say({"action": "auth", "token": rotated("a")})
    assert (await reader.message())["msg"] == "authenticated"
    await reader.subscribe(trades=["AAPL"])
    idp.status = 503
    reader.say({"action": "auth", "token": rotated("new")})
    told = await error(reader)
    assert told["code"] == 403
    assert told["msg"].startswith("already authenticated, until that ends: the new token cannot")
    assert feed.hub.identities.outcomes["unavailable"] == 1
    await feed.publish(trade(1, "AAPL"))
    assert [tick["S"] for tick in (await reader.read())[0]] == ["AAPL"]
    idp.status, idp.body = 200, jwks("new")
    reader.say({"action": "auth", "token": rotated("new")})
    assert (await reader.message())["msg"] == "authenticated"
    idp.status = 503
    stranger = await connect(feed)
    stranger.say({"action": "auth", "token": rotated("newer")})
    assert (await error(stranger))["code"] == 500, "which may come back"
