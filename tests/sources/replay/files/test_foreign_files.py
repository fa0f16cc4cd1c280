"""Files as other programs leave them: joined, padded, cut off, quoted."""

import gzip
import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
import zstandard

from feed.market.ticks import Trade
from feed.wire.codec import CODECS
from feed.wire.disconnect import Reason
from feed.wire.error_codes import ErrorCode
from feed.wire.messages import (
    AUTHENTICATED,
    CONNECTED,
    GapReason,
    Message,
    bye_message,
    error_message,
    feed_message,
    gap_message,
    mark_message,
    snapshot_begin_message,
    snapshot_end_message,
    subscription_message,
)
from feed.wire.position import Position
from tests.sources.replay.recordings import START_NS, opened, seconds_of, ticks_of, trade_row

HEADER = "symbol,timestamp,price,amount,side"
BOM = "\ufeff"
HERE = Position("a", 5)
MESSAGES: list[Message] = [
    CONNECTED,
    AUTHENTICATED,
    subscription_message({}, {}),
    snapshot_begin_message(HERE),
    snapshot_end_message(HERE),
    gap_message(HERE, HERE, GapReason.OVERRUN),
    mark_message(HERE, START_NS),
    feed_message("source_down", "sim", "silent", START_NS),
    error_message(ErrorCode.INTERNAL),
    bye_message(Reason.SHUTDOWN.value),
]


def record(second: int) -> str:
    return f"A,{START_NS // 1_000 + second * 1_000_000},10,1,buy"


@pytest.mark.parametrize("message", MESSAGES, ids=lambda message: str(message["T"]))
async def test_what_this_server_says_never_breaks_a_replay(
    message: Message, write: Callable[..., Path]
) -> None:
    said = CODECS["json"].array([message]).decode()
    path = write(trade_row(1), said, said.strip("[]"), *([trade_row(2)] * ("begin" not in said)))
    ticks = await ticks_of(path, on_bad_row="stop")
    assert seconds_of(ticks) == [1] + [2] * ("begin" not in said)


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize("around", ["{}", "  {}  ", "{}\t", "{}\0\0", BOM + "{}"])
@pytest.mark.parametrize(
    ("name", "lines"),
    [
        ("a.ndjson", [trade_row(1), trade_row(2)]),
        ("a.csv", [HEADER, record(1), record(2)]),
        ("a.csv", ['"symbol" , "timestamp", "price","amount","side"', *map(record, (1, 2))]),
        ("a.csv", [HEADER, ' "A" ,1714573801, "10" ,"1", "buy"', '"A",1714573802 ,10,"1" , BUY ']),
    ],
)
async def test_marks_spaces_zeros_and_quotes_around_lines_break_nothing(
    name: str, lines: list[str], around: str, newline: str, tmp_path: Path
) -> None:
    path = tmp_path / name
    path.write_bytes(newline.join(around.format(line) for line in lines).encode() + b"\0" * 700)
    assert seconds_of(await ticks_of(path, on_bad_row="stop")) == [1, 2]


@pytest.mark.parametrize(
    ("suffix", "compress"), [(".gz", gzip.compress), (".zst", zstandard.compress)]
)
@pytest.mark.parametrize("padding", [0, 1, 512, 10_000])
async def test_zeros_after_and_between_compressed_members_are_padding(
    padding: int, suffix: str, compress: Callable[[bytes], bytes], tmp_path: Path
) -> None:
    path = tmp_path / f"a.ndjson{suffix}"
    members = [compress(f"{trade_row(second)}\n".encode()) for second in (1, 2, 3)]
    path.write_bytes(b"".join(member + b"\0" * padding for member in members))
    assert seconds_of(await ticks_of(path, on_bad_row="stop")) == [1, 2, 3]


