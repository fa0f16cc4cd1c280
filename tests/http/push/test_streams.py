"""Bodies that do not end, and WebSockets: what becomes of each batch is told as it is applied."""

from itertools import count
from pathlib import Path
from typing import Any

import aiohttp
import msgpack
import orjson

from tests.fakes.hand_clock import HandClock
from tests.fakes.keys import KeysFile, auth_of, bearer_of
from tests.fakes.raw_http import RawHttp
from tests.http.contract.schemas import flaws
from tests.http.contract.test_openapi import DOCUMENT, documented
from tests.http.push.desk import GOOD, NDJSON, Desk, pushing

BAD = {**GOOD, "p": "x"}


def envelope(number: int, *rows: object) -> bytes:
    return orjson.dumps({"sequence": number, "ticks": rows}) + b"\n"


class Upload:
    """A body that the test writes piece by piece, and its answer as it comes."""

    def __init__(self, answer: RawHttp) -> None:
        self._answer = answer
        self._unread = b""

    @classmethod
    async def begin(cls, desk: Desk, query: str, headers: dict[str, str] | None = None) -> "Upload":
        address = desk.feed.host, desk.feed.port
        head = [
            f"POST /v1/ingest{query} HTTP/1.1",
            f"Host: {address[0]}:{address[1]}",
            "Transfer-Encoding: chunked",
            *(f"{name}: {value}" for name, value in {**NDJSON, **(headers or {})}.items()),
        ]
        answer = await RawHttp.open(address)
        await answer.ask("\r\n".join([*head, "", ""]).encode())
        assert answer.status == 200
        return cls(answer)

    def write(self, piece: bytes) -> None:
        """Send a piece; b"": it ends."""
        self._answer.wire.writer.write(b"%x\r\n%b\r\n" % (len(piece), piece))

    async def line(self) -> Any:
        while b"\n" not in self._unread.lstrip():
            self._unread += await self._answer.chunk()
        line, _, self._unread = self._unread.lstrip().partition(b"\n")
        return orjson.loads(line)

    async def rest(self) -> bytes:
        return self._unread + await self._answer.body()


async def test_a_body_goes_on_behind_a_batch_that_is_refused() -> None:
    async with pushing() as desk:
        body = await Upload.begin(desk, "?producer=me")
        assert await body.line() == {
            "T": "producer",
            "producer": "me",
            "last": None,
            "missing": [],
            "durable": None,
            "keeps": False,
            "most_ticks": 128,
        }
        body.write(envelope(1, GOOD, GOOD))
        pos = f"{desk.ring.epoch}-2"
        assert await body.line() == {
            "T": "ack",
            "producer": "me",
            "sequence": 1,
            "pos": pos,
            "count": 2,
            "durable": False,
            "duplicate": False,
        }
        body.write(envelope(2, GOOD, BAD) + b"{\n" + envelope(3, GOOD) + envelope(1, GOOD))
        refused = await body.line()
        assert (refused["T"], refused["sequence"], refused["row"]) == ("refused", 2, 2)
        assert (await body.line())["line"] == 3
        assert (await body.line())["sequence"] == 3
        again = await body.line()
        assert (again["sequence"], again["duplicate"], again["pos"]) == (1, True, pos)
        body.write(b"")
        assert await body.rest() == b""
        body = await Upload.begin(desk, "?producer=me")
        greeting = await body.line()
        assert (greeting["last"], greeting["missing"]) == (3, [[2, 2]])
        body.write(b"")
        async with desk.client.get(f"{desk.url}/me") as known:
            told = await known.json()
            assert (told["last"], told["missing"], told["durable"]) == (3, [[2, 2]], False)
            assert told["pos"] == f"{desk.ring.epoch}-3"
            assert flaws(told, documented("/v1/ingest/{producer}", 200), DOCUMENT) == []
        async with desk.client.get(f"{desk.url}/you") as unknown:
            assert unknown.status == 404


async def test_what_cannot_be_split_ends_the_body_and_keeps_what_was_acknowledged() -> None:
    async with pushing() as desk:
        headers = {"Content-Type": "application/msgpack", "Accept": "application/msgpack"}
        body = await Upload.begin(desk, "?producer=me", headers)
        body.write(msgpack.packb({"sequence": 1, "ticks": [GOOD]}) + b"\xc1")
        told = msgpack.Unpacker()
        told.feed(await body.rest())
        _, ack, error = told
        assert (ack["T"], ack["sequence"]) == ("ack", 1)
        assert (error["T"], "value 2 is not MessagePack" in error["msg"]) == ("error", True)
        body.write(b"")
        assert desk.ring.newest == 1


async def test_a_batch_that_stalls_ends_the_body() -> None:
    async with pushing(clock=HandClock().clock, head_timeout_s=0.1) as desk:
        body = await Upload.begin(desk, "?producer=me")
        assert (await body.line())["T"] == "producer"
        body.write(b'{"sequence":')
        error = await body.line()
        assert (error["T"], "did not come within 0.1 s" in error["msg"]) == ("error", True)
        body.write(b"")


async def test_lines_without_a_producer_are_plain_batches() -> None:
    async with pushing() as desk:
        body = await Upload.begin(desk, "")
        assert (await body.line())["producer"] is None
        body.write((orjson.dumps(GOOD) + b"\n") * 2)
        ack = await body.line()
        assert (ack["sequence"], ack["count"], ack["line"]) == (None, 2, 2)
        body.write(b"")


