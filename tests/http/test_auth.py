"""`auth` over a WebSocket where identities are configured: who gets in, what others are told."""

import gc
from pathlib import Path

import orjson
import pytest

from feed.http.conversation import Conversation
from feed.hub.session import Session
from feed.hub.steps import Step
from feed.wire.disconnect import Reason
from tests.fakes.hand_clock import HandClock
from tests.fakes.keys import KeysFile, auth_of, bearer_of, headers_of
from tests.fakes.messages import Message
from tests.fakes.patience import until
from tests.fakes.servers import Feed, Serve, trade
from tests.fakes.websocket_reader import CLOSE, PING, PONG, TEXT, WebSocketReader
from tests.http.talk import connect, error

AUTHENTICATED = {"T": "success", "msg": "authenticated"}
MINUTE_NS = 60_000_000_000
UNKNOWN = "auth failed: the key is not known here, or its secret is another one"


@pytest.fixture
def keys(tmp_path: Path) -> KeysFile:
    return KeysFile(tmp_path / "keys.toml")


async def connect_with(feed: Feed, headers: dict[str, str]) -> WebSocketReader:
    reader = await WebSocketReader.connect((feed.host, feed.port), headers=headers)
    return await reader.begin()


async def is_refused(reader: WebSocketReader, code: int, words: str) -> None:
    assert await error(reader) == {"T": "error", "code": code, "msg": words}
    close = await reader.frame()
    assert (close.opcode, close.close_code) == (CLOSE, 1008)


@pytest.mark.parametrize("binary", [False, True], ids=["json", "msgpack"])
async def test_a_key_is_shown_in_the_dialects_own_message(
    serve: Serve, keys: KeysFile, binary: bool
) -> None:
    key = keys.add("desk")
    feed = await serve(keys=keys.path)
    reader = await connect(feed, binary=binary)
    reader.say(auth_of(key))
    assert await reader.message() == AUTHENTICATED
    await reader.subscribe(trades=["AAPL"])
    await feed.publish(trade(1))
    assert [tick["S"] for tick in (await reader.read())[0]] == ["AAPL"]
    [session] = feed.hub.sessions.values()
    assert (session.identity.name, session.identity.id) == ("desk", key.id)
    assert feed.hub.identities.outcomes == {"missing": 1, "accepted": 1}


@pytest.mark.parametrize("headers", [headers_of, bearer_of])
async def test_a_key_in_the_handshake_is_told_as_authenticated(
    serve: Serve, keys: KeysFile, headers: object
) -> None:
    key = keys.add("desk")
    feed = await serve(keys=keys.path)
    assert callable(headers)
    reader = await connect_with(feed, headers(key))
    assert await reader.message() == AUTHENTICATED
    await reader.subscribe(trades=["AAPL"])
    reader.say(auth_of(key))
    assert await reader.message() == AUTHENTICATED, "SDKs send both"


@pytest.mark.parametrize(
    "message",
    [
        {"action": "subscribe", "trades": ["AAPL"]},
        {"action": "unsubscribe", "trades": ["AAPL"]},
        {"action": "feedback", "ages_ms": [1]},
    ],
    ids=lambda message: message["action"],
)
async def test_all_else_before_it_is_not_authenticated(
    serve: Serve, keys: KeysFile, message: Message
) -> None:
    keys.add("desk")
    feed = await serve(keys=keys.path)
    reader = await connect(feed)
    reader.say(message)
    await is_refused(reader, 401, "not authenticated: auth is due")
    await until(lambda: not feed.hub.sessions)
    assert feed.hub.ended == {Reason.NOT_AUTHENTICATED: 1}


async def test_what_is_no_message_is_told_as_ever_and_pings_are_answered(
    serve: Serve, keys: KeysFile
) -> None:
    key = keys.add("desk")
    feed = await serve(keys=keys.path)
    reader = await connect(feed)
    reader.send_frame(TEXT, b"{")
    assert (await error(reader))["code"] == 400
    reader.send_frame(PING, b"hi")
    assert (await reader.frame()).opcode == PONG
    reader.say(auth_of(key))
    assert await reader.message() == AUTHENTICATED


async def test_a_wrong_key_ends_the_connection(serve: Serve, keys: KeysFile) -> None:
    key, other = keys.add("desk"), keys.add("other")
    feed = await serve(keys=keys.path)
    for shown in (
        auth_of(key) | {"secret": other.secret},
        auth_of(key) | {"key": "fk_ffffffffffffffff"},
    ):
        reader = await connect(feed)
        reader.say(shown)
        await is_refused(reader, 402, UNKNOWN)
    reader = await connect(feed)
    reader.say({"action": "auth"})
    message = await error(reader)
    assert message["code"] == 402
    assert "an id and a secret" in message["msg"]


async def test_a_wrong_key_in_the_handshake_is_told_in_the_dialects_words(
    serve: Serve, keys: KeysFile
) -> None:
    key = keys.add("desk")
    feed = await serve(keys=keys.path)
    reader = await connect_with(feed, headers_of(key) | {"APCA-API-SECRET-KEY": "fs_guess"})
    await is_refused(reader, 402, UNKNOWN)
    reader = await connect_with(feed, {"Authorization": "Negotiate x"})
    assert (await error(reader))["code"] == 402


async def test_a_secret_of_another_type_is_not_shown(serve: Serve, keys: KeysFile) -> None:
    keys.add("desk")
    feed = await serve(keys=keys.path)
    reader = await connect(feed)
    reader.say({"action": "auth", "key": "a", "secret": ["hunter2"]})
    message = await error(reader)
    assert message["code"] == 400
    assert "hunter2" not in orjson.dumps(message).decode()
    assert "secret" in message["msg"]


