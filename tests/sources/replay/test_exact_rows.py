"""Every row of a recording is read as other people's readers read it."""

import csv
import gzip
import json
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

import pytest
import zstandard

from feed.market.ticks import Bar, Quote, Status, Tick, Trade
from feed.sources.source import Instrument
from feed.wire.json_codec import JsonCodec
from tests.sources.replay.recordings import (
    SECOND_NS,
    opened,
    ticks_of,
)

DATA = Path(__file__).parents[2] / "data"
SHARED_DATA = Path(__file__).parents[4] / "shared" / "data"
shared = pytest.mark.skipif(
    not SHARED_DATA.is_dir(), reason="the real recordings of ../shared/data are not here"
)


def exact_ns(text: str) -> int:
    whole, _, fraction = text.removesuffix("Z").partition(".")
    seconds = int(datetime.fromisoformat(whole).replace(tzinfo=UTC).timestamp())
    return seconds * SECOND_NS + int(fraction.ljust(9, "0"))


def trade_of_csv(row: dict[str, str]) -> Trade:
    return Trade(
        symbol=row["symbol"],
        trade_id=int(row["id"]),
        exchange=row["exchange"],
        price=float(row["price"]),
        size=float(row["amount"]),
        event_ns=int(row["timestamp"]) * 1_000,
        taker_side={"buy": "B", "sell": "S"}[row["side"]],
    )


def quote_of_csv(row: dict[str, str]) -> Quote:
    return Quote(
        symbol=row["symbol"],
        bid_exchange=row["exchange"],
        bid_price=float(row["bid_price"]),
        bid_size=float(row["bid_amount"]),
        ask_exchange=row["exchange"],
        ask_price=float(row["ask_price"]),
        ask_size=float(row["ask_amount"]),
        event_ns=int(row["timestamp"]) * 1_000,
    )


def csv_rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize(
    ("path", "tick_of_csv", "count"),
    [
        (DATA / "trades.csv", trade_of_csv, 300),
        (DATA / "quotes.csv", quote_of_csv, 300),
        pytest.param(SHARED_DATA / "btcusdt-trades.csv", trade_of_csv, 9_999, marks=shared),
        pytest.param(SHARED_DATA / "btcusdt-quotes.csv", quote_of_csv, 9_999, marks=shared),
    ],
    ids=lambda value: value.name if isinstance(value, Path) else "",
)
async def test_every_row_of_a_csv_comes_as_the_csv_module_reads_it(
    path: Path, tick_of_csv: Callable[[dict[str, str]], Tick], count: int
) -> None:
    expected = [tick_of_csv(row) for row in csv_rows(path)]
    assert len(expected) == count
    async with opened(path, on_bad_row="stop") as source:
        ticks = [tick async for ticks in source.batches() for tick in ticks]
        assert ticks == expected
        assert source.recorded_kinds == frozenset()
        assert source.rows_read == count
        assert not any(source.rows_skipped.values())
        assert source.instruments() == [
            Instrument("BTCUSDT", "BTCUSDT", "crypto", exchange="binance-futures")
        ]


async def test_every_row_of_ndjson_comes_as_the_json_module_reads_it() -> None:
    rows = [json.loads(line) for line in (DATA / "ticks.ndjson").read_text().splitlines()]
    ticks = await ticks_of(DATA / "ticks.ndjson", on_bad_row="stop")
    assert len(ticks) == len(rows) > 400
    for tick, row in zip(ticks, rows, strict=True):
        assert (tick.kind, tick.symbol, tick.event_ns) == (row["T"], row["S"], exact_ns(row["t"]))
        if isinstance(tick, Trade):
            assert (tick.trade_id, tick.price, tick.size) == (row["i"], row["p"], row["s"])
        elif isinstance(tick, Quote):
            assert (tick.bid_price, tick.bid_size) == (row["bp"], row["bs"])
            assert (tick.ask_price, tick.ask_size) == (row["ap"], row["as"])
        elif isinstance(tick, Bar):
            assert (tick.open, tick.volume, tick.vwap) == (row["o"], row["v"], row["vw"])
        else:
            assert (tick.status_code, tick.reason_code) == (row["sc"], row["rc"])
    assert {type(tick) for tick in ticks} == {Trade, Quote, Bar, Status}


async def test_ticks_that_the_json_codec_writes_come_back_the_same(tmp_path: Path) -> None:
    codec = JsonCodec()
    ticks = [
        *await ticks_of(DATA / "ticks.ndjson"),
        *await ticks_of(DATA / "trades.csv"),
        *await ticks_of(DATA / "quotes.csv"),
    ]
    ticks.sort(key=lambda tick: tick.event_ns)
    frames = [codec.join(codec.encode(ticks[k : k + 20])) for k in range(0, len(ticks), 20)]
    path = tmp_path / "a.ndjson"
    path.write_bytes(b"\n".join(frames))
    assert await ticks_of(path, on_bad_row="stop") == ticks


@pytest.mark.parametrize("name", ["ticks.ndjson", "trades.csv", "quotes.csv"])
@pytest.mark.parametrize(
    ("suffix", "compress"), [(".gz", gzip.compress), (".zst", zstandard.compress)]
)
async def test_a_compressed_recording_gives_the_same_ticks(
    name: str, suffix: str, compress: Callable[[bytes], bytes], tmp_path: Path
) -> None:
    path = tmp_path / (name + suffix)
    path.write_bytes(compress((DATA / name).read_bytes()))
    assert await ticks_of(path) == await ticks_of(DATA / name)


def test_the_small_recordings_hold_what_tests_rely_on() -> None:
    rows = [json.loads(line) for line in (DATA / "ticks.ndjson").read_text().splitlines()]
    kinds = Counter(row["T"] for row in rows)
    assert kinds["t"] > 100
    assert kinds["q"] > 200
    assert kinds["b"] > 5
    assert kinds["s"] == 2
    ids = [int(row["id"]) for row in csv_rows(DATA / "trades.csv")]
    assert all(one < other for one, other in pairwise(ids))
