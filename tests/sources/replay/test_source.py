"""A replay as a source: what it takes, refuses, skips, and repeats."""

import asyncio
import gzip
import re
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import zstandard

from feed.errors import InvalidParameter, SourceError
from feed.market.ticks import Tick, Trade
from feed.sources.replay.bad_rows import BadRow
from feed.sources.replay.files.blocks import BLOCK_ROWS, Block
from feed.sources.replay.files.lines import MAX_LINE_BYTES
from feed.sources.replay.files.recording import ObjectRecording
from feed.sources.replay.reading import Reading
from feed.sources.replay.source import CHUNK_TICKS, ReplaySource
from feed.sources.source import Source
from tests.sources.replay.recordings import (
    GOOD,
    SECOND_NS,
    START_NS,
    Clock,
    iso,
    opened,
    seconds_of,
    ticks_of,
    trade_row,
)

Reported = list[tuple[BadRow, int]]


async def read_on(source: ReplaySource) -> tuple[list[Tick], SourceError | None]:
    """Return all ticks to the end, and the error that it was, if so."""
    ticks: list[Tick] = []
    try:
        async for batch in source.batches():
            ticks += batch
    except SourceError as error:
        return ticks, error
    return ticks, None


async def test_lists_of_ticks_are_neither_empty_nor_long(write: Callable[..., Path]) -> None:
    rows = [trade_row(k / 1000, i=k) for k in range(2_000)]
    long_array = "[" + ",".join(rows[:1_300]) + "]"
    path = write(long_array, "[]", *rows[1_300:])
    async with opened(path) as source:
        chunks = [ticks async for ticks in source.batches()]
    assert [tick.trade_id for ticks in chunks for tick in ticks if isinstance(tick, Trade)] == [
        *range(2_000)
    ]
    assert all(0 < len(ticks) <= CHUNK_TICKS for ticks in chunks)


async def test_a_stream_of_a_server_is_read_as_it_was_sent(
    write: Callable[..., Path],
) -> None:
    path = write(
        '[{"T":"success","msg":"connected"}]',
        '[{"T":"subscription","trades":["*"],"quotes":[],"bars":[]}]',
        '[{"T":"snapshot","state":"begin","pos":"a-1"}]',
        f"[{trade_row(-500)},{trade_row(-900)}]",
        '[{"T":"snapshot","state":"end","pos":"a-1"}]',
        "",
        f'[{trade_row(1)},{trade_row(2)},{{"T":"mark","pos":"a-3","t":"{iso(START_NS)}"}}]',
        '[{"T":"gap","from":"a-4","to":"a-9","reason":"overrun"}]',
        f'{trade_row(3)}\r\n  \n{{"T":"mark","pos":"a-10"}}',
    )
    async with opened(path, on_bad_row="stop") as source:
        ticks = [tick async for ticks in source.batches() for tick in ticks]
        assert seconds_of(ticks) == [1, 2, 3]
        assert (source.rows_read, source.rows_beside) == (12, 9)
        assert source.recorded_kinds == frozenset()


TRADES_HEADER = "symbol,timestamp,price,amount,side"


@pytest.mark.parametrize(
    ("bad", "reason", "words"),
    [
        ("{", "unreadable", r"no JSON \(.*\); accepted: an object, or an array of objects"),
        (trade_row(2).replace("}", ","), "unreadable", "no JSON"),
        ("]" + "[", "unreadable", "no JSON"),
        ('{"T":"t","p":NaN}', "unreadable", "no JSON"),
        ("[" * 5_000, "unreadable", "no JSON"),
        (trade_row(2, z="z" * MAX_LINE_BYTES), "unreadable", "accepted: up to 1048576 bytes"),
        ("17", "invalid", "17 is no tick"),
        ('{"T":"d"}', "invalid", "T 'd' is not accepted"),
        (trade_row(2, p="x"), "invalid", "p 'x' is not accepted; accepted: a number"),
        (trade_row(2, symbol="?"), "invalid", r"symbol '\?' is not accepted"),
        (f"[{trade_row(2, p=None)}]", "invalid", "p None is not accepted"),
    ],
)
async def test_a_bad_line_of_ndjson_is_skipped_or_stops_with_file_line_and_reason(
    bad: str, reason: str, words: str, write: Callable[..., Path]
) -> None:
    path = write(GOOD[0], "", bad, *GOOD[1:])
    await check_bad_row(path, 3, reason, words, [1, 2, 3])


