"""Several files are one recording: by the market's clock, each opened only while it is due."""

import random
from collections.abc import Callable
from pathlib import Path

import pytest

from feed.errors import SourceError
from feed.market.ticks import Tick, Trade
from feed.sources.replay.files import recognition
from feed.sources.replay.files.packed import Packed
from feed.sources.replay.files.places import files_of
from tests.sources.replay.recordings import (
    START_NS,
    opened,
    seconds_of,
    ticks_of,
    trade_row,
)

HEADER = "symbol,timestamp,price,amount"


def symbols_of(ticks: list[Tick]) -> str:
    return "".join(tick.symbol for tick in ticks)


async def test_files_of_one_day_interleave_by_their_times(write: Callable[..., Path]) -> None:
    write(*(trade_row(second, "A") for second in (1, 4, 4, 9)), name="a.ndjson")
    rows = [f"B,{START_NS // 10**9 + second},1,1" for second in (2, 4, 12)]
    path = write(HEADER, *rows, name="b.csv")
    ticks = await ticks_of(Path(f"{path.parent}/a.ndjson,{path}"), on_bad_row="stop")
    assert seconds_of(ticks) == [1, 2, 4, 4, 4, 9, 12]
    assert symbols_of(ticks) == "ABAABAB"  # of equal times, those of the file named first


async def test_each_file_keeps_its_order_and_stands_where_its_clock_is(
    write: Callable[..., Path],
) -> None:
    draw = random.Random(3)
    expected: list[tuple[float, int, int]] = []
    for name in range(4):
        clock = 0.0
        rows = []
        for number in range(700):
            at_s = max(0.0, number / 10 + draw.uniform(-5, 5))
            clock = max(clock, at_s)
            expected.append((clock, name, number))
            rows.append(trade_row(at_s, f"S{name}", i=number))
        write(*rows, name=f"{name}.ndjson")
    path = write(trade_row(80, "S4", i=0), name="4.ndjson")
    expected.append((80.0, 4, 0))
    async with opened(Path(f"{path.parent}/[0-4].ndjson"), on_bad_row="stop") as source:
        ticks: list[Tick] = []
        clocks: list[int] = []
        async for batch in source.batches():
            ticks += batch
            clocks += source.clocks_ns or []
        assert source.passes == 1
    found = [(int(tick.symbol[1]), tick.trade_id) for tick in ticks if isinstance(tick, Trade)]
    assert found == [(name, number) for _, name, number in sorted(expected)]
    assert clocks == sorted(clocks)


async def test_days_follow_one_another_with_one_file_open(
    write: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    at_once: list[int] = []
    now_open: set[int] = set()

    class Counted(Packed):
        __slots__ = ()

        def __init__(self, path: Path) -> None:
            super().__init__(path)
            now_open.add(id(self))
            at_once.append(len(now_open))

        def close(self) -> None:
            super().close()
            now_open.discard(id(self))

    monkeypatch.setattr(recognition, "Packed", Counted)
    for day in range(20):
        rows = [f"A,{START_NS // 10**9 + day * 86_400 + second},1,1" for second in range(600)]
        path = write(HEADER, *rows, name=f"day{day:02}.csv")
    place = Path(f"{path.parent}/day*.csv")
    ticks = await ticks_of(place, on_bad_row="stop")
    assert seconds_of(ticks) == [
        day * 86_400 + second for day in range(20) for second in range(600)
    ]
    # Ids that the files do not have are counted on over all of them.
    assert [tick.trade_id for tick in ticks if isinstance(tick, Trade)] == [*range(1, 12_001)]
    assert max(at_once) == 1
    assert not now_open


async def test_bad_rows_are_told_by_their_file_and_a_broken_file_ends_it(
    write: Callable[..., Path], tmp_path: Path
) -> None:
    one = write(trade_row(1), "{", trade_row(3), name="1.ndjson")
    other = write(HEADER, f"A,{START_NS // 10**9 + 2},1,1", "A,x,1,1", name="2.csv")
    reported: list[str] = []
    place = Path(f"{one},{other}")
    ticks = await ticks_of(place, report=lambda row, _: reported.append(str(row)))
    assert seconds_of(ticks) == [1, 2, 3]
    assert sorted(words.split(": ")[0] for words in reported) == [
        f"{one}, line 2",
        f"{other}, line 3",
    ]
    (tmp_path / "3.csv.gz").write_bytes(b"\x1f\x8b")
    with pytest.raises(SourceError, match=r"3\.csv\.gz: cannot be read after line 0"):
        await ticks_of(Path(f"{one},{tmp_path}/3.csv.gz"))


async def test_a_loop_over_several_files_starts_over_with_the_first(
    write: Callable[..., Path],
) -> None:
    write(trade_row(1), name="1.ndjson")
    path = write(trade_row(2), name="2.ndjson")
    found: list[float] = []
    async with opened(Path(f"{path.parent}/?.ndjson"), loop=True) as source:
        async for batch in source.batches():
            found += seconds_of(batch)
            if source.passes == 3:
                break
    assert found[:4] == [1, 2, 1, 2]


def test_a_place_names_files_by_commas_and_globs(tmp_path: Path) -> None:
    for name in ("b.csv", "a.csv", "c,d.csv", "e[1].csv"):
        (tmp_path / name).write_text("")
    (tmp_path / "folder.csv").mkdir()

    def names(place: str) -> list[str]:
        return [path.name for path in files_of(f"{tmp_path}/{place}")]

    assert names("[ab].csv") == ["a.csv", "b.csv"]
    assert names(f"b.csv,{tmp_path}/[ab].csv") == ["b.csv", "a.csv"]
    assert names("c,d.csv") == ["c,d.csv"]
    assert names("e[1].csv") == ["e[1].csv"]
    assert names("gone.csv") == ["gone.csv"]
    with pytest.raises(SourceError, match=r"gone\*: no file is named so"):
        names("gone*")
    with pytest.raises(SourceError, match="names an empty file"):
        names("a.csv,,b.csv")


async def test_a_new_pass_of_one_file_comes_after_the_first_of_all(
    write: Callable[..., Path],
) -> None:
    one_pass = [*range(0, 1_000, 50)]
    write(*(trade_row(second, "A") for second in one_pass * 2), name="a.ndjson")
    path = write(*(trade_row(second + 1, "B") for second in one_pass), name="b.ndjson")
    async with opened(Path(f"{path.parent}/[ab].ndjson"), on_bad_row="stop") as source:
        found: list[tuple[int, str, int]] = []
        async for batch in source.batches():
            assert source.clocks_ns == [tick.event_ns for tick in batch]
            found += [(source.passes, tick.symbol, tick.event_ns) for tick in batch]
    both = [(symbol, at + late) for at in one_pass for symbol, late in (("A", 0), ("B", 1))]
    first = [(1, symbol, START_NS + at * 10**9) for symbol, at in both]
    again = [(2, "A", START_NS + at * 10**9) for at in one_pass]
    assert found == [*first, *again]
