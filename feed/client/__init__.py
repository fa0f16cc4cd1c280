"""The Python client: ticks of a feed server, in order, across reconnects.

connect.py          `connect`, `connect_blocking`: what a caller can ask for
stream.py           Stream: connect, receive, come back; blocking.py the same without async
attempts.py         which transport next, and when; backoff.py how long to wait
ledger.py           what was delivered, and so from where to resume
link.py             one connection; http_link.py and websocket_link.py do the I/O
parsers.py          bytes in pieces → messages (sans I/O), with sse.py and protobuf.py
subscription.py     what is asked for, as each transport writes it
events.py           what is delivered: Batch, Gap, FeedState, Mark …; Counters
feedback.py         how old ticks were, told to the server now and then
tables.py           ticks as frames of pandas or polars
tail.py             ticks as lines; recording.py what a server sends, to a file
errors.py           what is raised
"""

from feed.client.connect import connect, connect_blocking
from feed.client.errors import GaveUp, Malformed, MissingLibrary, NotAFeed, Refused
from feed.client.events import (
    Batch,
    Bye,
    Connected,
    Counters,
    Disconnected,
    Event,
    FeedState,
    Gap,
    Mark,
    Notice,
    Snapshot,
    Unknown,
)
from feed.client.stream import Stream
from feed.client.tables import Tables, event_ns
from feed.wire.transport import Transport

__all__ = [
    "Batch",
    "Bye",
    "Connected",
    "Counters",
    "Disconnected",
    "Event",
    "FeedState",
    "Gap",
    "GaveUp",
    "Malformed",
    "Mark",
    "MissingLibrary",
    "NotAFeed",
    "Notice",
    "Refused",
    "Snapshot",
    "Stream",
    "Tables",
    "Transport",
    "Unknown",
    "connect",
    "connect_blocking",
    "event_ns",
]
