"""Compressed: frames of twenty ticks, compressed once for the whole lane.

What does compression add to our own cost, what does it save on the wire, what memory does it take,
and what does it cost the peers that compress for each connection?
"""

from collections.abc import Sequence

from feed.wire.transport import Transport

from ...peers.contenders import COMPRESSING, NCHAN
from ..comparison import compare, difference
from ..feed_server import Options, Subscription
from ..outcome import (
    Aim,
    Outcome,
    Row,
    at_least,
    at_most,
    find,
    memory_per_subscriber_bytes,
    payload_bytes,
)
from ..stage import KEEP_PAYLOADS, Stage

SUBSCRIBERS = 500
RATE = 400  # ticks/s: 20 a frame
BATCH_MS = 50
MEMORY_SUBSCRIBERS = 2_000  # enough for a kilobyte each to stand out of the noise
DEFLATE = "feed, deflate"
ALONE = "feed, deflate without context"
CODECS = ("msgpack", "protobuf")


def run(
    stage: Stage,
    *,
    memory_subscribers: int = MEMORY_SUBSCRIBERS,
    codecs: Sequence[str] = CODECS,
) -> Outcome:
    """Measure our transports with and without compression, our codecs, and the peers' own."""
    settings = stage.settings
    count = settings.subscribers or SUBSCRIBERS
    options = Options(settings.rate or RATE, BATCH_MS)
    recording = stage.record(
        lambda server: server.group("compressed", 1, Subscription(), keep_payloads=KEEP_PAYLOADS),
        options,
    )
    cases = []
    for name, subscription in _subscriptions(codecs).items():
        cases.append(stage.ours(name, count, subscription, options))
    cases += stage.peers(COMPRESSING, count, recording, compress=True)
    title = (
        f"{count:,} subscribers in one lane, {recording.ticks:.3g} ticks "
        f"({recording.size_bytes:,.0f} B of JSON) {recording.hz:.3g} times a second"
    )
    rows = stage.compare(title, cases)
    many = max(count, memory_subscribers)
    memory = stage.compare(
        f"memory of {many:,} subscribers",
        [
            stage.ours(f"feed, {many:,} plain", many, Subscription(), options),
            stage.ours(f"feed, {many:,} deflate", many, Subscription(compress=True), options),
        ],
    )
    return Outcome("compressed", title, rows + memory, [*_aims(rows), _memory_aim(*memory)])


def _subscriptions(codecs: Sequence[str]) -> dict[str, Subscription]:
    found = {
        "feed": Subscription(),
        DEFLATE: Subscription(compress=True),
        ALONE: Subscription(compress=True, takeover=False),
    }
    for transport in (Transport.SSE, Transport.STREAM):
        found[f"feed, {transport.value}"] = Subscription(transport)
        found[f"feed, {transport.value}, gzip"] = Subscription(transport, compress=True)
    for codec in codecs:
        found[f"feed, {codec}"] = Subscription(codec=codec)
        found[f"feed, {codec}, deflate"] = Subscription(codec=codec, compress=True)
    return found


def _aims(rows: Sequence[Row]) -> list[Aim]:
    plain, deflate, alone = (find(rows, name) for name in ("feed", DEFLATE, ALONE))
    nchan = find(rows, f"{NCHAN.name}, deflate")
    aims = [at_most("CPU per frame, deflate ÷ our plain", compare(deflate, plain), 1.1)]
    for transport in (Transport.SSE, Transport.STREAM):
        bare, gzip = (find(rows, f"feed, {transport.value}{end}") for end in ("", ", gzip"))
        what = f"CPU per frame, {transport.value} with gzip ÷ our plain"
        aims.append(at_most(what, compare(gzip, bare), 1.1, gzip.skipped))
    for name in ("aiohttp send_str, deflate", "Node ws, deflate"):
        peer = find(rows, name)
        aims.append(at_least(f"{name} ÷ our deflate", compare(peer, deflate), 8, peer.skipped))
    wire = "bytes on the wire"
    context = compare(deflate, plain, payload_bytes)
    single = compare(alone, plain, payload_bytes)
    ratio = compare(deflate, nchan, payload_bytes)
    aims += [
        at_most(f"{wire} ÷ plain JSON, with context", context, 0.17, deflate.skipped),
        at_most(f"{wire} ÷ plain JSON, alone", single, 0.21, alone.skipped),
        at_most(f"{wire}, with context ÷ nchan's", ratio, 0.8, nchan.skipped),
    ]
    return aims


def _memory_aim(plain: Row, deflate: Row) -> Aim:
    reached = difference(deflate, plain, memory_per_subscriber_bytes)
    return at_most("bytes of memory that deflate adds per subscriber", reached, 1024)
