"""Pages of connections of several workers as one: in order, whole, and no longer than asked."""

from typing import Any

import pytest

from feed.http.workers.connections_of_all import merged_pages


def line(number: int, lag: int = 0, held: int = 0) -> Any:
    return {"id": number, "lag_ticks": lag, "buffered_bytes": held}


def page(*lines: Any, following: int | None = None, total: int | None = None) -> Any:
    return {
        "connections": list(lines),
        "next": following,
        "total": len(lines) if total is None else total,
    }


def ids(merged: Any) -> list[int]:
    return [each["id"] for each in merged["connections"]]


def test_the_last_page_has_all_that_is_left() -> None:
    whole = merged_pages([page(line(5), line(9)), page(line(7))], 10, "id")
    assert (ids(whole), whole["next"], whole["total"]) == ([5, 7, 9], None, 3)


def test_a_page_ends_where_the_next_one_begins() -> None:
    pages = [page(line(5), line(9), following=9, total=20), page(line(7), line(8))]
    whole = merged_pages(pages, 2, "id")
    assert (ids(whole), whole["next"], whole["total"]) == ([5, 7], 7, 22)


def test_one_that_has_more_says_so_for_all() -> None:
    whole = merged_pages([page(line(5), following=5, total=3), page()], 1, "id")
    assert (ids(whole), whole["next"]) == ([5], 5)


@pytest.mark.parametrize(("by", "wanted"), [("lag", [2, 3]), ("buffered", [4, 3])])
def test_the_worst_of_all_are_the_worst(by: str, wanted: list[int]) -> None:
    pages = [page(line(1), line(2, lag=9)), page(line(3, lag=5, held=1), line(4, held=2))]
    whole = merged_pages(pages, 2, by)
    assert (ids(whole), whole["next"]) == (wanted, None)
