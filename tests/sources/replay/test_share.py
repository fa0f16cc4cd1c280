"""How much of a recording was read, as far as anybody knows."""

import gzip
from collections.abc import Callable
from pathlib import Path

import pytest

from feed.sources.replay.files.recognition import open_place
from feed.sources.replay.reading import Reading
from feed.wire.json_codec import JSON
from tests.fakes.servers import trades

ROWS = 8_000


def shares(place: str) -> list[float]:
    recording, _ = open_place(place, Reading())
    try:
        found = []
        while not recording.read_block().last:
            found.append(recording.share)
        return [*found, recording.share]
    finally:
        recording.close()


@pytest.mark.parametrize("pack", [bytes, gzip.compress], ids=["plain", "gzip"])
def test_it_is_the_share_of_the_bytes_of_all_files(
    tmp_path: Path, pack: Callable[[bytes], bytes]
) -> None:
    lines = [b'{"T":%b}\n' % each for each in JSON.encode(trades(1, ROWS))]
    whole, halves = tmp_path / "whole", [tmp_path / "a", tmp_path / "b"]
    whole.write_bytes(pack(b"".join(lines)))
    for half, place in zip((lines[: ROWS // 2], lines[ROWS // 2 :]), halves, strict=True):
        place.write_bytes(pack(b"".join(half)))
    for named in (str(whole), ",".join(map(str, halves))):
        told = shares(named)
        assert told == sorted(told)
        assert 0 < told[0] < 0.5
        assert told[len(told) // 2] == pytest.approx(0.5, abs=0.15)
        assert told[-1] == 1


def test_nobody_knows_it_of_a_file_that_is_sorted_first(tmp_path: Path) -> None:
    massive = tmp_path / "day.csv"
    header = "ticker,conditions,exchange,id,participant_timestamp,price,sip_timestamp,size,tape"
    rows = [f"A,,4,{number},1582329600000000000,1.5,1582329600000000000,2,1" for number in range(9)]
    massive.write_text("\n".join([header, *rows, ""]))
    assert shares(str(massive)) == [0]
