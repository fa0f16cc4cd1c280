"""What a job may be asked for."""

from typing import Any

import pytest

from feed.errors import InvalidMessage, InvalidParameter, LimitExceeded
from feed.jobs.request import JobRequest
from feed.market.ticks import SECOND_NS, Channel
from feed.market.wildcards import marked
from feed.wire.position import Position


def asked(document: Any) -> JobRequest:
    return JobRequest.of(document, most_symbols=3)


def test_a_request_is_the_same_after_it_was_kept() -> None:
    request = asked(
        {
            "kind": "ring",
            "format": "csv",
            "trades": ["AAPL", "BTC/*"],
            "after": "epoch-7",
            "start": "2026-01-02T00:00:00Z",
            "end": "2026-01-02T00:00:01+00:00",
        }
    )
    assert request.named == {Channel.TRADES: marked(["AAPL", "BTC/*"])}
    assert request.beginning == Position("epoch", 7)
    assert request.start_ns is not None
    assert request.end_ns == request.start_ns + SECOND_NS
    assert asked(request.document()) == request


@pytest.mark.parametrize(
    ("document", "parameter"),
    [
        ({}, "kind"),
        ({"kind": "rings"}, "kind"),
        ({"kind": "ring", "format": "xml"}, "format"),
        ({"kind": "ring", "path": "/etc/passwd"}, "path"),
        ({"kind": "ring", "after": "yesterday"}, "after"),
        ({"kind": "ring", "start": "-5m"}, "start"),
        ({"kind": "ring", "timeframe": "1m"}, "timeframe"),
        ({"kind": "ring", "source": "sim"}, "source"),
        ({"kind": "bars", "timeframe": "2m"}, "timeframe"),
        ({"kind": "bars", "after": "0"}, "after"),
        ({"kind": "bars", "trades": ["AAPL"]}, "trades"),
        ({"kind": "ring", "trades": ["a,b"]}, "trades"),
        (
            {"kind": "ring", "start": "2026-01-02T00:00:00Z", "end": "2026-01-02T00:00:00Z"},
            "end",
        ),
    ],
)
def test_what_is_not_accepted_is_named(document: dict[str, Any], parameter: str) -> None:
    with pytest.raises(InvalidParameter) as error:
        asked(document)
    assert error.value.parameter.partition(".")[0] == parameter


def test_something_else_than_a_map_is_refused() -> None:
    with pytest.raises(InvalidMessage):
        asked(["ring"])


def test_symbols_are_counted_before_they_are_looked_at() -> None:
    with pytest.raises(LimitExceeded):
        asked({"kind": "ring", "trades": ["?"] * 3, "quotes": ["?"]})


def test_what_to_install_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    asked({"kind": "ring", "format": "csv"}).check_installed()
    with pytest.raises(InvalidParameter, match=r"pip install 'feed-broadcaster\[parquet\]'"):
        asked({"kind": "ring", "format": "parquet"}).check_installed()
