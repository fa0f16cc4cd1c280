"""Reports of clients on the ages of ticks: as control messages, and as bodies of requests."""

import math
from typing import Any

import pytest

from feed.errors import InvalidMessage, InvalidParameter
from feed.wire.control import Feedback, Report, parse_control
from feed.wire.request_fields import MAX_AGE_MS, MAX_AGES
from feed.wire.transport import Transport

A_LIST = f"a list of 1 to {MAX_AGES} ages"
AN_AGE = f"ages in milliseconds from 0 to {MAX_AGE_MS}, not "


def test_a_day_is_the_oldest_age_and_a_report_has_64() -> None:
    assert (MAX_AGE_MS, MAX_AGES) == (24 * 60 * 60 * 1_000, 64)


@pytest.mark.parametrize(
    "ages",
    [[1], [0], [0.0], [MAX_AGE_MS], [float(MAX_AGE_MS)], [1.5, 2, 20_000], list(range(MAX_AGES))],
    ids=repr,
)
def test_ages_are_taken_as_they_come(ages: list[float]) -> None:
    control = parse_control({"action": "feedback", "ages_ms": ages})
    assert isinstance(control, Feedback)
    assert control.ages_ms == ages
    assert Report.of({"transport": "sse", "ages_ms": ages}).ages_ms == ages


@pytest.mark.parametrize(
    ("ages", "accepted"),
    [
        (None, A_LIST),
        (1, A_LIST),
        ("12", A_LIST),
        ({"1": 1}, A_LIST),
        ([], A_LIST),
        ([1] * (MAX_AGES + 1), A_LIST),
        ([-1], f"{AN_AGE}-1"),
        ([1, -0.001], f"{AN_AGE}-0.001"),
        ([MAX_AGE_MS + 1], f"{AN_AGE}{MAX_AGE_MS + 1}"),
        ([MAX_AGE_MS + 0.001], f"{AN_AGE}{MAX_AGE_MS + 0.001}"),
        ([math.nan], f"{AN_AGE}nan"),
        ([math.inf], f"{AN_AGE}inf"),
        ([True], f"{AN_AGE}True"),
        (["1"], f"{AN_AGE}'1'"),
        ([1, None], f"{AN_AGE}None"),
        ([[1]], f"{AN_AGE}[1]"),
    ],
    ids=repr,
)
def test_what_is_no_list_of_ages_is_refused(ages: object, accepted: str) -> None:
    for refused in (
        lambda: parse_control({"action": "feedback", "ages_ms": ages}),
        lambda: Report.of({"transport": "sse", "ages_ms": ages}),
    ):
        with pytest.raises(InvalidParameter) as caught:
            refused()
        assert (caught.value.parameter, caught.value.accepted) == ("ages_ms", accepted)


@pytest.mark.parametrize("transport", Transport)
def test_a_report_names_its_transport(transport: Transport) -> None:
    assert Report.of({"transport": transport.value, "ages_ms": [1]}).transport is transport


@pytest.mark.parametrize("transport", [None, "", "SSE", "auto", 1, ["sse"]], ids=repr)
def test_a_transport_that_is_none_is_refused(transport: object) -> None:
    with pytest.raises(InvalidParameter, match=r"^transport: ") as caught:
        Report.of({"transport": transport, "ages_ms": [1]})
    assert caught.value.value == transport


@pytest.mark.parametrize(
    ("fields", "parameter"),
    [
        ({"ages_ms": [1]}, "transport"),
        ({"transport": "sse"}, "ages_ms"),
        ({"transport": "sse", "ages_ms": [1], "action": "feedback"}, "action"),
    ],
)
def test_a_report_has_exactly_its_two_fields(fields: dict[str, Any], parameter: str) -> None:
    with pytest.raises(InvalidParameter, match=f"^{parameter}: "):
        Report.of(fields)


def test_a_body_that_is_not_a_map_is_no_report() -> None:
    with pytest.raises(InvalidMessage, match="a map with the key ages_ms, not list"):
        Report.of([{"transport": "sse", "ages_ms": [1]}])
