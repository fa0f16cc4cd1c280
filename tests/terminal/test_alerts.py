"""Rules and firings as a person reads them."""

from typing import Any

import pytest

from feed.terminal.alerts import firing_line, rule_line

RULE: dict[str, Any] = {
    "id": "rule_a",
    "symbol": "AAPL",
    "field": "price",
    "op": "moves_pct",
    "value": 3,
    "window": "5m",
    "state": "suspended",
    "why": "not granted",
    "once": True,
    "cooldown_s": 60.0,
    "note": "a\x1bb",
}
FIRING: dict[str, Any] = {
    "t": "some time",
    "id": "alert_a",
    "symbol": "AAPL",
    "field": "volume",
    "op": ">=",
    "value": "10",
    "window_s": 300.0,
    "seen": "12",
    "after_gap": True,
}


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({}, "rule_a suspended (not granted): AAPL price moves_pct 3 within 5m – a\ufffdb"),
        (
            {"once": False, "expires": "soon", "note": "", "state": "armed"},
            "rule_a armed: AAPL price moves_pct 3 within 5m, again after 60 s, until soon",
        ),
    ],
)
def test_rules(more: dict[str, Any], words: str) -> None:
    rule: Any = {**RULE, **more}
    if rule["state"] == "armed":
        del rule["why"]
    assert rule_line(rule) == words


def test_firings() -> None:
    firing: Any = FIRING
    words = "some time alert_a AAPL volume >= 10 within 300 s: 12, after a gap"
    assert firing_line(firing) == words
