"""What is no tick in a vendor's file is told, counted by reason, and costs no other row."""

from collections.abc import Callable
from pathlib import Path

from tests.sources.replay.recordings import opened

HEADER = "exchange,symbol,timestamp,local_timestamp,id,side,price,amount"
GOOD = "x,A,1735828200000000,1,7,buy,1.5,2"
BAD = {
    "x,,1735828200000000,1,7,buy,1.5,2": "symbol '' is not accepted",
    "x,A,1735828200000000,1,7,buy,NaN,2": "price 'NaN' is not accepted",
    "x,A,1735828200000000,1,7,buy,cheap,2": "price 'cheap' is not accepted",
    "x,A,1735828200000000,1,7,buy,1.5,-2": "amount '-2' is not accepted",
    "x,A,never,1,7,buy,1.5,2": "timestamp 'never' is not accepted",
    "x,A,1735828200000000,1,7,up,1.5,2": "side 'up' is not accepted",
    "[[1,2],[3,4]]": "2 cells where the header has 8",
    "x" * 10_000_000: "longer than a line may be",
}
OF_1970 = "x,A,1,1,8,buy,1.5,2"


async def test_rows_that_are_no_ticks_are_told_and_cost_no_other(
    write: Callable[..., Path],
) -> None:
    rows = [row for bad in BAD for row in (GOOD, bad)]
    path = write(HEADER, *rows, OF_1970, *[GOOD] * 10, name="a.csv")
    told: list[tuple[int, str]] = []
    async with opened(path, report=lambda row, _: told.append((row.line, row.detail))) as source:
        ticks = [tick async for batch in source.batches() for tick in batch]
        assert source.rows_skipped == {"unreadable": 1, "invalid": 7}
        assert source.passes == 1  # that of 1970 is a stray
    assert len(ticks) == len(BAD) + 1 + 10
    # The first five are reported at once, and the last at the end.
    assert [line for line, _ in told] == [3, 5, 7, 9, 11, 17]
    words = [*BAD.values()]
    for (_, detail), expected in zip(told, [*words[:5], words[-1]], strict=True):
        assert expected in detail
