"""JSON: times, numbers, and what clients send."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from feed.market.ticks import Trade
from feed.wire.json_codec import JSON
from feed.wire.rfc3339 import rfc3339
from tests.fakes import strategies
from tests.fakes.frame_reader import decode_ticks


def _trade() -> Trade:
    return Trade("AAPL", 1, "V", 1.0, 1.0, 1)


@given(st.integers(0, strategies.LAST_EVENT_NS))
def test_a_time_in_json_is_rfc_3339_with_nine_digits(event_ns: int) -> None:
    text = rfc3339(event_ns)
    (fragment,) = JSON.encode([replace(_trade(), event_ns=event_ns)])
    assert json.loads(JSON.join([fragment]))[0]["t"] == text
    assert len(text) == len("2026-01-02T14:30:00.123456789Z")
    micros = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=event_ns // 1000)
    assert datetime.fromisoformat(text[:26] + "Z") == micros  # Python knows microseconds only
    assert int(text[26:29]) == event_ns % 1000


def test_seconds_that_come_and_go_keep_their_own_times() -> None:
    times_ns = [5, 1_000_000_005, 7, 0, 999_999_999, 60_000_000_000, 60_000_000_001]
    fragments = JSON.encode([replace(_trade(), event_ns=event_ns) for event_ns in times_ns])
    assert [item["t"] for item in decode_ticks(JSON, JSON.join(fragments))] == times_ns


@given(st.text())
def test_json_is_read_as_text_and_as_bytes(text: str) -> None:
    document = json.dumps({"key": text})
    assert JSON.decode(document) == JSON.decode(document.encode()) == {"key": text}


def test_a_bare_message_is_an_object_of_its_own() -> None:
    message = {"T": "bye", "msg": 'a "quoted" word'}
    assert json.loads(JSON.bare(message)) == message
