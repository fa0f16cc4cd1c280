"""Why a connection ended, in words and counts, and whether to come back."""

import pytest
from yarl import URL

from feed.client.errors import Malformed, Refused
from feed.client.link import Lost
from feed.sources.upstream.account import HTTP, OTHER, Account
from feed.sources.upstream.endings import End, Ended, ended_by

URL_ = "ws://feed.example:80/v2/iex"


@pytest.mark.parametrize(
    ("error", "end", "wait_s", "for_good"),
    [
        (Ended(End.SILENT, "nothing"), End.SILENT, 0, False),
        (Lost("busy", retry_after_s=7), End.CUT, 7, False),
        (Lost("the server leaves", stay_away_s=3), End.CUT, 3, False),
        (Refused(URL_, 401, "no", by_feed=False), End.REFUSED, 0, True),
        (Malformed("not JSON"), End.MALFORMED, 0, False),
        (ConnectionResetError(104, "reset"), End.CUT, 0, False),
    ],
)
def test_an_error_says_whether_to_come_back(
    error: Exception, end: End, wait_s: float, *, for_good: bool
) -> None:
    ended = ended_by(error, URL_)
    assert (ended.end, ended.retry_after_s, ended.for_good) == (end, wait_s, for_good)


def test_an_account_counts_what_became_of_connections() -> None:
    account = Account(URL_, ("l", "o"))
    connected = [account.connected]
    account.open(resumed=False)
    connected.append(account.connected)
    account.end(Ended(End.REFUSED, "auth failed", code=402, for_good=True))
    account.end(ended_by(Refused(URL_, 403, "forbidden", by_feed=False), URL_))
    account.end(Ended(End.REFUSED, "something new", code=499))
    assert [*connected, account.connected] == [False, True, False]
    assert account.ends[End.REFUSED] == 3
    assert {code: n for code, n in account.refusals.items() if n} == {"402": 1, HTTP: 1, OTHER: 1}
    assert account.last_words == "something new"
    assert [account.note_untold(kind) for kind in ("l", "l", "zz", "yy")] == [1, 0, 1, 0]
    assert account.untold == {"l": 2, "o": 0, OTHER: 2}


def test_an_error_of_the_system_is_told_with_the_address_only() -> None:
    ended = ended_by(ConnectionResetError(104, "x"), str(URL(URL_)))
    assert str(ended) == "the connection to feed.example:80 was cut: Connection reset by peer"