@pytest.mark.parametrize(
    ("bad", "reason", "words"),
    [
        ("A,1714573801000000,10", "invalid", "3 cells where the header has 5"),
        ("A,1714573801000000,10,,buy", "invalid", "amount '' is not accepted"),
        ("A,1714573801000000,ten,1,buy", "invalid", "price 'ten' is not accepted"),
        ("A,soon,10,1,buy", "invalid", "timestamp 'soon' is not accepted"),
        ('A,1714573801000000,10,1,"buy', "unreadable", r"no CSV \(unexpected end of data\)"),
    ],
)
async def test_a_bad_row_of_csv_is_skipped_or_stops_with_file_line_and_reason(
    bad: str, reason: str, words: str, write: Callable[..., Path]
) -> None:
    good = [f'"A",{1_714_573_800 + second}000000,10,1,buy\r' for second in (1, 2)]
    path = write("\ufeff" + TRADES_HEADER, good[0], bad, good[1], name="a.csv")
    await check_bad_row(path, 3, reason, words, [1, 2])


async def check_bad_row(
    path: Path, line: int, reason: str, words: str, seconds: list[float]
) -> None:
    reported: Reported = []
    async with opened(path, report=lambda *row: reported.append(row)) as source:
        ticks = [tick async for ticks in source.batches() for tick in ticks]
        assert seconds_of(ticks) == seconds
        assert {name: count for name, count in source.rows_skipped.items() if count} == {reason: 1}
        assert source.rows_read == len(seconds) + 1
    [(row, unreported)] = reported
    assert (row.path, row.line, row.reason, unreported) == (path, line, reason, 0)

    reported.clear()
    async with opened(path, on_bad_row="stop", report=lambda *row: reported.append(row)) as source:
        ticks, error = await read_on(source)
    assert seconds_of(ticks) == seconds[:1]
    assert str(error).startswith(f"{path}, line {line}: ")
    assert re.search(words, str(error))
    assert reported == []


async def test_nothing_after_a_bad_row_of_an_array_comes_when_it_stops(
    write: Callable[..., Path],
) -> None:
    path = write(f"[{trade_row(1)},{trade_row(2, p=None)},{trade_row(3)}]", trade_row(4))
    async with opened(path, on_bad_row="stop") as source:
        ticks, error = await read_on(source)
        assert source.rows_read == 2
    assert seconds_of(ticks) == [1]
    assert str(error).startswith(f"{path}, line 1: p None is not accepted")


async def test_lines_of_a_csv_may_end_as_on_windows(write: Callable[..., Path]) -> None:
    path = write(f"{TRADES_HEADER}\r", "A,1714573801000000,10,1,sell\r", name="a.csv")
    assert await ticks_of(path, on_bad_row="stop") == [
        Trade("A", 1, "", 10.0, 1.0, START_NS + SECOND_NS, taker_side="S")
    ]


