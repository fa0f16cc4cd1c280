"""Java's own GZIPInputStream: strict about the end of a body, and ahead of what it gives out."""

import asyncio
import json
from pathlib import Path

import pytest

from tests.fakes.deflated_readers import noisy
from tests.fakes.patience import PROGRAM_PATIENCE_S, repeat_until, until
from tests.fakes.servers import Feed, Serve, trades
from tests.toolchains.foreign import Foreign, Start, build, once, tool

pytestmark = [pytest.mark.toolchains, pytest.mark.timeout(300)]

SOURCE = Path(__file__).parent / "java" / "GzipLines.java"


@pytest.fixture(scope="session")
def classes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Compile the program; nothing is fetched."""
    javac = tool("javac", package="default-jdk-headless")
    return once(
        tmp_path_factory,
        "java",
        lambda folder: build([javac, "-d", ".", str(SOURCE)], folder),
    )


@pytest.mark.parametrize("reader", ["connection", "client"])
@pytest.mark.parametrize("after", ["", "&after=0"], ids=["live", "catching up"])
async def test_a_gzipped_stream_is_read_to_its_end_and_nothing_is_lost(
    serve: Serve, start: Start, classes: Path, reader: str, after: str
) -> None:
    feed = await serve()
    await feed.publish(*trades(1, 200))
    program = await read(start, classes, reader, feed.url(f"/v1/stream?trades=*{after}"))
    await feed.sessions_reach(1)
    await publish_to(feed, 201, 1_000)
    await feed.hub.departure.finish()
    assert await ids_to_the_end(program) == list(range(1 if after else 201, 1_001))


async def test_readers_of_one_lane_that_came_one_after_another_have_checksums_of_their_own(
    serve: Serve, start: Start, classes: Path
) -> None:
    feed = await serve()
    programs = []
    for number in range(3):
        url = feed.url("/v1/stream?trades=*")
        programs.append(await read(start, classes, "connection", url))
        await feed.sessions_reach(number + 1)
        await publish_to(feed, number * 500 + 1, number * 500 + 500)
    assert len({session.subscriber.lane for session in feed.hub.sessions.values()}) == 1
    await feed.hub.departure.finish()
    for number, program in enumerate(programs):
        assert await ids_to_the_end(program) == list(range(number * 500 + 1, 1_501))


async def test_a_reader_that_stalled_and_caught_up_has_a_body_that_ends(
    serve: Serve, start: Start, classes: Path
) -> None:
    feed = await serve(high_water_bytes=8_192, slow_timeout_s=60)
    url = feed.url("/v1/stream?trades=*")
    stalled = await read(start, classes, "connection", url)
    await feed.sessions_reach(1)
    stalled.stall()
    last = 0
    for _ in repeat_until(lambda: feed.hub.audience.behind):
        await feed.publish(*map(noisy, range(last + 1, last + 201)))
        last += 200
    stalled.go_on()
    ids = asyncio.create_task(ids_to_the_end(stalled))  # or its pipe would stall it next
    await until(lambda: not feed.hub.audience.behind, PROGRAM_PATIENCE_S)
    await feed.publish(*map(noisy, range(last + 1, last + 21)))  # in its lane's own frame
    await feed.hub.departure.finish()
    assert await ids == list(range(1, last + 21))


async def read(start: Start, classes: Path, reader: str, url: str) -> Foreign:
    java = tool("java", package="default-jre-headless")
    return await start(java, "-cp", classes, SOURCE.stem, reader, url)


async def publish_to(feed: Feed, first: int, last: int) -> None:
    """Publish trades in small batches: the reader's buffer rarely ends where a line does."""
    for begin in range(first, last, 20):
        await feed.publish(*trades(begin, begin + 19))


async def ids_to_the_end(program: Foreign) -> list[int]:
    """Read until the program ends, as it should; return the ids of the trades."""
    lines = []
    while (line := await program.line()) is not None:
        lines.append(line)
    assert await program.ended() == (0, "")
    told = [message for line in lines for message in json.loads(line)]
    assert told[-1]["T"] == "bye"
    return [each["i"] for each in told if each["T"] == "t"]
