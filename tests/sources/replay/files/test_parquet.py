"""Parquet is read by its columns, row group by row group, to exact equality with the same CSV."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from feed.errors import SourceError
from feed.sources.replay.formats.columns import chosen_layout
from tests.sources.replay.formats.vendor_files import FILES, VendorFile
from tests.sources.replay.recordings import opened, ticks_of

pa = pytest.importorskip("pyarrow", reason="pyarrow is not installed: the extra parquet")
parquet = pytest.importorskip("pyarrow.parquet")
csv = pytest.importorskip("pyarrow.csv")


def as_table(file: VendorFile) -> Any:
    """Return a vendor's CSV as pyarrow itself reads it: integers, floats, texts, nulls, times."""
    data = pa.BufferReader(file.data)
    convert = csv.ConvertOptions(strings_can_be_null=True, column_types={"conditions": pa.string()})
    return csv.read_csv(data, convert_options=convert)


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    def write_table(table: Any, name: str = "a.parquet", **options: Any) -> Path:
        path = tmp_path / name
        parquet.write_table(table, path, **options)
        return path

    return write_table


@pytest.mark.parametrize(
    "name",
    [
        *("tardis trades", "tardis quotes", "massive trades", "massive quotes"),
        *("databento trades", "databento pretty", "databento mbp-1", "binance futures"),
    ],
)
async def test_a_vendors_table_in_parquet_is_replayed_to_exact_equality(
    name: str, write: Callable[..., Path]
) -> None:
    file = FILES[name]()
    path = write(as_table(file), "BTCUSDT-trades-2025-01.parquet", row_group_size=70)
    taken: list[str] = []
    async with opened(
        path, on_bad_row="stop", taken=lambda _, words: taken.append(words)
    ) as source:
        assert [tick async for batch in source.batches() for tick in batch] == file.ticks
    assert taken == [file.words.replace("CSV", "Parquet").removesuffix(", sorted by time")]


async def test_other_columns_are_named_and_of_any_type(write: Callable[..., Path]) -> None:
    at = pa.array([1_735_828_200_000_001], pa.timestamp("us", "UTC"))
    prices = pa.array(["1.25"]).cast(pa.decimal128(10, 2))
    names = pa.array(["A"]).dictionary_encode()
    told = pa.array([["@", "T"]])
    columns = {"Ticker": names, "when": at, "last": prices, "qty": pa.array([7]), "cond": told}
    layout = chosen_layout("symbol=ticker,timestamp=when,price=last,size=qty,conditions=cond")
    [tick] = await ticks_of(write(pa.table(columns)), chosen=layout, on_bad_row="stop")
    assert (tick.symbol, tick.event_ns) == ("A", 1_735_828_200_000_001_000)
    assert (tick.price, tick.size, tick.conditions) == (1.25, 7.0, ("@", "T"))  # type: ignore[union-attr]


async def test_rows_that_are_no_ticks_are_told_by_their_number(write: Callable[..., Path]) -> None:
    columns = {"symbol": ["A", None, "A"], "timestamp": [1e9, 1e9, None]}
    path = write(pa.table({**columns, "price": [1.0, 1.0, 1.0], "amount": [1, 1, 1]}))
    bad: list[str] = []
    ticks = await ticks_of(path, report=lambda row, _: bad.append(str(row)))
    assert len(ticks) == 1
    assert [words.partition(": ")[0] for words in bad] == [f"{path}, row 2", f"{path}, row 3"]


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda data: data[:-6], "is broken Parquet: "),
        (lambda data: data[:400] + b"\0" * 400 + data[800:], "cannot be read any further: "),
    ],
)
async def test_a_broken_file_is_told_in_one_line(
    spoil: Callable[[bytes], bytes], words: str, write: Callable[..., Path]
) -> None:
    path = write(as_table(FILES["tardis trades"]()))
    path.write_bytes(spoil(path.read_bytes()))
    with pytest.raises(SourceError, match=words) as refused:
        await ticks_of(path)
    assert "\n" not in str(refused.value)


async def test_without_pyarrow_it_is_said_what_to_install(
    write: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(pa.table({"a": [1]}))
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(SourceError, match=r"is Parquet; .*install 'feed-broadcaster\[parquet\]'"):
        await ticks_of(path)


async def test_memory_is_that_of_one_row_group_of_the_columns(write: Callable[..., Path]) -> None:
    rows, group = 16_000, 1_024
    columns = {"symbol": ["A"] * rows, "timestamp": [*range(10**9, 10**9 + rows)]}
    numbers = {"price": [1.5] * rows, "amount": [2.0] * rows}
    wide = {f"c{at}": [f"{at}-{row}" * 4 for row in range(rows)] for at in range(3)}
    path = write(pa.table({**columns, **numbers, **wide}), row_group_size=group, compression=None)
    before = pa.total_allocated_bytes()
    most = 0
    async with opened(path, peek_rows=1) as source:
        async for _ in source.batches():
            most = max(most, pa.total_allocated_bytes() - before)
    assert most < group * 4 * 16 * 4 < path.stat().st_size / 2
