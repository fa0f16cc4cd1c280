"""A file of each vendor's format is taken for what it is, and replayed to exact equality."""

import gzip
import io
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
import zstandard

from feed.errors import InvalidInput, SourceError
from feed.market.ticks import Trade
from feed.sources.replay.formats.vendors import layout_of, names_without_header
from tests.sources.replay.formats.vendor_files import FILES, VendorFile, kraken, tardis_trades
from tests.sources.replay.recordings import opened, ticks_of


def zipped(file: VendorFile) -> bytes:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as opened_zip:
        opened_zip.writestr(file.name, file.data)
    return archive.getvalue()


def members(file: VendorFile) -> bytes:
    """Compress a file in two members, as tools write it that go on where they stopped."""
    return gzip.compress(file.data[:7_777]) + gzip.compress(file.data[7_777:])


def spreadsheet(file: VendorFile) -> bytes:
    """Write a file as a spreadsheet does: with a mark, carriage returns and no last line feed."""
    return b"\xef\xbb\xbf" + file.data.replace(b"\n", b"\r\n").removesuffix(b"\r\n")


PACKINGS: dict[str, tuple[Callable[[VendorFile], bytes], str, str]] = {
    "plain": (lambda file: file.data, "", ""),
    "gzip": (members, ".gz", " in gzip"),
    "zstd": (lambda file: zstandard.compress(file.data), ".zst", " in zstd"),
    "zip": (zipped, ".zip", " in zip"),
    "spreadsheet": (spreadsheet, "", ""),
}


@pytest.mark.parametrize(
    ("name", "packing"),
    [
        *((name, "plain") for name in FILES),
        *(("massive trades", packing) for packing in PACKINGS),
        *(("binance trades", packing) for packing in ("zip", "spreadsheet")),
    ],
)
async def test_a_vendors_file_is_replayed_to_exact_equality(
    name: str, packing: str, tmp_path: Path
) -> None:
    file = FILES[name]()
    pack, suffix, words = PACKINGS[packing]
    path = tmp_path / f"{file.name}{suffix}"
    path.write_bytes(pack(file))
    taken: list[tuple[Path, str]] = []
    async with opened(path, on_bad_row="stop", taken=lambda *each: taken.append(each)) as source:
        ticks = [tick async for batch in source.batches() for tick in batch]
    assert ticks == file.ticks
    assert taken == [(path, file.words.replace(", CSV", f", CSV{words}"))]


async def test_a_pair_may_be_named_where_the_name_of_the_file_does_not(tmp_path: Path) -> None:
    path = tmp_path / "time and sales.csv"
    path.write_bytes(kraken().data)
    with pytest.raises(SourceError, match="neither its columns nor its name tell a symbol"):
        await ticks_of(path)
    assert {tick.symbol for tick in await ticks_of(path, symbol="BTC/USD")} == {"BTC/USD"}


async def test_a_symbol_beside_a_column_of_symbols_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(tardis_trades().data)
    with pytest.raises(SourceError, match="its column symbol names the symbols"):
        await ticks_of(path, symbol="BTC/USD")


async def test_repeated_rows_are_repeated_and_sizes_may_be_fractional(tmp_path: Path) -> None:
    path = tmp_path / "ETHUSD.csv"
    path.write_text("1735828200,1.5e3,2.5e-3\n" * 3)
    ticks = await ticks_of(path, on_bad_row="stop")
    prices = [(tick.price, tick.size) for tick in ticks if isinstance(tick, Trade)]
    assert prices == [(1500.0, 0.0025)] * 3


@pytest.mark.parametrize(
    ("header", "words"),
    [
        (
            "exchange,symbol,timestamp,local_timestamp,is_snapshot,side,price,amount",
            r"those of changes of an order book \(incremental_book_L2 of Tardis\)",
        ),
        (
            "ts_recv,ts_event,rtype,publisher_id,instrument_id,action,side,price,size,order_id",
            r"those of orders of a book \(mbo of Databento\)",
        ),
        ("ts_event,bid_px_00,bid_px_01", "those of ten levels of an order book"),
        ("time,open,high,low,close", "neither trades nor quotes; accepted: a header"),
    ],
)
def test_what_looks_like_trades_and_is_not_is_refused_by_its_name(header: str, words: str) -> None:
    with pytest.raises(InvalidInput, match=words):
        layout_of(header.split(","))


@pytest.mark.parametrize(
    "record", ["1,2", "1,2,3,4", "a,2,3", "1,2,3,True", "1,2,x,4,5,True,True", "", "True,True"]
)
def test_other_records_are_of_no_known_file_without_a_header(record: str) -> None:
    assert names_without_header(record.split(",")) is None
