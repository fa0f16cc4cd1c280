"""What tests of compression share: frames of several ticks, and those who read them."""

from tests.fakes.deflated_readers import DeflateReader, salted_trades
from tests.fakes.readers import Reader
from tests.fakes.servers import Feed


def address(feed: Feed) -> tuple[str, int]:
    return feed.host, feed.port


async def ids(reader: Reader, count: int) -> list[int]:
    """Read so many trades, and whatever the last of them came with."""
    got: list[int] = []
    while len(got) < count:
        messages, _ = await reader.read()
        got += [message["i"] for message in messages if message["T"] == "t"]
    return got


async def publish_frames(feed: Feed, first: int, frames: int, ticks: int = 3) -> int:
    """Publish so many batches, each a frame; return the last number."""
    for _ in range(frames):
        await feed.publish(*salted_trades(first, first + ticks - 1))
        first += ticks
    return first - 1


async def subscribe(reader: DeflateReader) -> DeflateReader:
    await reader.subscribe(trades=["*"])
    return reader
