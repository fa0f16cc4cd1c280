"""The account of a subscriber finds what is missing, comes twice, or is told wrongly."""

import pytest

from tests.cluster.rig.account import Account
from tests.cluster.rig.stream_ledger import StreamLedger

QUOTE = {"T": "q", "S": "AAPL", "bp": 1.0, "bs": 2, "ap": 1.5, "as": 3}


@pytest.fixture
def account() -> Account:
    """Return the account of a subscriber of nine sequences: 4 is a bar, and 7 and 8 are a hole."""
    stream = StreamLedger(epoch="k3f9", newest=9, holes={7, 8})
    trades = [("t", "AAPL", number) for number in (1, 2, 3)]
    quote = ("q", "AAPL", 1.0, 2, 1.5, 3)
    stream.keys = [*trades, None, quote, ("t", "AAPL", 6), None, None, ("t", "AAPL", 9)]
    return Account("7", stream)


def hear(account: Account, *numbers: int) -> None:
    for number in numbers:
        account.hear({"T": "t", "S": "AAPL", "i": number})


def tell_gap(account: Account, first: int, last: int, epoch: str = "k3f9") -> None:
    ends = {"from": f"{epoch}-{first}", "to": f"{epoch}-{last}"}
    account.hear({"T": "gap", **ends, "reason": "lost"})


def test_all_of_it_with_the_gap_that_was_told_is_as_it_should_be(account: Account) -> None:
    hear(account, 1, 2)
    account.reach("k3f9-2")
    hear(account, 3)
    account.hear(QUOTE)
    hear(account, 6)
    tell_gap(account, 7, 8)
    hear(account, 9)
    account.reach("k3f9-9")
    account.end(9)
    assert not account.findings
    checked = {"sequences checked": 9, "events checked": 6, "gaps told": 1}
    assert account.counts == checked | {"sequences in told gaps": 2, "of those not holes": 0}


def test_an_event_that_did_not_come_is_found(account: Account) -> None:
    hear(account, 1, 3)
    account.reach("k3f9-3")
    [finding] = account.findings
    assert "1 did not come [('t', 'AAPL', 2)], 0 came that were not due" in finding


def test_an_event_that_came_twice_is_found(account: Account) -> None:
    hear(account, 1, 2, 2, 3)
    account.reach("k3f9-3")
    [finding] = account.findings
    assert "0 did not come [], 1 came that were not due [('t', 'AAPL', 2)]" in finding


def test_another_order_is_found(account: Account) -> None:
    hear(account, 2, 1, 3)
    account.reach("k3f9-3")
    [finding] = account.findings
    assert "in another order" in finding


def test_a_hole_that_was_not_told_is_found(account: Account) -> None:
    account.stands = 6
    hear(account, 9)
    account.reach("k3f9-9")
    [finding] = account.findings
    assert "was not told of the holes [7, 8]" in finding


def test_what_a_told_gap_has_need_not_come_and_is_counted(account: Account) -> None:
    hear(account, 1)
    tell_gap(account, 2, 3)
    account.reach("k3f9-3")
    assert not account.findings
    assert account.counts["of those not holes"] == 2


def test_what_came_before_a_cut_is_told_again(account: Account) -> None:
    hear(account, 1, 2)
    account.connect("edge 2")
    hear(account, 1, 2, 3)
    account.reach("k3f9-3")
    assert not account.findings
    assert account.counts["told again"] == 2


def test_what_the_audit_has_not_read_yet_is_checked_later(account: Account) -> None:
    account.stream.newest = 2
    hear(account, 1, 3)
    account.reach("k3f9-3")
    assert not account.findings
    account.stream.newest = 3
    account.check()
    assert len(account.findings) == 1


@pytest.mark.parametrize("position", ["k3f9-1", "xxxx-5"])
def test_a_position_that_goes_back_or_elsewhere_is_found(account: Account, position: str) -> None:
    account.stands = 2
    account.reach(position)
    assert f"was told {position}" in account.findings[0]


def test_a_gap_of_another_epoch_is_found(account: Account) -> None:
    tell_gap(account, 1, 2, epoch="xxxx")
    assert "in the epoch k3f9" in account.findings[0]


def test_an_error_is_found(account: Account) -> None:
    account.hear({"T": "error", "code": 407, "msg": "slow client"})
    assert "was told" in account.findings[0]


def test_an_end_before_the_end_of_the_stream_is_found(account: Account) -> None:
    hear(account, 1, 2)
    account.reach("k3f9-2")
    account.end(9)
    assert account.findings == ["subscriber 7: ended at 2 of 9, 2 of which are checked"]
