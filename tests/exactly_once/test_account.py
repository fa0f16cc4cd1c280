"""The account of a subscriber: what it calls lost, and what it calls twice."""

import pytest

from tests.exactly_once.account import MOST_FINDINGS, Account

OVER = [("A", 1), ("B", 1), ("A", 2), ("B", 2), ("A", 3)]


def account_of(trades: list[tuple[str, int]]) -> Account:
    account = Account("me", {"A": 3, "B": 2})
    for symbol, number in trades:
        account.hear(symbol, number)
    return account


def test_all_in_order_is_no_finding() -> None:
    account = account_of(OVER)
    account.end()
    assert account.findings == []
    assert account.is_complete
    assert account.ticks == 5


@pytest.mark.parametrize(
    ("trades", "finding"),
    [
        ([*OVER, ("B", 2)], "trade 2 of B came twice, after 2"),
        ([("A", 1), ("A", 3), *OVER[1::2]], "trades 2 to 2 of A did not come before 3"),
        (OVER[:-1], "trades 3 to 3 of A did not come"),
        ([*OVER, ("A", 4)], "trades 4 to 4 of A were never published"),
        ([*OVER, ("C", 1)], "trade 1 of C was never published"),
    ],
)
def test_whatever_else_comes_is_one(trades: list[tuple[str, int]], finding: str) -> None:
    account = account_of(trades)
    account.end()
    assert account.findings == [f"me: {finding}"]


def test_the_first_findings_are_kept() -> None:
    account = account_of([("A", 1)] * 100)
    assert len(account.findings) == MOST_FINDINGS
