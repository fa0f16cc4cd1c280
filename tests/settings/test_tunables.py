"""Options that nothing else shows to have an effect; and that each option is read at all."""

import asyncio
import tokenize
from itertools import pairwise
from pathlib import Path

import feed
from feed.settings.load import built_in_blocks
from tests.fakes.readers import open_reader
from tests.fakes.servers import Serve, trade

# `from` and `to` have names that no attribute can have, or are read beside one that has.
_READ_WHERE_OPTIONS_ARE = {"config", "allow_anonymous", "insecure", "from", "to", "llm_model"}


def test_every_option_is_read_by_somebody() -> None:
    read: set[str] = set()
    for path in Path(feed.__file__).parent.rglob("*.py"):
        if path.parent.name != "settings":
            # Not by `ast`, which fails once in a while where other threads are at work (gh-106905).
            with path.open("rb") as file:
                words = [token.string for token in tokenize.tokenize(file.readline)]
            read |= {word for before, word in pairwise(words) if before == "."}
    options = {name for block in built_in_blocks() for name in block.option_fields()}
    assert options - read == _READ_WHERE_OPTIONS_ARE


async def test_a_fixed_interval_gathers_what_comes_within_it(serve: Serve) -> None:
    feed = await serve(batch_ms=10_000)  # it does not end while this runs
    reader = await open_reader("stream-json", (feed.host, feed.port), marks="0")
    await feed.sessions_reach(1)
    for number in range(1, 11):
        await feed.source.publish([trade(number)])
    await asyncio.sleep(0.1)  # without an interval nothing would wait any more
    assert feed.hub.broadcast.waiting_ticks == 9, "a lone tick leaves at once"
    feed.hub.cutter.cut()
    frames = [[tick["i"] for tick in (await reader.read())[0]] for _ in range(2)]
    assert frames == [[1], list(range(2, 11))]


async def test_without_one_a_lone_tick_leaves_at_once_every_time(serve: Serve) -> None:
    feed = await serve()
    reader = await open_reader("stream-json", (feed.host, feed.port), marks="0")
    await feed.sessions_reach(1)
    for number in range(1, 11):
        await feed.source.publish([trade(number)])
        assert [tick["i"] for tick in (await reader.read())[0]] == [number]
