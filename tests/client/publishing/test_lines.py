"""Lines of NDJSON to a publisher: what is left out, and where a second run goes on."""

from collections.abc import AsyncIterator, Sequence

import pytest

from feed.client.publishing import lines as rules
from feed.client.publishing.lines import LinePublisher
from feed.errors import InvalidTick
from tests.client.publishing.publishers import publisher_of
from tests.fakes.mini_ingest import MiniIngest


async def in_pieces(text: str, size: int = 7) -> AsyncIterator[bytes]:
    data = text.encode()
    for start in range(0, len(data), size):
        yield data[start : start + size]


def check(ticks: Sequence[object]) -> None:
    for tick in ticks:
        if not isinstance(tick, dict) or "S" not in tick:
            raise InvalidTick("no tick")


def line_of(number: int) -> str:
    return f'{{"T":"t","S":"A","p":1,"s":1,"i":{number}}}\n'


async def publish(server: MiniIngest, text: str, *, again: bool = False) -> LinePublisher:
    told: list[object] = []
    async with publisher_of(server, batch_ticks=10_000) as out:
        lines = LinePublisher(out, check, told.append, again=again)
        await lines.publish(in_pieces(text))
    assert len(told) == lines.left_out
    return lines


async def test_lines_cut_anywhere_arrive_and_others_are_left_out(server: MiniIngest) -> None:
    text = (
        line_of(1) + "\nno\n" + f"[{line_of(2).strip()},{line_of(3).strip()}]\n[1]\n" + line_of(4)
    )
    lines = await publish(server, text.rstrip())
    assert server.ids == [1, 2, 3, 4]
    assert (lines.ticks, lines.left_out) == (4, 2)


async def test_a_second_run_goes_on_behind_the_line_that_the_server_has(
    server: MiniIngest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rules, "BATCH_TICKS", 2)
    text = "".join(map(line_of, range(1, 6)))
    await publish(server, text, again=True)
    lines = await publish(server, text + line_of(6) + line_of(7), again=True)
    assert server.ids == [1, 2, 3, 4, 5, 6, 7]
    assert (lines.ticks, lines.skipped) == (2, 5)


async def test_lines_that_are_too_long_are_left_out(
    server: MiniIngest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rules, "MAX_LINE_BYTES", 100)
    monkeypatch.setattr(rules, "MAX_LINE_TICKS", 2)
    text = "x" * 150 + "\n" + "[1,2,3]\n" + line_of(1)
    lines = await publish(server, text)
    assert (server.ids, lines.left_out) == ([1], 2)
