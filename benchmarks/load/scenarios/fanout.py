"""Fan-out: one lane, very many subscribers, frames of about 1 kB at 40 a second.

What does a frame cost per subscriber, against a loop that does nothing but send, and against peers?
`feed` is what `feed serve` chooses by itself, with all cores; each engine stands beside it, on one.
"""

from collections.abc import Sequence
from dataclasses import replace

from feed.broadcast.fan_out import Engine
from feed.wire.transport import Transport

from ...peers.contenders import BARE_C, CONTENDERS, FLOOR, NCHAN
from ..comparison import compare
from ..feed_server import Options, Subscription
from ..outcome import Aim, Outcome, Row, at_least, at_most, find, ticks_per_core_s
from ..stage import KEEP_PAYLOADS, Stage

SUBSCRIBERS = 2_000
RATE = 320  # ticks/s: 8 a frame, 1 kB of JSON
BATCH_MS = 25
RATE_OF_20 = 800  # ticks/s: 20 a frame
# ÷ bare send() in C; None: it is told, and nothing is aimed at.
ENGINES = {Engine.IO_URING: 0.95, Engine.SEND: 1.08, Engine.PYTHON: None}
C_AIM = 0.95  # of what is chosen
TICKS_AIM = 4_000_000  # delivered per second and core
TWENTY = "feed, 20 ticks a frame"


def run(stage: Stage) -> Outcome:
    """Measure our three transports, the floor under each, and the peers."""
    count = stage.settings.subscribers or SUBSCRIBERS
    options = Options(stage.settings.rate or RATE, BATCH_MS)
    recording = stage.record(
        lambda server: server.group("fanout", 1, Subscription(), keep_payloads=KEEP_PAYLOADS),
        options,
    )
    cases = [stage.ours("feed", count, Subscription(), options)]
    if stage.settings.url is None:
        for engine in ENGINES:
            alone = replace(options, fan_out=engine, send_threads=1)
            cases.append(stage.ours(f"feed, {engine.value}", count, Subscription(), alone))
    cases += stage.peers(CONTENDERS, count, recording)
    for transport, peers in (
        (Transport.SSE, (FLOOR, BARE_C, NCHAN)),
        (Transport.STREAM, (FLOOR, BARE_C)),
    ):
        ours = Subscription(transport=transport)
        cases.append(stage.ours(f"feed, {transport.value}", count, ours, options))
        cases += stage.peers(peers, count, recording, transport=transport)
    if stage.settings.url is None:
        twenty = Options(RATE_OF_20, BATCH_MS)
        cases.append(stage.ours(TWENTY, count, Subscription(), twenty))
    title = (
        f"{count:,} subscribers in one lane, {recording.size_bytes:,.0f} B of JSON "
        f"{recording.hz:.3g} times a second"
    )
    rows = stage.compare(title, cases)
    return Outcome("fanout", title, rows, _aims(rows))


def _aims(rows: Sequence[Row]) -> list[Aim]:
    ours = find(rows, "feed")
    cost = "CPU per frame and subscriber"
    aims = []
    for name, limit in (
        (BARE_C.name, C_AIM),
        (NCHAN.name, 0.8),
        ("Node ws", 0.65),
        ("Centrifugo, JSON", 0.45),
    ):
        peer = find(rows, name)
        aims.append(at_most(f"{cost} ÷ {name}", compare(ours, peer), limit, peer.skipped))
    floor = find(rows, BARE_C.name)
    for engine, aim in ENGINES.items():
        row = find(rows, f"feed, {engine.value}")
        if aim is not None:
            what = f"{cost}, {engine.value} ÷ {BARE_C.name}"
            why = row.skipped or floor.skipped
            aims.append(at_most(what, compare(row, floor), aim, why))
    for transport in (Transport.SSE, Transport.STREAM):
        mine, floor = (find(rows, f"{name}, {transport.value}") for name in ("feed", BARE_C.name))
        what = f"{cost}, {transport.value} ÷ {BARE_C.name}"
        aims.append(at_most(what, compare(mine, floor), C_AIM, floor.skipped))
    twenty = find(rows, TWENTY)
    reached = twenty.spread(ticks_per_core_s) if twenty.samples else None
    what = "ticks delivered per second and core, one lane, 20 a frame"
    aims.append(at_least(what, reached, TICKS_AIM, twenty.skipped))
    return aims
