"""A batch that is posted is applied once, whole, in one cut; or refused whole, with its row."""

import gzip
from pathlib import Path

import msgpack
import orjson
import pytest
import zstandard

from feed.ingest import desk as desk_room
from feed.sources.named_source import NamedSource
from feed.sources.pushed.holdings import Holdings
from tests.fakes.hand_clock import HandClock
from tests.fakes.keys import KeysFile, bearer_of
from tests.fakes.raw_http import RawHttp
from tests.fakes.servers import ScriptedSource, trades
from tests.http.push.desk import GOOD, NDJSON, pushing

GZIP = {"Content-Encoding": "gzip"}


async def test_batches_are_applied_once_and_whole() -> None:
    async with pushing() as desk:
        status, first = await desk.post([GOOD] * 2, "?producer=me&sequence=1")
        assert status == 200
        epoch = desk.ring.epoch
        assert first == {
            "T": "ack",
            "producer": "me",
            "sequence": 1,
            "pos": f"{epoch}-2",
            "count": 2,
            "durable": False,
            "duplicate": False,
        }
        again = await desk.post([GOOD] * 2, "?producer=me&sequence=1")
        assert again == (200, {**first, "duplicate": True})
        assert desk.ring.newest == 2
        # a batch that is refused may be mended, and sent under its number
        status, refused = await desk.post([GOOD, {**GOOD, "p": "x"}], "?producer=me&sequence=2")
        assert (status, refused["row"], refused["reason"]) == (400, 2, "number")
        assert desk.ring.newest == 2
        status, mended = await desk.post([GOOD], "?producer=me&sequence=2")
        assert (mended["pos"], mended["duplicate"]) == (f"{epoch}-3", False)
        # others are other producers, and a batch without a number is applied each time
        assert (await desk.post([GOOD], "?producer=you&sequence=1"))[1]["pos"] == f"{epoch}-4"
        for sequence in (5, 6):
            status, plain = await desk.post([GOOD])
            assert (plain["sequence"], plain["pos"]) == (None, f"{epoch}-{sequence}")


async def test_every_codec_and_encoding_is_taken() -> None:
    body = orjson.dumps(GOOD)
    packed = {**GOOD, "t": msgpack.Timestamp(1_767_623_400)}
    taken: tuple[tuple[bytes, dict[str, str]], ...] = (
        (body, {}),
        (gzip.compress(body), {"Content-Encoding": "gzip"}),
        (zstandard.compress(body), {"Content-Encoding": "zstd"}),
        (orjson.dumps([GOOD]), {"Content-Type": "application/json"}),
        (msgpack.packb([packed]), {"Content-Type": "application/msgpack"}),
    )
    async with pushing() as desk:
        for data, headers in taken:
            status, answer = await desk.post(data, "", headers)
            assert (status, answer["count"]) == (200, 1), answer
        first = desk.ring.read(0, 1)[0]
        for index, tick in enumerate(desk.ring.read(0, 10)):
            first.trade_id = index + 1  # type: ignore[union-attr]  # a trade
            assert tick == first
        bomb = gzip.compress(b" " * (5 << 20))
        refused: tuple[tuple[bytes, dict[str, str], int], ...] = (
            (bomb, {"Content-Encoding": "gzip"}, 413),
            (b" " * (5 << 20), {}, 413),
            (body, {"Content-Encoding": "gzip"}, 400),
            (gzip.compress(body)[:-9], {"Content-Encoding": "gzip"}, 400),
            (zstandard.compress(body), {"Content-Encoding": "br"}, 415),
            (body, {"Content-Type": "text/plain"}, 415),
        )
        for data, headers, status in refused:
            assert (await desk.post(data, "", headers))[0] == status, headers
        assert desk.ring.newest == len(taken)


