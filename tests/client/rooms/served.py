"""A real server for the tests of rooms and alerts, in this loop or in a thread of its own."""

from collections.abc import Coroutine, Iterator
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

from feed.client.loop_thread import LoopThread
from feed.settings.options import Settings
from tests.fakes.servers import Feed, start_feed

SETTINGS: dict[str, Any] = {"port": 0, "rooms_messages_per_s": 10_000}


def base_of(feed: Feed) -> str:
    return f"http://127.0.0.1:{feed.port}"


@dataclass
class Served:
    """A server that runs in another thread.

    Attributes:
        url: of it.
        feed: the server itself, for what is done in its thread.
    """

    url: str
    feed: Feed
    _thread: LoopThread

    def do(self, work: Coroutine[Any, Any, object]) -> None:
        """Do something in its thread."""
        self._thread.wait(work)


@contextmanager
def served_feed(**settings: Any) -> Iterator[Served]:
    """Run a server in another thread."""
    thread = LoopThread("a server")
    thread.begin()
    servers = AsyncExitStack()
    try:
        feed = thread.wait(start_feed(servers, None, Settings(**{**SETTINGS, **settings})))
        try:
            yield Served(base_of(feed), feed, thread)
        finally:
            thread.wait(servers.aclose())
    finally:
        thread.end()


@contextmanager
def served_rooms(**settings: Any) -> Iterator[str]:
    """Run a server in another thread; give its URL."""
    with served_feed(**settings) as served:
        yield served.url