async def test_state_makes_batches_durable_and_remembers_them(tmp_path: Path) -> None:
    rows = [GOOD]
    async with pushing(state=tmp_path) as desk:
        _, ack = await desk.post(rows, "?producer=me&sequence=1&wait=durable")
        assert ack["durable"]
        body = await Upload.begin(desk, "?producer=me")
        greeting = await body.line()
        assert (greeting["last"], greeting["durable"], greeting["keeps"]) == (1, 1, True)
        body.write(envelope(2, GOOD))
        assert not (await body.line())["durable"]
        assert await body.line() == {"T": "durable", "sequence": 2}
        body.write(b"")
    async with pushing(state=tmp_path) as desk:
        assert desk.ring.newest == 2
        _, again = await desk.post(rows, "?producer=me&sequence=2")
        assert (again["duplicate"], again["pos"]) == (True, f"{desk.ring.epoch}-2")
        assert desk.ring.newest == 2


async def test_a_websocket_takes_a_batch_a_message() -> None:
    async with pushing() as desk, desk.client.ws_connect(f"{desk.url}?producer=me") as socket:
        assert (await socket.receive_json())["most_ticks"] == 128
        await socket.send_bytes(msgpack.packb({"sequence": 1, "ticks": [GOOD]}))
        assert (await socket.receive_json())["sequence"] == 1
        await socket.send_str(envelope(2, BAD).decode())
        assert (await socket.receive_json())["row"] == 1
        await socket.send_str(envelope(2, GOOD).decode())
        assert (await socket.receive_json())["pos"] == f"{desk.ring.epoch}-2"
        await socket.send_str("[]")
        assert (await socket.receive_json())["reason"] == "shape"


async def test_a_websocket_may_say_later_who_it_is(tmp_path: Path) -> None:
    keys = KeysFile(tmp_path / "keys.toml")
    key = keys.add("desk", publish=["trades=OWN"])
    other = keys.add("another", publish=["trades=OWN"])
    async with pushing(keys=keys.path) as desk:
        async with desk.client.ws_connect(f"{desk.url}?producer=me&codec=msgpack") as socket:
            await socket.send_str(orjson.dumps(auth_of(key)).decode())
            assert msgpack.unpackb(await socket.receive_bytes())["msg"] == "authenticated"
            assert msgpack.unpackb(await socket.receive_bytes())["T"] == "producer"
            await socket.send_bytes(msgpack.packb({"sequence": 1, "ticks": [GOOD]}))
            assert msgpack.unpackb(await socket.receive_bytes())["T"] == "ack"
            await socket.send_bytes(msgpack.packb(auth_of(key)))  # again: the same still
            assert msgpack.unpackb(await socket.receive_bytes())["msg"] == "authenticated"
            await socket.send_bytes(msgpack.packb(auth_of(other)))
            assert msgpack.unpackb(await socket.receive_bytes())["code"] == 403
            keys.revoke(key)
            told: dict[str, object] = {}
            for number in count(2):
                await socket.send_bytes(msgpack.packb({"sequence": number, "ticks": [GOOD]}))
                told = msgpack.unpackb(await socket.receive_bytes())
                if told["T"] != "ack":
                    break
            assert (told["T"], told["code"]) == ("error", 402)
            assert (await socket.receive()).type is aiohttp.WSMsgType.CLOSE
        async with desk.client.ws_connect(f"{desk.url}?producer=me") as socket:
            await socket.send_str(envelope(2, GOOD).decode())
            assert (await socket.receive_json())["T"] == "error"
            await socket.send_json({"action": "subscribe", "trades": ["OWN"]})
            assert (await socket.receive_json())["code"] == 401
            assert (await socket.receive()).data == 1008
        headers = {**bearer_of(key), "Origin": "https://elsewhere.example"}
        refused = await desk.client.get(desk.url, headers=headers)
        assert refused.status == 403


async def test_a_credential_that_nobody_asked_for_is_accepted() -> None:
    async with pushing() as desk, desk.client.ws_connect(f"{desk.url}?producer=me") as socket:
        assert (await socket.receive_json())["T"] == "producer"
        await socket.send_json({"action": "auth", "key": "any", "secret": "thing"})
        assert (await socket.receive_json())["msg"] == "authenticated"
        await socket.send_json({"action": "subscribe", "trades": ["OWN"]})
        assert (await socket.receive_json())["code"] == 400
        await socket.send_bytes(msgpack.packb({"sequence": 1, "ticks": [GOOD]}))
        assert (await socket.receive_json())["sequence"] == 1


async def test_whoever_pushes_is_told_when_the_server_leaves() -> None:
    async with pushing() as desk:
        body = await Upload.begin(desk, "?producer=me")
        async with desk.client.ws_connect(f"{desk.url}?producer=you") as socket:
            assert (await body.line())["T"] == (await socket.receive_json())["T"] == "producer"
            await desk.feed.ingest.stop()
            assert (await body.line())["T"] == (await socket.receive_json())["T"] == "leaving"
            assert (await socket.receive()).data == 1012
            body.write(b"")
        status, refused = await desk.post([GOOD])
        assert status == 503, refused
