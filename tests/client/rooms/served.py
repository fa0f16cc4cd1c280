"""A real server for the tests of rooms, in this loop or in a thread of its own."""

from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager
from typing import Any

from feed.client.loop_thread import LoopThread
from feed.settings.options import Settings
from tests.fakes.servers import Feed, start_feed

SETTINGS: dict[str, Any] = {"port": 0, "rooms_messages_per_s": 10_000}


def base_of(feed: Feed) -> str:
    return f"http://127.0.0.1:{feed.port}"


@contextmanager
def served_rooms(**settings: Any) -> Iterator[str]:
    """Run a server in another thread; give its URL."""
    thread = LoopThread("a server")
    thread.begin()
    servers = AsyncExitStack()
    try:
        feed = thread.wait(start_feed(servers, None, Settings(**{**SETTINGS, **settings})))
        try:
            yield base_of(feed)
        finally:
            thread.wait(servers.aclose())
    finally:
        thread.end()