async def test_the_same_identity_refreshes_and_another_one_is_told_403(
    serve: Serve, keys: KeysFile
) -> None:
    key, other = keys.add("desk"), keys.add("other")
    feed = await serve(keys=keys.path)
    reader = await connect(feed)
    reader.say(auth_of(key))
    assert await reader.message() == AUTHENTICATED
    await reader.subscribe(trades=["AAPL"])
    [session] = feed.hub.sessions.values()
    lane = session.subscriber.lane
    reader.say(auth_of(key))
    assert await reader.message() == AUTHENTICATED
    reader.say(auth_of(other))
    assert await error(reader) == {"T": "error", "code": 403, "msg": "already authenticated"}
    assert session.subscriber.lane is lane
    assert session.identity.id == key.id
    await feed.publish(trade(1))
    assert [tick["i"] for tick in (await reader.read())[0]] == [1]


async def test_a_refresh_that_fails_ends_the_connection(serve: Serve, keys: KeysFile) -> None:
    key = keys.add("desk")
    feed = await serve(keys=keys.path)
    reader = await connect(feed)
    reader.say(auth_of(key))
    assert await reader.message() == AUTHENTICATED
    reader.say(auth_of(key) | {"secret": "fs_guess"})
    await is_refused(reader, 402, UNKNOWN)


async def test_whoever_says_nothing_is_told_404_in_time(serve: Serve, keys: KeysFile) -> None:
    key, clock = keys.add("desk"), HandClock()
    feed = await serve(keys=keys.path, clock=clock.clock, auth_timeout_s=0.05)
    silent, known = await connect(feed), await connect(feed)
    known.say(auth_of(key))
    assert await known.message() == AUTHENTICATED
    clock.pass_s(0.1)
    await is_refused(silent, 404, "auth timeout")
    assert feed.hub.ended[Reason.AUTH_TIMEOUT] == 1
    await known.subscribe(trades=["AAPL"])


async def test_nobody_is_late_whose_words_wait_for_their_turn(serve: Serve, keys: KeysFile) -> None:
    key = keys.add("desk")
    feed = await serve(keys=keys.path)
    hub = feed.hub

    async def join() -> tuple[WebSocketReader, Session, Conversation]:
        known = set(hub.sessions)
        reader = await connect(feed)
        [session] = [each for subscriber, each in hub.sessions.items() if subscriber not in known]
        [conversation] = [each for each in gc.get_referrers(session) if type(each) is Conversation]
        return reader, session, conversation

    (speaker, _, _), _, (polite, answering, _) = joined = [await join() for _ in range(3)]
    polite.say(auth_of(key))
    assert await polite.message() == AUTHENTICATED
    answering.beat(hub.awake_ns() + MINUTE_NS)
    assert (await polite.frame()).opcode == PING
    async with hub.turns.turn(Step.CONTROL):  # somebody else's, which takes long
        speaker.say(auth_of(key))
        polite.send_frame(PONG, b"")
        await until(lambda: sum(each._is_behind for _, _, each in joined) == 2)
        for _, session, _ in joined:
            session.beat(hub.awake_ns() + 2 * MINUTE_NS)
        assert [session.ended.done() for _, session, _ in joined] == [False, True, False]
    assert await speaker.message() == AUTHENTICATED
    assert hub.ended == {Reason.AUTH_TIMEOUT: 1}


async def test_an_auth_that_is_said_twice_without_identities_is_403_as_ever(serve: Serve) -> None:
    feed = await serve()
    reader = await connect_with(feed, {"APCA-API-KEY-ID": "a", "APCA-API-SECRET-KEY": "b"})
    reader.say({"action": "auth", "key": "a", "secret": "b"})
    assert await reader.message() == AUTHENTICATED, "nothing was said of the headers"
    reader.say({"action": "auth", "key": "a", "secret": "b"})
    assert (await error(reader))["code"] == 403


async def test_paths_that_are_not_served_are_told_without_a_key(
    serve: Serve, keys: KeysFile
) -> None:
    keys.add("desk")
    feed = await serve(keys=keys.path)
    reader = await connect(feed, path="/v2/delayed_sip")
    reader.say({"action": "auth", "key": "a", "secret": "b"})
    told = await error(reader)
    assert (told["code"], told["msg"]) == (409, "insufficient subscription")
    assert "/v2/delayed_sip is not served; served: /v1/ws, /v2/iex" in told["detail"]


async def test_on_the_dialects_paths_final_errors_are_the_vendors_to_the_letter(
    serve: Serve, keys: KeysFile
) -> None:
    """The SDK for Go compares them, and comes back for ever after any others."""
    key = keys.add("desk", channels=["trades"])
    feed = await serve(keys=keys.path)
    reader = await connect(feed, path="/v2/iex", binary=True)
    reader.say({"action": "auth", "key": "a", "secret": "b"})
    told = await error(reader)
    assert (told["msg"], told["detail"]) == ("auth failed", UNKNOWN)
    reader = await connect(feed, path="/v2/iex", binary=True)
    reader.say(auth_of(key))
    await reader.message()
    reader.say({"action": "subscribe", "quotes": ["AAPL"]})
    told = await error(reader)
    assert (told["code"], told["msg"]) == (409, "insufficient subscription")
    assert "AAPL on quotes" in told["detail"]
