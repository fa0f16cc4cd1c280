"""A keys file that changes while subscribers are there."""

import os
from itertools import count
from pathlib import Path
from unittest.mock import Mock

import orjson
import pytest
import structlog
from prometheus_client.parser import text_string_to_metric_families

from feed.hub.steps import Step
from feed.trust import file_version, watched_keys
from feed.trust.key_changes import Made
from feed.trust.keys_file import InvalidKeysFile
from feed.trust.regular_file import read_regular
from feed.trust.watched_keys import Reload, WatchedKeys
from feed.wire.disconnect import Reason
from tests.fakes.keys import KeysFile, auth_of, headers_of
from tests.fakes.patience import until
from tests.fakes.raw_http import RawHttp
from tests.fakes.servers import Feed, Paces, Serve, trade
from tests.fakes.sse_reader import SseReader
from tests.fakes.websocket_reader import CLOSE, WebSocketReader
from tests.http.talk import connect, error

QUICK = Paces(look_s=0.01)


@pytest.fixture
def keys(tmp_path: Path) -> KeysFile:
    return KeysFile(tmp_path / "keys.toml")


async def enter(feed: Feed, key: Made) -> WebSocketReader:
    """Show a key over a WebSocket."""
    reader = await connect(feed)
    reader.say(auth_of(key))
    await reader.message()
    return reader


def write(keys: KeysFile, text: str) -> None:
    """Write at once: nobody reads the file while it is empty."""
    new = keys.path.with_suffix(".new")
    new.write_text(text)
    new.replace(keys.path)


def watched_by(feed: Feed) -> WatchedKeys:
    watched = feed.hub.identities.keys
    assert watched is not None
    return watched


async def lets_in(feed: Feed, key: Made) -> bool:
    answer = await RawHttp.get((feed.host, feed.port), "/v1/symbols", headers_of(key))
    return answer.status == 200


async def samples(feed: Feed) -> dict[tuple[str, str], float]:
    answer = await RawHttp.get((feed.host, feed.port), "/metrics")
    families = text_string_to_metric_families((await answer.body()).decode())
    return {
        (sample.name, sample.labels.get("outcome", "")): sample.value
        for family in families
        for sample in family.samples
        if sample.name.startswith(("feed_key", "feed_credentials"))
    }


async def test_a_revoked_keys_connections_end_and_others_stay(serve: Serve, keys: KeysFile) -> None:
    gone, kept = keys.add("gone"), keys.add("kept")
    feed = await serve(keys=keys.path, paces=QUICK)
    address = feed.host, feed.port
    sse = SseReader(await RawHttp.get(address, "/v1/sse?trades=*", headers_of(gone)))
    lines = await RawHttp.get(address, "/v1/stream?trades=*&marks=0", headers_of(gone))
    sockets = [await enter(feed, gone), await enter(feed, kept)]
    for reader in sockets:
        await reader.subscribe(trades=["*"])
    await feed.sessions_reach(4)
    keys.revoke(gone)
    await until(lambda: len(feed.hub.sessions) == 1)

    message = await error(sockets[0])
    words = "auth failed: the identity is not accepted any more: the key was revoked"
    assert (message["code"], message["msg"]) == (402, words)
    close = await sockets[0].frame()
    assert (close.opcode, close.close_code) == (CLOSE, 1008)
    event = await sse.event()
    while event.name != "bye":
        event = await sse.event()
    bye = {"T": "bye", "reason": "revoked", "msg": words, "reconnect": False}
    assert orjson.loads(event.data) == bye
    assert orjson.loads(await lines.chunk()) == [bye]
    assert feed.hub.ended == {Reason.REVOKED: 3}

    await feed.publish(trade(1))
    assert [tick["i"] for tick in (await sockets[1].read())[0]] == [1]
    assert (await RawHttp.get(address, "/v1/sse?trades=*", headers_of(gone))).status == 401


async def test_a_key_that_is_added_is_accepted_and_one_that_is_removed_is_not(
    serve: Serve, keys: KeysFile
) -> None:
    first = keys.add("first")
    feed = await serve(keys=keys.path, paces=QUICK)
    reader = await enter(feed, first)
    keys.path.unlink()
    second = keys.add("second")
    await until(lambda: not feed.hub.sessions)
    assert (await error(reader))["code"] == 402
    assert await lets_in(feed, second)
    assert not await lets_in(feed, first)


async def test_grants_that_change_are_those_of_the_session(serve: Serve, keys: KeysFile) -> None:
    key = keys.add("desk")
    feed = await serve(keys=keys.path, paces=QUICK)
    reader = await enter(feed, key)
    [session] = feed.hub.sessions.values()
    assert not session.identity.grants.admin
    keys.path.write_text(f"{keys.path.read_text()}admin = true\n")
    await until(lambda: session.identity.grants.admin)
    await reader.subscribe(trades=["AAPL"])


