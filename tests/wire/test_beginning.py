"""Where a subscriber begins, as it writes it."""

import re

import pytest

from feed.errors import InvalidParameter
from feed.market.ticks import SECOND_NS
from feed.wire.beginning import (
    BEGINNING_PATTERN,
    MOST_AGO_NS,
    MOST_LAST,
    Ago,
    Moment,
    read_beginning,
)
from feed.wire.control import Subscribe, parse_control
from feed.wire.position import BEGINNING, Position
from feed.wire.requests import Request

NOON_NS = 1_795_780_800 * SECOND_NS  # 2026-11-27T12:00:00Z
AGO = {
    "-500ms": SECOND_NS // 2,
    "-30s": 30 * SECOND_NS,
    "-5m": 300 * SECOND_NS,
    "-720h": MOST_AGO_NS,
}
TIMES = {
    "2026-11-27T12:00:00Z": NOON_NS,
    "2026-11-27t12:00:00.5z": NOON_NS + SECOND_NS // 2,
    "2026-11-27T12:00:00.000000001Z": NOON_NS + 1,
    "2026-11-27T13:30:00+01:30": NOON_NS,
    "2026-11-27T07:00:00.25-05:00": NOON_NS + SECOND_NS // 4,
    "1969-12-31T23:59:59.5Z": -SECOND_NS // 2,
}
POSITIONS = {"abc-7": Position("abc", 7), "2026-11": Position("2026", 11), "0": BEGINNING}
WRONG = [
    *("", "now", "30s", "-30", "-0s", "-030s", "-30 s", "-1d", "-1.5s", "+30s", "--30s", "-30S"),
    *("-721h", "-9999999999h", "-99999999999ms", "-٣s"),
    *("2026-11-27", "2026-11-27T12:00Z", "2026-11-27T12:00:00", "2026-11-27 12:00:00Z"),
    *("2026-02-31T12:00:00Z", "2026-11-27T24:00:00Z", "2026-11-27T12:00:00.0000000001Z"),
    *("2026-11-27T12:00:00 01:00", "0001-01-01T00:00:00+01:00", "2026-11-27T12:00:00+25:00"),
]


@pytest.mark.parametrize("text", AGO)
def test_a_while_ago_is_read_and_written_as_it_was(text: str) -> None:
    ago = read_beginning(text)
    assert ago == Ago(AGO[text])
    assert str(ago) == text


@pytest.mark.parametrize("text", TIMES)
def test_a_time_is_read_to_the_nanosecond(text: str) -> None:
    assert read_beginning(text) == Moment(TIMES[text], text)


def test_positions_are_positions_still() -> None:
    assert {text: read_beginning(text) for text in POSITIONS} == POSITIONS


@pytest.mark.parametrize("text", WRONG)
def test_whatever_else_is_refused_with_what_is_accepted(text: str) -> None:
    with pytest.raises(InvalidParameter, match=r"-30s.*-720h") as refused:
        read_beginning(text, "since")
    assert refused.value.parameter == "since"


def test_documents_accept_the_same() -> None:
    def is_documented(text: str) -> bool:
        return re.search(BEGINNING_PATTERN, text) is not None

    assert all(map(is_documented, [*AGO, *TIMES, *POSITIONS]))
    # A pattern knows no calendar, and does not count.
    beyond = {"-721h", "-9999999999h", *(text for text in WRONG if text.startswith("2026-02-31"))}
    beyond |= {text for text in WRONG if "T24" in text or "+25" in text or text[:4] == "0001"}
    assert [text for text in WRONG if is_documented(text)] == [x for x in WRONG if x in beyond]


def test_a_message_and_a_query_ask_alike() -> None:
    asked = Request.of_query([("trades", "AAPL"), ("last", "100")])
    message = parse_control({"action": "subscribe", "trades": ["AAPL"], "last": 100})
    assert isinstance(message, Subscribe)
    assert asked.last == message.last == 100
    asked = Request.of_query([("trades", "AAPL"), ("after", "-30s")])
    message = parse_control({"action": "subscribe", "trades": ["AAPL"], "after": "-30s"})
    assert isinstance(message, Subscribe)
    assert asked.after == message.after == Ago(30 * SECOND_NS)


@pytest.mark.parametrize("last", ["0", "-1", "1.5", "x", "", "²", str(MOST_LAST + 1), "9" * 5_000])
def test_a_number_of_ticks_is_from_1_to_a_million(last: str) -> None:
    with pytest.raises(InvalidParameter, match="a whole number from 1 to 1000000"):
        Request.of_query([("trades", "AAPL"), ("last", last)])


@pytest.mark.parametrize("last", [0, MOST_LAST + 1, True, 1.0, "100", [1]])
def test_in_a_message_it_is_a_number(last: object) -> None:
    with pytest.raises(InvalidParameter, match="a whole number from 1 to 1000000"):
        parse_control({"action": "subscribe", "trades": ["AAPL"], "last": last})


def test_nobody_begins_in_two_places() -> None:
    for after in ("2026-11-27T14:30:00Z", "-30s"):
        with pytest.raises(InvalidParameter, match="`after` or `last`, and not both"):
            Request.of_query([("trades", "AAPL"), ("after", after), ("last", "5")])


def test_a_position_beats_a_number_of_ticks() -> None:
    asked = Request.of_query([("trades", "AAPL"), ("after", "abc-7"), ("last", "5")])
    assert (asked.after, asked.last) == (Position("abc", 7), None)