async def test_bytes_that_are_not_utf8_are_a_bad_row(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    row = "A,1714573801000000,10,1,buy\n"
    path.write_bytes(f"{TRADES_HEADER}\n{row}".encode() + b"\xff" + row.encode() * 2)
    async with opened(path, report=lambda *_: None) as source:
        assert len([tick async for ticks in source.batches() for tick in ticks]) == 2
        assert source.rows_skipped["unreadable"] == 1


async def test_every_bad_row_is_counted_and_few_are_reported(write: Callable[..., Path]) -> None:
    reported: Reported = []
    path = write(GOOD[0], *["{"] * 700, *[trade_row(2, p="x")] * 800, GOOD[1])
    clock = Clock()
    async with opened(path, report=lambda *row: reported.append(row), clock_ns=clock) as source:
        assert len([tick async for ticks in source.batches() for tick in ticks]) == 2
        assert source.rows_skipped == {"unreadable": 700, "invalid": 800}
        assert source.rows_read == 1_502
    assert [(row.line, unreported) for row, unreported in reported] == [
        *((line, 0) for line in range(2, 7)),
        (1_501, 1_494),
    ]


async def test_equal_event_times_and_repeated_ids_are_in_order(write: Callable[..., Path]) -> None:
    path = write(trade_row(1, i=5), trade_row(1, i=5), trade_row(2, i=4), trade_row(2, "B"))
    ticks = await ticks_of(path, on_bad_row="stop")
    assert [tick.trade_id for tick in ticks if isinstance(tick, Trade)] == [5, 5, 4, 1]


@pytest.mark.parametrize(
    ("name", "data", "words"),
    [
        ("gone.ndjson", None, "cannot be opened: No such file or directory"),
        ("ticks.txt", b"", "is empty; accepted: a header with the columns symbol, timestamp"),
        ("a.ndjson", b"", "is empty; accepted: NDJSON as"),
        ("a.ndjson", b"\n \r\n", "is empty"),
        ("a.csv", b"", "is empty; accepted: a header with the columns symbol, timestamp"),
        ("a.ndjson.gz", b"", "is empty"),
        ("a.csv.zst", zstandard.compress(b""), "is empty"),
        ("a.csv", b"\nsymbol,price\n", "line 2: the columns 'symbol,price' are those of neither"),
        ("a.csv", b"\xff\xfes\0y\0m\0", "is text in UTF-16, not UTF-8; accepted: NDJSON"),
        ("a.csv", f"{TRADES_HEADER}\n".encode(), "is empty"),
        ("a.csv.gz", gzip.compress(b"symbol,", mtime=0)[:-4], "after line 0: .* cut off"),
        (
            "a.csv.gz",
            b"no gzip at all",
            "line 1: the columns 'no gzip at all' are those of neither",
        ),
        (
            "a.ndjson",
            b"{\n[]\n5\n",
            "no tick; of 2 rows 0 .* 1 unreadable, 1 invalid; .*, line 1: no JSON",
        ),
        ("a.ndjson", b'{"T":"mark"}\n', "holds no tick; of 1 rows 1 only accompany ticks"),
    ],
)
async def test_a_file_that_is_not_a_recording_is_refused_at_open(
    name: str, data: bytes | None, words: str, tmp_path: Path
) -> None:
    path = tmp_path / name
    if data is not None:
        path.write_bytes(data)
    threads = threading.active_count()
    source = ReplaySource(path, speed="max", report=lambda *_: None)
    with pytest.raises(SourceError, match=words) as refused:
        await source.open()
    assert str(refused.value).startswith(str(path))
    await source.close()
    with pytest.raises(SourceError, match="is not open"):
        await anext(aiter(source.batches()))
    assert threading.active_count() <= threads + 1  # its thread ends in its own time


async def test_stop_at_the_very_first_row_is_refused_at_open(write: Callable[..., Path]) -> None:
    source = ReplaySource(write("{", *GOOD), reading=Reading(on_bad_row="stop"))
    with pytest.raises(SourceError, match="line 1: no JSON"):
        await source.open()


@pytest.mark.parametrize(
    ("suffix", "compress"), [(".gz", gzip.compress), (".zst", zstandard.compress)]
)
async def test_a_recording_that_is_cut_off_gives_what_came_before(
    suffix: str, compress: Callable[[bytes], bytes], tmp_path: Path
) -> None:
    rows = [trade_row(k / 1000, i=k, z=f"{k * k:x}") for k in range(5_000)]
    path = tmp_path / f"a.ndjson{suffix}"
    path.write_bytes(compress("\n".join(rows).encode())[:-30])
    async with opened(path) as source:
        ticks, error = await read_on(source)
    assert len(ticks) > 1_000
    assert [tick.trade_id for tick in ticks if isinstance(tick, Trade)] == [*range(len(ticks))]
    assert str(error).startswith(f"{path}: cannot be read after line {len(ticks)}: ")


async def test_a_pass_without_a_tick_ends_a_loop(write: Callable[..., Path]) -> None:
    path = write(*GOOD)
    async with opened(path, loop=True, report=lambda *_: None) as source:
        batches = aiter(source.batches())
        await anext(batches)
        write("{", "{")
        with pytest.raises(SourceError, match="holds no tick"):
            await anext(batches)


async def test_a_loop_starts_over_with_the_times_and_ids_of_the_file(
    write: Callable[..., Path],
) -> None:
    path = write(*(trade_row(second, i=None) for second in (1, 2, 3)))
    found: list[tuple[int, float, int]] = []
    async with opened(path, loop=True, on_bad_row="stop") as source:
        async for ticks in source.batches():
            for tick, second in zip(ticks, seconds_of(ticks), strict=True):
                assert isinstance(tick, Trade)
                found.append((source.passes, second, tick.trade_id))
            if source.passes == 4:
                break
        assert source.rows_read == 12
    one_pass = [(1.0, 1), (2.0, 2), (3.0, 3)]
    assert found == [(number, *tick) for number in (1, 2, 3, 4) for tick in one_pass]


async def test_without_a_loop_the_end_of_the_file_is_the_end(write: Callable[..., Path]) -> None:
    async with opened(write(*GOOD)) as source:
        assert [len(ticks) async for ticks in source.batches()] == [3]
        assert source.passes == 1


async def test_a_long_recording_is_never_read_far_ahead(write: Callable[..., Path]) -> None:
    path = write(*(trade_row(second) for second in range(20 * BLOCK_ROWS)))
    async with opened(path, peek_rows=2 * BLOCK_ROWS) as source:
        assert source.rows_read == 2 * BLOCK_ROWS
        yielded = 0
        async for ticks in source.batches():
            yielded += len(ticks)
            assert source.rows_read <= max(yielded, 2 * BLOCK_ROWS)
        assert yielded == 20 * BLOCK_ROWS


async def test_the_file_is_read_beside_the_event_loop(
    write: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    threads: set[threading.Thread] = set()

    read_block = ObjectRecording.read_block

    def observed(recording: ObjectRecording) -> Block:
        threads.add(threading.current_thread())
        return read_block(recording)

    monkeypatch.setattr(ObjectRecording, "read_block", observed)
    await ticks_of(write(*GOOD))
    assert len(threads) == 1
    assert threading.current_thread() not in threads


async def test_instruments_are_known_at_open_and_grow(write: Callable[..., Path]) -> None:
    rows = [trade_row(second, "MSFT") for second in range(BLOCK_ROWS)]
    path = write(*rows, trade_row(600, "BTC/USD"), trade_row(601, "AAPL"))
    async with opened(path, loop=True, peek_rows=1) as source:
        assert [known.symbol for known in source.instruments()] == ["MSFT"]
        async for _ in source.batches():
            if source.passes == 2:
                break
        assert [(known.symbol, known.asset_class) for known in source.instruments()] == [
            ("AAPL", "us_equity"),
            ("BTC/USD", "crypto"),
            ("MSFT", "us_equity"),
        ]


async def test_a_source_that_is_opened_again_starts_over(write: Callable[..., Path]) -> None:
    source: Source = ReplaySource(write(*GOOD), speed="max")
    for _ in range(2):
        await source.open()
        assert [seconds_of(ticks) async for ticks in source.batches()] == [[1, 2, 3]]
        await source.close()
        await source.close()
    await source.open()
    await source.open()
    assert [seconds_of(ticks) async for ticks in source.batches()] == [[1, 2, 3]]
    await source.close()


async def test_a_reader_that_is_cancelled_anywhere_leaves_nothing_open(
    write: Callable[..., Path],
) -> None:
    path = write(*(trade_row(second) for second in range(3 * BLOCK_ROWS)))
    for turns in range(40):
        source = ReplaySource(path, speed="max", loop=True)

        async def consume(source: ReplaySource = source) -> None:
            await source.open()
            async for _ in source.batches():
                pass

        task = asyncio.create_task(consume())
        for _ in range(turns):
            await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await source.close()
        assert source._recording is None


async def test_a_replay_waits_for_its_readers_and_has_a_name() -> None:
    source = ReplaySource("a.csv")
    assert (source.name, source.can_wait, source.passes, source.instruments()) == (
        *("replay", True, 0),
        [],
    )


def test_another_way_with_bad_rows_is_refused() -> None:
    way: Any = "ignore"
    with pytest.raises(InvalidParameter, match=r"on_bad_row: 'ignore' .* accepted: skip or stop"):
        Reading(on_bad_row=way)
