"""A live market-data broadcaster: one ring buffer, one frame for everybody.

`connect` and `connect_blocking` are the Python client; the rest of it is in `feed.client`.
`publisher` and `publisher_blocking` send ticks to a server, each once.
`generate` asks a language model of a server, and `watch_answer` reads what somebody asked it.
`room` is a room of a server, in which a desk talks; `alerts` are rules of one's own, and what they
tell; `export` has a server write a file.
`Broadcaster` is a feed inside a program, to which it publishes `Trade`, `Quote` and `Status`.
"""

from importlib import import_module
from typing import TYPE_CHECKING

__all__ = [
    "Broadcaster",
    "Instrument",
    "Quote",
    "Status",
    "Trade",
    "__version__",
    "alerts",
    "alerts_blocking",
    "connect",
    "connect_blocking",
    "export",
    "export_blocking",
    "generate",
    "generate_blocking",
    "publisher",
    "publisher_blocking",
    "room",
    "room_blocking",
    "watch_answer",
    "watch_answer_blocking",
]

__version__ = "0.1.0"

if TYPE_CHECKING:
    from feed.client.alerting.making import alerts, alerts_blocking
    from feed.client.connecting import connect, connect_blocking
    from feed.client.exporting.exporting import export, export_blocking
    from feed.client.generating.making import (
        generate,
        generate_blocking,
        watch_answer,
        watch_answer_blocking,
    )
    from feed.client.publishing.making import publisher, publisher_blocking
    from feed.client.rooms.making import room, room_blocking
    from feed.library.broadcaster import Broadcaster
    from feed.market.submissions import Quote, Status, Trade
    from feed.sources.source import Instrument
else:  # a type checker that saw a `__getattr__` would let every name pass
    _HOMES = {
        "alerts": "feed.client.alerting.making",
        "alerts_blocking": "feed.client.alerting.making",
        "connect": "feed.client.connecting",
        "connect_blocking": "feed.client.connecting",
        "export": "feed.client.exporting.exporting",
        "export_blocking": "feed.client.exporting.exporting",
        "generate": "feed.client.generating.making",
        "generate_blocking": "feed.client.generating.making",
        "watch_answer": "feed.client.generating.making",
        "watch_answer_blocking": "feed.client.generating.making",
        "publisher": "feed.client.publishing.making",
        "publisher_blocking": "feed.client.publishing.making",
        "room": "feed.client.rooms.making",
        "room_blocking": "feed.client.rooms.making",
        "Broadcaster": "feed.library.broadcaster",
        "Instrument": "feed.sources.source",
        "Quote": "feed.market.submissions",
        "Status": "feed.market.submissions",
        "Trade": "feed.market.submissions",
    }

    def __getattr__(name: str) -> object:
        """Give a name when it is asked for: aiohttp is slow to import."""
        if name not in _HOMES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return __all__
