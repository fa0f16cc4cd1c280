"""Tables that nobody knows are read by the columns that their owner names."""

from collections.abc import Callable
from pathlib import Path

import pytest

from feed.errors import InvalidInput, SourceError
from feed.market.ticks import Quote, Tick, Trade
from feed.sources.replay.formats.columns import chosen_layout
from tests.sources.replay.recordings import SECOND_NS, ticks_of


@pytest.mark.parametrize(
    ("columns", "lines", "tick"),
    [
        (
            "symbol=ticker,timestamp=sip_timestamp,price=price,size=size",
            ["Ticker,SIP_timestamp,price,size,note", "A,1700000000,1.5,2,x"],
            Trade("A", 1, "", 1.5, 2.0, 1_700_000_000 * SECOND_NS),
        ),
        (
            "symbol=1,timestamp=4,price=2,size=3,side=5,id=6,exchange=7,conditions=8,tape=9",
            ['A,1.5,2,1700000000,sell,77,X,"@,T",C'],
            Trade("A", 77, "X", 1.5, 2.0, 1_700_000_000 * SECOND_NS, ("@", "T"), "C", "S"),
        ),
        (
            "timestamp=t,bid_price=b,ask_price=a,ask_size=n,symbol=s,bid_exchange=x",
            ["t,b,a,n,s,x", "1700000000,1,2,3,A,V"],
            Quote("A", "V", 1.0, 0.0, "", 2.0, 3.0, 1_700_000_000 * SECOND_NS),
        ),
        (
            "symbol=1,timestamp=2,price=3,size=3",
            ["1,2,3", "A,1700000000,4"],  # a header of numbers is a header
            Trade("A", 1, "", 4.0, 4.0, 1_700_000_000 * SECOND_NS),
        ),
    ],
)
async def test_the_named_columns_give_the_tick(
    columns: str, lines: list[str], tick: Tick, write: Callable[..., Path]
) -> None:
    path = write(*lines, name="a.csv")
    assert await ticks_of(path, chosen=chosen_layout(columns), on_bad_row="stop") == [tick]


@pytest.mark.parametrize(
    ("unit_ns", "text", "seconds"),
    [
        (1, "5000000000", 5),
        (1_000, "5000000", 5),
        (1_000_000, "5000.000001", 5),
        (SECOND_NS, "5.000000001", 5),
    ],
)
async def test_the_unit_of_times_may_be_told(
    unit_ns: int, text: str, seconds: int, write: Callable[..., Path]
) -> None:
    path = write("symbol,timestamp,price,amount", f"A,{text},1,1", name="a.csv")
    [tick] = await ticks_of(path, unit_ns=unit_ns, on_bad_row="stop")
    assert tick.event_ns // SECOND_NS == seconds


async def test_a_column_that_is_not_there_is_told(write: Callable[..., Path]) -> None:
    path = write("s,t,p", "A,1,1", name="a.csv")
    chosen = chosen_layout("symbol=s,timestamp=t,price=p,size=q")
    with pytest.raises(
        SourceError, match=r"line 1: the columns 's,t,p' are without q; accepted: .*symbol=s,"
    ):
        await ticks_of(path, chosen=chosen)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "is not FIELD=COLUMN"),
        ("price", "'price' is not FIELD=COLUMN"),
        ("price=a,price=b", "price comes twice"),
        ("price=a,size=b,timestamp=c,colour=d", "'colour' is no field of trades"),
        ("price=a", "timestamp, size of trades is not named"),
        ("bid_price=a,timestamp=t", "ask_price of quotes is not named"),
    ],
)
def test_what_says_no_columns_is_refused(text: str, words: str) -> None:
    with pytest.raises(InvalidInput, match=words):
        chosen_layout(text)
