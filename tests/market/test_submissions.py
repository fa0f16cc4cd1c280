"""Submissions: what is left out is filled in, and what is no tick is refused with its place."""

from decimal import Decimal
from math import inf, nan

import pytest

from feed.errors import InvalidTick
from feed.market import ticks
from feed.market.submissions import Quote, Status, Trade, ticks_of

NOW_NS = 1_582_329_600_000_000_000


class Price(int):
    """A number of a library's own."""


def test_a_submission_needs_no_more_than_its_author_knows() -> None:
    assert ticks_of([Trade(symbol="OWN", price=1, size=2)], NOW_NS) == [
        ticks.Trade("OWN", 0, "", 1.0, 2.0, NOW_NS)
    ]
    assert ticks_of([Quote(symbol="OWN", bid_price=1, ask_price=2)], NOW_NS) == [
        ticks.Quote("OWN", "", 1.0, 0.0, "", 2.0, 0.0, NOW_NS)
    ]
    assert ticks_of([Status(symbol="OWN", status_code="H")], NOW_NS) == [
        ticks.Status("OWN", "H", "", "", "", NOW_NS)
    ]


def test_what_is_said_is_kept() -> None:
    submission = Trade(
        symbol="BTC/USD",
        price=Decimal("-1.5"),  # type: ignore[arg-type]  # quants have them
        size=Price(3),
        event_ns=1,
        exchange="X",
        conditions=("@",),
        tape="C",
        taker_side="B",
    )
    [tick] = ticks_of([submission], NOW_NS)
    assert tick == ticks.Trade("BTC/USD", 0, "X", -1.5, 3.0, 1, ("@",), "C", "B")
    assert isinstance(tick, ticks.Trade)
    assert (type(tick.price), type(tick.size)) == (float, float)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("symbol", ""),
        ("symbol", "A,B"),
        ("symbol", None),
        ("price", nan),
        ("price", inf),
        ("price", -inf),
        ("price", "1.0"),
        ("price", True),
        ("price", 10**400),
        ("price", Decimal("sNaN")),
        ("price", 1j),
        ("size", -1),
        ("size", None),
        ("event_ns", -1),
        ("event_ns", 1.5),
        ("event_ns", 1 << 63),
        ("trade_id", -1),
        ("trade_id", 1.5),
        ("trade_id", "x" * 129),
        ("exchange", None),
        ("exchange", "a\nb"),
        ("conditions", "@"),
        ("conditions", ("@",) * 17),
        ("conditions", (1,)),
        ("tape", 1),
        ("taker_side", "buy"),
        ("taker_side", []),
    ],
    ids=repr,
)
def test_a_wrong_field_is_named_with_its_tick_and_value(field: str, value: object) -> None:
    fields: dict[str, object] = {"symbol": "OWN", "price": 1.0, "size": 1, field: value}
    right = Trade(symbol="OWN", price=1.0, size=1)
    with pytest.raises(InvalidTick) as refused:
        ticks_of([right, Trade(**fields)], NOW_NS, 40)  # type: ignore[arg-type]  # some are wrong
    assert str(refused.value).startswith(f"ticks[41]: {field} ")
    assert "accepted: " in str(refused.value)


@pytest.mark.parametrize("value", [None, {"symbol": "OWN"}, ticks.Trade("A", 1, "", 1, 1, 1)])
def test_what_is_no_submission_is_refused(value: object) -> None:
    with pytest.raises(InvalidTick, match=r"^ticks\[0\]: .* feed.Trade, feed.Quote or feed.Status"):
        ticks_of([value], NOW_NS)


def test_a_status_without_a_code_and_a_quote_below_nothing_are_refused() -> None:
    with pytest.raises(InvalidTick, match="status_code is empty"):
        ticks_of([Status(symbol="OWN", status_code="")], NOW_NS)
    with pytest.raises(InvalidTick, match="ask_size -1"):
        ticks_of([Quote(symbol="OWN", bid_price=1, ask_price=1, ask_size=-1)], NOW_NS)