async def test_csv_files_that_were_joined_keep_their_headers_in_the_middle(
    write: Callable[..., Path],
) -> None:
    other = "amount,symbol,price,timestamp"
    quotes = "symbol,timestamp,bid_price,bid_amount,ask_price,ask_amount"
    path = write(
        *(HEADER, record(1), BOM + HEADER, record(2), other, "1,A,10,1714573803"),
        *(quotes, "A,1714573804,1,2,3,4"),
        name="a.csv",
    )
    async with opened(path, on_bad_row="stop") as source:
        ticks = [tick async for batch in source.batches() for tick in batch]
        assert source.rows_beside == 3
        assert len(source.instruments()) == 1
    assert seconds_of(ticks) == [1, 2, 3, 4]
    assert [tick.trade_id for tick in ticks if isinstance(tick, Trade)] == [1, 2, 3]


LEAST = "timestamp,price,amount"
QUOTES = "symbol,timestamp,bid_price,bid_amount,ask_price,ask_amount"


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ([HEADER, record(1)], [HEADER, record(2)]),
        ([HEADER, record(1)], [BOM + HEADER, record(2)]),
        ([HEADER, record(1)], [HEADER.upper(), record(2)]),
        (
            [HEADER, '"A",1714573801,10,1,"buy"'],
            ['"symbol",timestamp,price,amount', "A,1714573802,1,1"],
        ),
        (
            ["symbol,timestamp,price,amount", "A,1714573801,1,0.296"],
            [QUOTES, "A,1714573802,1,2,3,4"],
        ),
        ([QUOTES, "A,1714573801,1,2,3,4"], ["exchange," + HEADER, "X," + record(2)]),
        (["note," + HEADER, "x," + record(1)], ["note," + HEADER, "x," + record(2)]),
    ],
)
async def test_a_csv_that_ends_without_a_line_break_runs_into_the_next(
    first: list[str], second: list[str], write: Callable[..., Path]
) -> None:
    path = write(*first[:-1], first[-1] + second[0], *second[1:], name="a.csv")
    async with opened(path, on_bad_row="stop") as source:
        ticks = [tick async for batch in source.batches() for tick in batch]
        assert (source.rows_read, source.rows_beside) == (3, 1)
    assert seconds_of(ticks) == [1, 2]


async def test_a_long_record_is_no_header_of_another_file(write: Callable[..., Path]) -> None:
    record_of_names = f"{record(1)},symbol,timestamp,price,amount"
    path = write(HEADER, record(1), record_of_names, record(2), name="a.csv")
    async with opened(path, report=lambda *_: None) as source:
        ticks = [tick async for batch in source.batches() for tick in batch]
        assert source.rows_skipped["invalid"] == 1
    assert seconds_of(ticks) == [1, 2]


# The rows of each line of a capture.
CAPTURED = [
    [trade_row(1)],
    [trade_row(2), trade_row(3, x=None, c=["@", "{", "é"]), trade_row(4)],
    [json.dumps({"T": "mark"})],
    [trade_row(5, sm='{"T":'), trade_row(6, n={"a": [1]})],
]


@pytest.mark.parametrize("arrays", [True, False])
@pytest.mark.parametrize("again", [1, 2])
async def test_of_joined_captures_only_the_row_in_which_one_was_cut_off_is_lost(
    again: int, arrays: bool, tmp_path: Path
) -> None:
    path = tmp_path / "a.ndjson"
    lines = CAPTURED if arrays else [[row] for rows in CAPTURED for row in rows]
    texts = [f"[{', '.join(rows)}]" if arrays else rows[0] for rows in lines]
    rest = "\n".join([texts[again], trade_row(9)])
    after = [*_seconds(lines[again]), 9]
    for number, rows in enumerate(lines):
        before = _seconds([row for line in lines[:number] for row in line])
        ends = [texts[number].index(row) + len(row) for row in rows]
        for cut in range(len(texts[number])):
            head = "\n".join([*texts[:number], texts[number][:cut]])
            path.write_text(f"{head}{rest}")
            async with opened(path, report=lambda *_: None) as source:
                ticks = [tick async for batch in source.batches() for tick in batch]
                assert sum(source.rows_skipped.values()) <= 2, head
            whole = _seconds([row for row, end in zip(rows, ends, strict=True) if end <= cut])
            assert seconds_of(ticks) == [*before, *whole, *after], head


