"""Firings: each is news once, whatever is told again, and what is acknowledged is gone."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feed.client.alerting.firings import MOST_KNOWN, Firings
from feed.client.alerting.words import Acknowledged, Alert, alert_of
from feed.client.errors import Malformed


def alert(id_: str, **fields: Any) -> Alert:
    words = ("owner", "id", "rule", "symbol", "field", "op", "value", "seen", "at", "t")
    made: Any = alert_of({"T": "alert", **dict.fromkeys(words, "x"), "id": id_, **fields})
    return made  # type: ignore[no-any-return]


def acknowledged(id_: str) -> Acknowledged:
    return {"T": "acknowledged", "owner": "x", "id": id_, "rule": "x", "t": "x"}


def test_a_firing_is_news_once() -> None:
    firings = Firings()
    assert firings.take(alert("a"))
    assert not firings.take(alert("a", after_gap=True))
    assert firings.take(alert("b"), snapshot=True)
    assert [each["id"] for each in firings.open] == ["a", "b"]
    assert not firings.take(acknowledged("a"))
    assert not firings.take(alert("a")), "it was on its way"
    assert [each["id"] for each in firings.open] == ["b"]


def test_what_a_snapshot_leaves_out_was_acknowledged_elsewhere() -> None:
    firings = Firings()
    for id_ in "abc":
        firings.take(alert(id_))
    firings.take(alert("a"), snapshot=True)
    firings.restart()
    assert not firings.take(alert("b"), snapshot=True)
    assert firings.take(alert("d"), snapshot=True)
    firings.end_snapshot()
    assert [each["id"] for each in firings.open] == ["b", "d"]
    assert not firings.take(alert("c"))


def test_what_is_remembered_is_bounded() -> None:
    firings = Firings()
    for number in range(MOST_KNOWN + 1):
        firings.close(f"{number}")
    assert firings.take(alert("0"))
    assert not firings.take(alert("1"))


@pytest.mark.parametrize("told", [{"T": "alert", "id": "a"}, {"T": "acknowledged", "id": 7}])
def test_a_word_that_lacks_something_is_malformed(told: dict[str, Any]) -> None:
    with pytest.raises(Malformed, match=f"a word {told['T']} has id"):
        alert_of(told)


@given(st.lists(st.tuples(st.sampled_from("abcd"), st.booleans())))
def test_each_is_given_once_in_any_order(told: list[tuple[str, bool]]) -> None:
    firings, given_ids, closed = Firings(), list[str](), set[str]()
    for id_, is_over in told:
        if is_over:
            closed.add(id_)
        if firings.take(acknowledged(id_) if is_over else alert(id_)):
            given_ids.append(id_)
    assert len(given_ids) == len(set(given_ids))
    assert {each["id"] for each in firings.open} == set(given_ids) - closed
