"""DBN is read to exact equality with what its authors' library wrote, symbols by their days."""

import sys
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import zstandard

from feed.errors import SourceError
from feed.market.ticks import Quote, Tick, Trade
from tests.sources.replay.formats.vendor_files import Drawn, drawn
from tests.sources.replay.recordings import opened, ticks_of

dbn = pytest.importorskip(
    "databento_dbn", reason="databento-dbn is not installed: the extra databento"
)

ID = 5482
MIDNIGHT_NS = 1_735_862_400_000_000_000  # 2025-01-03T00:00:00Z
MAPPINGS = {
    "ESH5": [(date(2025, 1, 2), date(2025, 1, 3))],
    "ESM5": [(date(2025, 1, 3), date(2025, 1, 4))],
}


def head(schema: Any, mappings: dict[str, list[tuple[date, date]]] | None = None) -> bytes:
    told = [
        {
            "raw_symbol": symbol,
            "intervals": [
                {"start_date": first, "end_date": end, "symbol": str(ID)} for first, end in days
            ],
        }
        for symbol, days in (MAPPINGS if mappings is None else mappings).items()
    ]
    metadata = dbn.Metadata(
        "GLBX.MDP3",
        drawn_ns(),
        dbn.SType.RAW_SYMBOL,
        dbn.SType.INSTRUMENT_ID,
        schema,
        symbols=[*MAPPINGS],
        mappings=[_Mapping(each) for each in told],
    )
    return bytes(metadata.encode())


class _Mapping:
    """A mapping as the library wants it."""

    def __init__(self, told: dict[str, Any]) -> None:
        self.raw_symbol = told["raw_symbol"]
        self.intervals = [_Interval(each) for each in told["intervals"]]


class _Interval:
    def __init__(self, told: dict[str, Any]) -> None:
        self.start_date, self.end_date = told["start_date"], told["end_date"]
        self.symbol = told["symbol"]


def drawn_ns() -> int:
    return next(drawn(1)).at_ns


def rows() -> list[Drawn]:
    """Return rows of two days."""
    found = list(drawn(1))
    return [
        replace(row, at_ns=row.at_ns + (MIDNIGHT_NS - found[0].at_ns) * (row.number % 1_000 > 150))
        for row in found
    ]


def symbol_of(row: Drawn) -> str:
    return "ESH5" if row.at_ns < MIDNIGHT_NS else "ESM5"


def trades() -> tuple[bytes, list[Tick]]:
    data = head(dbn.Schema.TRADES)
    ticks: list[Tick] = []
    counts = {"ESH5": 0, "ESM5": 0}
    for row in rows():
        side = dbn.Side.BID if row.buys else dbn.Side.ASK
        size = row.size % 1_000 + 1
        record = dbn.TradeMsg(
            *(2, ID, row.at_ns, row.price, size, dbn.Action.TRADE, side, 0, row.at_ns),
            sequence=row.number,
        )
        data += bytes(record)
        symbol = symbol_of(row)
        counts[symbol] += 1
        price, _ = row.floats
        ticks.append(
            Trade(
                *(symbol, counts[symbol], "2", price, float(size), row.at_ns),
                taker_side=row.side,
            )
        )
    return data, ticks


def book() -> tuple[bytes, list[Tick]]:
    data = head(dbn.Schema.MBP_1)
    ticks: list[Tick] = []
    number = 0
    for row in list(drawn(1))[:60]:
        is_trade = row.number % 3 == 0
        level = dbn.BidAskPair(row.price, dbn.UNDEF_PRICE, 4, 0, 1, 0)
        record = dbn.MBP1Msg(
            *(2, ID, row.at_ns, row.price, 7),
            dbn.Action.TRADE if is_trade else dbn.Action.ADD,
            *(dbn.Side.NONE, 0, row.at_ns),
            levels=level,
        )
        data += bytes(record)
        if is_trade:
            number += 1
            ticks.append(Trade("ESH5", number, "2", row.floats[0], 7.0, row.at_ns))
        else:
            ticks.append(Quote("ESH5", "2", row.floats[0], 4.0, "2", 0.0, 0.0, row.at_ns))
    return data, ticks


@pytest.mark.parametrize("compressed", [True, False])
@pytest.mark.parametrize(("written", "schema"), [(trades, "trades"), (book, "mbp-1")])
async def test_a_file_is_replayed_to_exact_equality(
    written: Any, schema: str, compressed: bool, tmp_path: Path
) -> None:
    data, ticks = written()
    path = tmp_path / ("a.dbn.zst" if compressed else "a.dbn")
    path.write_bytes(zstandard.compress(data) if compressed else data)
    taken: list[str] = []
    async with opened(
        path, on_bad_row="stop", taken=lambda _, words: taken.append(words)
    ) as source:
        assert [tick async for batch in source.batches() for tick in batch] == ticks
    assert taken == [f"{schema} of Databento, DBN{' in zstd' if compressed else ''}"]


async def test_an_instrument_without_a_symbol_on_its_day_is_a_bad_row(tmp_path: Path) -> None:
    path = tmp_path / "a.dbn"
    data, ticks = trades()
    first_day = {"ESH5": MAPPINGS["ESH5"]}
    path.write_bytes(head(dbn.Schema.TRADES, first_day) + data[len(head(dbn.Schema.TRADES)) :])
    bad: list[str] = []
    found = await ticks_of(path, report=lambda row, _: bad.append(str(row)))
    assert found == [tick for tick in ticks if tick.symbol == "ESH5"]
    assert bad[0].startswith(f"{path}, row 152: instrument {ID} has no symbol on its day")


@pytest.mark.parametrize(
    ("cut", "words"),
    [(20, "cannot be read any further|without a head"), (-5, "it is cut off in a record")],
)
async def test_a_file_that_is_cut_off_is_told(cut: int, words: str, tmp_path: Path) -> None:
    path = tmp_path / "a.dbn"
    path.write_bytes(trades()[0][:cut])
    with pytest.raises(SourceError, match=words):
        await ticks_of(path)


async def test_another_schema_is_refused_by_its_name(tmp_path: Path) -> None:
    path = tmp_path / "a.dbn"
    path.write_bytes(head(dbn.Schema.OHLCV_1S))
    with pytest.raises(SourceError, match="is DBN of ohlcv-1s; accepted: that of trades, mbp-1"):
        await ticks_of(path)


async def test_without_the_library_it_is_said_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.dbn"
    path.write_bytes(trades()[0])
    monkeypatch.setitem(sys.modules, "databento_dbn", None)
    with pytest.raises(SourceError, match=r"is DBN; .*pip install 'feed-broadcaster\[databento\]'"):
        await ticks_of(path)