@pytest.mark.parametrize(
    ("spoilt", "words"),
    [
        ("{}nonsense\n", "line 9: not TOML"),
        ("", "it is blank; accepted: [[key]] tables, or a comment alone"),
        ("\n \n", "it is blank; accepted: [[key]] tables, or a comment alone"),
    ],
    ids=["broken", "truncated", "blank"],
)
async def test_a_broken_file_keeps_the_keys_and_is_told(
    serve: Serve, keys: KeysFile, spoilt: str, words: str
) -> None:
    key = keys.add("desk")
    feed = await serve(keys=keys.path, paces=QUICK)
    whole = keys.path.read_text()
    reader = await enter(feed, key)
    watched = watched_by(feed)
    with structlog.testing.capture_logs() as logs:
        write(keys, spoilt.format(whole))
        # Told by the thread that looks, just after that.
        await until(lambda: "keys_refused" in [entry["event"] for entry in logs])
        assert watched.is_broken
    [told] = [entry for entry in logs if entry["event"] == "keys_refused"]
    assert told["log_level"] == "warning"
    assert words in told["error"]
    found = await samples(feed)
    assert found["feed_keys_file_broken", ""] == 1
    assert found["feed_keys", ""] == 1
    assert found["feed_keys_reloads_total", "refused"] == 1
    await reader.subscribe(trades=["AAPL"])
    assert await lets_in(feed, key)

    keys.path.unlink()
    await until(lambda: watched.reloads[Reload.REFUSED] == 2)
    assert len(watched.keys) == 1, "a file that is gone takes nobody's key"
    keys.path.write_text(whole)
    await until(lambda: not watched.is_broken)
    found = await samples(feed)
    assert (found["feed_keys_file_broken", ""], found["feed_keys_reloads_total", "applied"]) == (
        0,
        1,
    )
    assert found["feed_credentials_total", "accepted"] == 2
    keys.path.write_text("# none\n")
    await until(lambda: not feed.hub.sessions)
    assert not await lets_in(feed, key), "a comment alone is a file without keys"


async def test_revocation_outlives_an_odd_row_and_any_error(
    serve: Serve, keys: KeysFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = keys.add("desk")
    feed = await serve(keys=keys.path, paces=QUICK)
    whole = keys.path.read_text()
    await enter(feed, key)
    watched = watched_by(feed)
    write(keys, f"{whole}[[key]]\nid = []\n")
    await until(lambda: watched.reloads[Reload.REFUSED] == 1)
    with structlog.testing.capture_logs() as logs, monkeypatch.context() as patch:
        patch.setattr(watched_keys, "read_keys", Mock(side_effect=MemoryError("of this test")))
        keys.path.write_text(f"{whole}\n")
        await until(lambda: any(entry["event"] == "look_failed" for entry in logs))
        assert watched.is_broken
    [told] = [entry for entry in logs if entry["event"] == "look_failed"]
    assert (told["log_level"], told["error"]) == ("error", "MemoryError: of this test")
    await until(lambda: not watched.is_broken)
    keys.revoke(key)
    await until(lambda: not feed.hub.sessions)


async def test_revocation_does_not_wait_for_a_file_that_never_stands_still(
    serve: Serve, keys: KeysFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = keys.add("desk")
    feed = await serve(keys=keys.path, paces=QUICK)
    reader = await connect(feed)
    reader.say(auth_of(key))
    await reader.message()
    looks = count(1)
    version_of = file_version._version_of
    monkeypatch.setattr(file_version, "_version_of", lambda path: (*version_of(path), next(looks)))
    keys.revoke(key)
    await until(lambda: not feed.hub.sessions)


def test_a_file_that_moves_is_read_at_the_fourth_look_and_one_that_is_still_at_the_second(
    tmp_path: Path,
) -> None:
    path = tmp_path / "keys.toml"
    path.write_text("")
    watched = file_version.Watched(path)
    seen = []
    for number in range(10):
        path.write_text("#" * (number + 1))
        seen.append(watched.has_changed())
    assert seen == [number % 4 == 3 for number in range(10)]
    assert [watched.has_changed() for _ in range(3)] == [True, False, False]


def test_a_file_that_is_written_to_while_it_is_read_may_not_be_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "keys.toml"
    path.write_text("# a")
    read = os.read

    def slowly(handle: int, count: int) -> bytes:
        data = read(handle, count)
        with path.open("a") as file:
            file.write("b")
        return data if b"b" not in data else b""

    monkeypatch.setattr(os, "read", slowly)
    with pytest.raises(OSError, match="it was written to while it was read"):
        read_regular(path, 1_000)


async def test_a_server_does_not_begin_with_a_broken_file(serve: Serve, keys: KeysFile) -> None:
    keys.path.write_text("[[key]]\nid = 3\n")
    with pytest.raises(InvalidKeysFile, match="line 2: key 1: id: 3 is not accepted"):
        await serve(keys=keys.path, paces=QUICK)


async def test_a_key_that_is_revoked_while_its_request_waits_does_not_get_in(
    serve: Serve, keys: KeysFile
) -> None:
    key = keys.add("desk")
    feed = await serve(keys=keys.path, paces=QUICK)
    async with feed.hub.turns.turn(Step.JOIN):
        waiting = await RawHttp.open((feed.host, feed.port))
        waiting.wire.writer.write(
            b"GET /v1/sse?trades=* HTTP/1.1\r\nHost: localhost\r\n"
            + "".join(f"{k}: {v}\r\n" for k, v in headers_of(key).items()).encode()
            + b"\r\n"
        )
        await until(lambda: feed.hub.identities.outcomes["accepted"] == 1)
        keys.revoke(key)
        watched = watched_by(feed)
        await until(lambda: watched.reloads[Reload.APPLIED] == 1)
    await waiting.head()
    assert waiting.status == 401