@pytest.mark.parametrize(
    ("query", "parameter"),
    [
        ("?producer=a/b&sequence=1", "producer"),
        ("?producer=a&sequence=0", "sequence"),
        ("?producer=a&sequence=9223372036854775808", "sequence"),
        ("?sequence=1", "producer"),
        ("?wait=durable", "wait"),
        ("?source=fx", "source"),
        ("?sorce=fx", "sorce"),
    ],
)
async def test_parameters_are_held_against_what_is_accepted(query: str, parameter: str) -> None:
    async with pushing() as desk:
        status, answer = await desk.post([GOOD], query)
        assert (status, answer["parameter"]) == (400, parameter)


async def test_what_is_not_granted_is_refused_with_its_row(tmp_path: Path) -> None:
    keys = KeysFile(tmp_path / "keys.toml")
    desk_key = keys.add("desk", publish=["trades=OWN,FX:*"])
    reader = keys.add("reader")
    async with pushing(keys=keys.path) as desk:
        assert (await desk.post([GOOD]))[0] == 401
        status, refused = await desk.post([GOOD], "", bearer_of(reader))
        assert (status, refused["row"], refused["reason"]) == (403, 1, "not_granted")
        assert (await desk.post([GOOD], "", bearer_of(desk_key)))[0] == 200
        for wrong in ({**GOOD, "S": "AAPL"}, {"T": "q", "S": "OWN", "bp": 1, "ap": 2}):
            status, refused = await desk.post([GOOD, wrong], "", bearer_of(desk_key))
            assert (status, refused["row"]) == (403, 2)
        assert desk.ring.newest == 1
        foreign = {**bearer_of(desk_key), "Origin": "https://elsewhere.example"}
        assert (await desk.post([GOOD], "", foreign))[0] == 403


async def test_symbols_of_another_source_are_refused() -> None:
    script = ScriptedSource()
    async with pushing(NamedSource("script", script)) as desk:
        await script.publish(trades(1, 1))
        status, refused = await desk.post([GOOD, {**GOOD, "S": "AAPL"}])
        assert (status, refused["row"], refused["reason"]) == (409, 2, "foreign")
        assert "belongs to the source script" in refused["detail"]


async def test_batches_have_a_limit_that_is_told() -> None:
    async with pushing() as desk:
        status, refused = await desk.post([GOOD] * 129)
        assert (status, refused["reason"]) == (413, "too_many")
        assert "at most 128" in refused["detail"]
        assert (await desk.post([GOOD] * 128))[1]["count"] == 128


async def test_a_batch_is_one_cut() -> None:
    async with pushing(batch_ms=1) as desk:
        reader = await RawHttp.get((desk.feed.host, desk.feed.port), "/v1/stream?trades=*&marks=0")
        await desk.feed.sessions_reach(1)
        await desk.post([GOOD] * 128, "?producer=me&sequence=1")
        assert len(orjson.loads(await reader.chunk())) == 128


async def test_a_producer_that_pushes_too_much_is_told_when_to_come_back() -> None:
    async with pushing(ticks_per_s=50, clock=HandClock().clock) as desk:
        assert (await desk.post([GOOD] * 100, "?producer=me&sequence=1"))[0] == 200
        status, refused = await desk.post([GOOD], "?producer=me&sequence=2")
        assert (status, refused["reason"]) == (429, "flood")
        assert (await desk.post([GOOD], "?producer=you&sequence=1"))[0] == 200
        refusal = await desk.client.post(f"{desk.url}?producer=me&sequence=2", headers=NDJSON)
        assert 1 <= int(refusal.headers["Retry-After"]) <= 2


async def test_bodies_on_their_way_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(desk_room, "Holdings", lambda: Holdings(most=100, most_of_one=100))
    async with pushing() as desk:
        status, refused = await desk.post([GOOD] * 2)
        assert (status, refused["reason"]) == (429, "flood")
        status, refused = await desk.post(gzip.compress(orjson.dumps(GOOD) * 9), "", GZIP)
        assert (status, refused["reason"]) == (429, "flood")
        assert (await desk.post([GOOD]))[0] == 200