def _seconds(rows: list[str]) -> list[float]:
    """Return the second of each trade among some rows."""
    return [float(row[1]) for row in re.finditer(r'"t": "[^"]*:0(\d)\.', " ".join(rows))]


@pytest.mark.parametrize(
    "text",
    [
        "[\n{}\n,{}]",
        "[ {},\n  {}\n]\n",
        "[\n{},\r\n{},\r\n]",
        "{},\n{},",
        "{}{}",
        "{} {}\n",
        "[{}][{}]",
        "{}[{}]\n",
        "[{},\n{}",
    ],
)
async def test_nothing_is_broken_but_the_lines_of_an_array(text: str, tmp_path: Path) -> None:
    path = tmp_path / "a.ndjson"
    path.write_text(text.replace("{}", trade_row(1), 1).replace("{}", trade_row(2), 1))
    async with opened(path, on_bad_row="stop") as source:
        ticks = [tick async for batch in source.batches() for tick in batch]
        assert (source.rows_read, source.rows_beside) == (2, 0)
    assert seconds_of(ticks) == [1, 2]


async def test_a_line_of_many_beginnings_is_read_in_one_go(tmp_path: Path) -> None:
    path = tmp_path / "a.ndjson"
    path.write_text(f"{trade_row(1)}\n" + '{"T":"t' * 100_000 + f"\n{trade_row(2)}\n")
    assert seconds_of(await ticks_of(path, report=lambda *_: None)) == [1, 2]


@pytest.mark.parametrize("cut", [0, 1, 30, 150, 10_000])
@pytest.mark.parametrize(
    "again",
    [
        ['[{"T":"gap","from":"a-4","to":"a-9","reason":"overrun"}]'],
        ['{"T":"success","msg":"connected"}'],
        ['[{"T":"snapshot","state":"begin"}]', '[{"T":"snapshot","state":"end"}]'],
        ['[{"T":"mark","pos":"a-1"}]'],
    ],
)
async def test_a_capture_that_was_cut_inside_a_snapshot_goes_on(
    cut: int, again: list[str], tmp_path: Path
) -> None:
    path = tmp_path / "a.ndjson"
    snapshot = f'[{{"T":"snapshot","state":"begin"}}]\n[{trade_row(0)},{trade_row(0, "B")}]\n'
    news = "\n".join([*again, f"[{trade_row(1)}]", f"[{trade_row(2)}]"])
    path.write_text(snapshot[: len(snapshot) - min(cut, 60)] + news)
    async with opened(path, report=lambda *_: None) as source:
        ticks = [tick async for batch in source.batches() for tick in batch]
        assert sum(source.rows_skipped.values()) <= 1
    assert seconds_of(ticks) == [1, 2]


async def test_ids_beyond_64_bits_are_kept_exactly_and_come_back_from_a_recording(
    write: Callable[..., Path],
) -> None:
    ids = [(1 << 64) - 1, 1 << 64, 123_456_789_012_345_678_901_234_567_890, 1 << 62, 7]
    path = write(
        "[" + ",".join(trade_row(1, i=number) for number in ids) + "]", trade_row(2, i="u")
    )
    ticks = await ticks_of(path, on_bad_row="stop")
    assert [tick.exact_id for tick in ticks if isinstance(tick, Trade)] == [
        *map(str, ids[:4]),
        *("", "u"),
    ]
    codec = CODECS["json"]
    again = write(codec.join(codec.encode(ticks)).decode(), name="again.ndjson")
    assert await ticks_of(again, on_bad_row="stop") == ticks
