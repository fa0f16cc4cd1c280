"""The Python client: ticks of a feed server, in order, across reconnects.

connecting.py       `connect`, `connect_blocking`: all that a caller can ask for
stream.py           Stream: connect, receive, come back; blocking.py the same without async, on
                    a loop of its own (loop_thread.py)
attempts.py         the next transport, and the time for it; backoff.py the waits
papers.py           who asks, and renewal.py another token before that ends
ledger.py           the account of deliveries, and so the position to resume from
link.py             one connection; http_link.py and websocket_link.py do the I/O, with sockets.py
http_words.py       who asks, and the words of refusals
parsers.py          bytes in pieces → messages (sans I/O), with sse.py and protobuf.py
subscription.py     channels and symbols, as each transport writes them
events.py           all that is delivered: Batch, Gap, FeedState, Mark …; Counters
ticks.py            Trade, Quote, Bar, Status …: the types of ticks in a batch
words.py            Generation, Token, Generated: the types of words beside ticks, and Words
feedback.py         ages of ticks, reported to the server now and then
tables.py           ticks as frames of pandas or polars
tail.py             ticks as lines; recording.py all that a server sends, to a file
errors.py           the errors that are raised
publishing/         the other way: ticks to a server, each once
generating/         what language models answer, read while it is written
rooms/              what a desk says to itself, and its list
alerting/           rules of one's own, and what they tell when they fire
exporting/          files that a server writes
calls.py            calls that are answered with a document, once or until there is an answer
event_queue.py      what happened and was not given yet; event_log.py the same for the log

Here belongs all that a Python program needs to read a feed, to publish to one, and to talk by one.
Not here: its look in a terminal. May import `feed.logger` and below.
"""

from feed.client.alerting.alerts import Alerts
from feed.client.alerting.errors import Unanswered
from feed.client.alerting.making import alerts, alerts_blocking
from feed.client.alerting.rules import Rule
from feed.client.alerting.words import Alert
from feed.client.connecting import connect, connect_blocking
from feed.client.errors import Expired, GaveUp, Malformed, MissingLibrary, NotAFeed, Refused
from feed.client.events import (
    Batch,
    Bye,
    Connected,
    Counters,
    Disconnected,
    Event,
    Expiring,
    FeedState,
    Gap,
    Leaving,
    Mark,
    Notice,
    Refreshed,
    ServerWarning,
    Snapshot,
    TokenFailed,
    Unknown,
)
from feed.client.exporting.errors import ExportFailed, WrongChecksum
from feed.client.exporting.exporting import export, export_blocking
from feed.client.exporting.progress import ExportProgress
from feed.client.generating.answer import Answer
from feed.client.generating.errors import GenerationFailed
from feed.client.generating.making import (
    generate,
    generate_blocking,
    watch_answer,
    watch_answer_blocking,
)
from feed.client.generating.transcript import Grounding, Usage
from feed.client.publishing.errors import BatchRefused, BufferFull, NameInUse, Undelivered
from feed.client.publishing.making import publisher, publisher_blocking
from feed.client.publishing.publisher import Publisher
from feed.client.rooms.actions import Sent, Unsent
from feed.client.rooms.errors import Unsaid
from feed.client.rooms.making import room, room_blocking
from feed.client.rooms.room import Room
from feed.client.rooms.words import RoomEvent, RoomWord
from feed.client.stream import Stream
from feed.client.subscription import OnLagName, Symbols
from feed.client.tables import Tables, event_ns
from feed.client.ticks import Bar, ConflatedTrade, Quote, Status, Tick, Time, Trade
from feed.client.words import Generated, Generation, Token, Word, Words
from feed.wire.codec_name import CodecName
from feed.wire.transport import Transport, TransportName

__all__ = [
    "Alert",
    "Alerts",
    "Answer",
    "Bar",
    "Batch",
    "BatchRefused",
    "BufferFull",
    "Bye",
    "CodecName",
    "ConflatedTrade",
    "Connected",
    "Counters",
    "Disconnected",
    "Event",
    "Expired",
    "Expiring",
    "ExportFailed",
    "ExportProgress",
    "FeedState",
    "Gap",
    "GaveUp",
    "Generated",
    "Generation",
    "GenerationFailed",
    "Grounding",
    "Leaving",
    "Malformed",
    "Mark",
    "MissingLibrary",
    "NameInUse",
    "NotAFeed",
    "Notice",
    "OnLagName",
    "Publisher",
    "Quote",
    "Refreshed",
    "Refused",
    "Room",
    "RoomEvent",
    "RoomWord",
    "Rule",
    "Sent",
    "ServerWarning",
    "Snapshot",
    "Status",
    "Stream",
    "Symbols",
    "Tables",
    "Tick",
    "Time",
    "Token",
    "TokenFailed",
    "Trade",
    "Transport",
    "TransportName",
    "Unanswered",
    "Undelivered",
    "Unknown",
    "Unsaid",
    "Unsent",
    "Usage",
    "Word",
    "Words",
    "WrongChecksum",
    "alerts",
    "alerts_blocking",
    "connect",
    "connect_blocking",
    "event_ns",
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
