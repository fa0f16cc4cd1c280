"""What a program writes into a pipe: NDJSON or CSV, in pieces of any length, and broken lines."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feed.market.ticks import Bar, Tick, Trade
from feed.sources.piped.reader import BadLine, PipeReader
from feed.sources.piped.split_lines import SplitLines
from feed.sources.replay.bad_rows import Flaw
from feed.sources.replay.files.lines import MAX_LINE_BYTES
from feed.sources.source import Instrument
from feed.wire.json_codec import JSON
from tests.fakes.servers import bar, quote, status, trade
from tests.sources.piped.writing import lines

TICKS: list[Tick] = [trade(1), quote(2), bar(), status(), trade(3, "BTC/USD")]
GOOD = b'{"T":"t","S":"OWN","i":7,"x":"V","p":1.5,"s":2,"t":"2026-01-02T14:30:00Z"}'


def read(*pieces: bytes) -> tuple[list[Tick], list[BadLine]]:
    """Read pieces of what comes through one pipe, to its end."""
    reader = PipeReader()
    told = [reader.read(piece) for piece in (*pieces, b"")]
    assert [piece.last for piece in told] == [False] * len(pieces) + [True]
    return [tick for piece in told for tick in piece.ticks], [
        bad for piece in told for bad in piece.bad
    ]


@given(st.binary(max_size=40), st.lists(st.integers(1, 9), max_size=20))
def test_lines_are_the_same_however_they_come(data: bytes, lengths: list[int]) -> None:
    came: list[bytes] = []
    split, rest = SplitLines(), data
    for length in lengths:
        if piece := rest[:length]:
            came += split.split(piece)
        rest = rest[length:]
    came += [*(split.split(rest) if rest else ()), *split.split(b"")]
    whole = data.split(b"\n")
    assert came == (whole if whole[-1] else whole[:-1])
    assert split.number == len(came)


def test_a_line_of_ten_megabytes_is_held_cut_and_told_with_its_number() -> None:
    split = SplitLines()
    for _ in range(10):
        assert list(split.split(b"x" * 1_000_000)) == []
        assert len(split._rest) <= MAX_LINE_BYTES + 1
    ticks, bad = read(GOOD + b"\n", *[b'{"T":"t' + b"x" * 1_000_000] * 10, b"\n" + GOOD)
    assert len(ticks) == 2
    assert [(line.number, line.reason) for line in bad] == [(2, Flaw.UNREADABLE)]
    assert "longer than a line may be" in bad[0].detail


@pytest.mark.parametrize("length", [1, 7, 1_000_000])
def test_what_the_wire_tells_is_read_as_it_was(length: int) -> None:
    array = JSON.join(JSON.encode(TICKS))  # as /v1/stream sends it
    single = lines(*TICKS).replace(b"\n", b"\r\n")  # as a handler may write them
    for data in (array + b"\n" + array, single):
        ticks, bad = read(*(data[at : at + length] for at in range(0, len(data), length)))
        assert (ticks, bad) == (TICKS * (2 if data.startswith(b"[") else 1), [])


def test_a_csv_is_known_by_its_header() -> None:
    ticks, bad = read(
        b"\n\xef\xbb\xbfprice,symbol,amount,timestamp\n1.5,OWN,2,1767364200000\n1,,,\n"
    )
    [tick] = ticks
    assert isinstance(tick, Trade)
    assert (tick.symbol, tick.price, tick.size) == ("OWN", 1.5, 2)
    assert [(line.number, line.reason) for line in bad] == [(4, Flaw.INVALID)]


BAD = {
    b'{"T":"t","i":7,"p":1.5,"s":2,"t":"2026-01-02T14:30:00Z"}': "field 'S' of T 't' is missing",
    GOOD.replace(b"1.5", b"NaN"): "no JSON",
    GOOD.replace(b"1.5", b'"1.5"'): "p '1.5' is not accepted; accepted: a number",
    GOOD.replace(b'"s":2', b'"s":-2'): "s -2.0 is not accepted; accepted: a number of at least 0",
    GOOD.replace(b'"T":"t"', b'"T":"zz"'): "T 'zz' is not accepted; accepted: t, q, b",
    GOOD.replace(b"OWN", b"A,B"): "symbol 'A,B' is not accepted",
    GOOD.replace(b"2026-01-02T14:30:00Z", b"noon"): "'noon' is not accepted",
    b"[[1,2],[3]]": r"[1, 2] is no tick; accepted: a JSON object with T",
    b"hello": "no JSON",
    b'{"T":"t"': "no JSON",
    b"\xff\xfe": "no JSON",
}


@pytest.mark.parametrize(("line", "words"), BAD.items())
def test_a_bad_line_is_told_with_its_number_and_the_others_are_read(
    line: bytes, words: str
) -> None:
    ticks, bad = read(GOOD + b"\n" + line + b"\n" + GOOD + b"\n")
    assert len(ticks) == 2
    assert {each.number for each in bad} == {2}
    assert words in bad[0].detail


def test_a_time_of_1970_is_passed_on() -> None:
    ticks, bad = read(GOOD.replace(b"2026-01-02", b"1970-01-01"))
    assert (len(ticks), bad) == (1, [])


def test_a_tick_without_a_time_has_that_of_its_coming_where_there_is_one() -> None:
    untimed = b'{"T":"t","S":"OWN","p":1.5,"s":2}\n'
    beginless = b'{"T":"b","S":"OWN","o":1,"h":1,"l":1,"c":1,"v":1,"vw":1,"n":1}\n{"T":[]}\n'
    reader = PipeReader()
    live = reader.read(untimed + GOOD + b"\n" + beginless, 1_767_364_200_000_000_001)
    recorded = reader.read(untimed)
    assert [tick.event_ns for tick in live.ticks] == [
        1_767_364_200_000_000_001,
        1_767_364_200_000_000_000,
    ]
    assert [bad.number for bad in live.bad] == [3, 4]
    assert [bad.detail for bad in recorded.bad] == ["field 't' of T 't' is missing"]


@pytest.mark.parametrize("line", [b"symbol,price", b"hello", b"\xff\xfe", b"1,2,3,4"])
def test_lines_before_a_beginning_are_told_and_what_follows_is_read(line: bytes) -> None:
    ticks, [bad] = read(line + b"\n" + GOOD)
    assert len(ticks) == 1
    assert (bad.number, bad.reason) == (1, Flaw.UNREADABLE)


def test_bars_and_new_symbols_are_told_with_the_piece_that_they_come_in() -> None:
    reader = PipeReader()
    first = reader.read(GOOD + b"\n")
    second = reader.read(lines(bar("OWN"), bar("NEW")))
    assert ([each.symbol for each in first.instruments], first.has_bars) == (["OWN"], False)
    assert ([each.symbol for each in second.instruments], second.has_bars) == (["NEW"], True)
    assert all(isinstance(tick, Bar) for tick in second.ticks)


def test_what_is_told_of_an_instrument_holds_from_then_on() -> None:
    told = (
        b'{"T":"instrument","S":"OWN","name":"Our own","asset_class":"bond","exchange":"V",'
        b'"currency":"EUR","price_step":0.5,"lot":10,"more":1}'
    )
    reader = PipeReader()
    first = reader.read(GOOD + b"\n")
    second = reader.read(told + b'\n{"T":"instrument","S":"A/B"}\n' + GOOD + b"\n")
    assert [each.asset_class for each in first.instruments] == ["us_equity"]
    assert second.instruments == [
        Instrument("OWN", "Our own", "bond", "", "V", "EUR", 0.5, 10),
        Instrument("A/B", "A/B", "crypto"),
    ]
    assert (len(second.ticks), second.bad) == (1, [])


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        (b'"name":"x"', "symbol None is not accepted"),
        (b'"S":"OWN","price_step":0', "price_step 0; accepted: a number above 0"),
        (b'"S":"OWN","name":["x"]', "name ['x'] is not accepted; printable text"),
    ],
)
def test_an_instrument_that_is_none_is_told_with_its_line(fields: bytes, words: str) -> None:
    _, [bad] = read(GOOD + b'\n{"T":"instrument",' + fields + b"}\n" + GOOD)
    assert (bad.number, bad.reason) == (2, Flaw.INVALID)
    assert words in bad.detail
