"""Push: how many ticks a second one core takes over HTTP, and how soon a subscriber has them.

One producer posts batch after batch, each once the one before is acknowledged, while one subscriber
reads a live JSON lane. Ticks are counted against the server's CPU time, so that what else the
machine does says little; a latency is from before the POST is sent until a subscriber's socket gave
the batch's last tick.
"""

import os
import statistics
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from ...peers.base import PeerError, program
from ..outcome import Aim, Outcome, Spread, at_least, at_most
from ..process import cpu_ns, family
from ..producer import Producer, Reader, batch, producer, reader
from ..stage import Stage

BATCH = 500
TICKS = 100_000
AIMS = {"NDJSON": 90_000, "MessagePack": 150_000, "Protobuf": 150_000}
PACED = 50  # ticks in a batch of which the latency is measured
PACED_RATE = 5_000
LATENCY_MS = 5.0
_NS_PER_S = 1_000_000_000
_WARM = 10  # batches that nobody counts


def run(stage: Stage, ticks: int = TICKS, paced_s: float = 4.0) -> Outcome:
    """Measure each codec, and then the latency at a steady rate."""
    title = f"batches of {BATCH} ticks over one connection, one live JSON subscriber"
    settings, aims = stage.settings, list[Aim]()
    rates: dict[str, list[float]] = {codec: [] for codec in AIMS}
    latencies: list[float] = []
    why = ""
    stage.progress.begin(title, settings.rounds)
    for _ in range(settings.rounds):
        stage.progress.step("pushed")
        try:
            with _server() as (port, pid), producer(port) as pushes:
                for codec, found in rates.items():
                    found.append(_rate(pushes, port, pid, codec, ticks))
                latencies.append(_latency_ms(pushes, port, paced_s))
        except (PeerError, ConnectionError) as error:
            why = str(error)
    stage.progress.end()
    for codec, aim in AIMS.items():
        found = rates[codec]
        what = f"ticks pushed in {codec} per second of one core"
        aims.append(at_least(what, Spread.of(found) if found else None, aim, why))
    what = f"ms, p99 from POST to a subscriber's socket at {PACED_RATE:,} ticks/s"
    aims.append(at_most(what, Spread.of(latencies) if latencies else None, LATENCY_MS, why))
    return Outcome("push", title, [], aims)


@contextmanager
def _server() -> Iterator[tuple[int, int]]:
    """Start a server that is pushed into; yield its port and its process."""
    command = [sys.executable, "-m", "feed", "serve", "--port", "0", "--source", "push"]
    with program(command, {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}) as started:
        yield int(started.wait_for_words(r"http://127\.0\.0\.1:(\d+)/")), started.process.pid


def _rate(pushes: Producer, port: int, pid: int, codec: str, ticks: int) -> float:
    """Return how many ticks are taken per second of the server's CPU time."""
    body = batch(codec, 1, BATCH, time.time_ns())
    with reader(port) as reads, _draining(reads):
        for _ in range(_WARM):
            pushes.post(codec, body)
        began_ns = sum(map(cpu_ns, family(pid)))
        for _ in range(ticks // BATCH):
            pushes.post(codec, body)
        spent_ns = sum(map(cpu_ns, family(pid))) - began_ns
    return ticks // BATCH * BATCH * _NS_PER_S / max(1, spent_ns)


@contextmanager
def _draining(reads: Reader) -> Iterator[None]:
    """Read all that comes meanwhile, in a thread."""
    thread = threading.Thread(target=reads.drain, name="subscriber")
    thread.start()
    try:
        yield
    finally:
        reads.stop()
        thread.join()


def _latency_ms(pushes: Producer, port: int, seconds: float) -> float:
    """Return the 99th percentile of latencies at a steady rate."""
    found: list[float] = []
    count = max(2, int(seconds * PACED_RATE / PACED))
    pace_ns = PACED * _NS_PER_S // PACED_RATE
    first = 1_000_000_000
    with reader(port) as reads:
        due_ns = time.monotonic_ns()
        for number in range(count):
            body = batch("NDJSON", first, PACED, time.time_ns())
            first += PACED
            due_ns += pace_ns
            time.sleep(max(0, due_ns - time.monotonic_ns()) / _NS_PER_S)
            posted_ns = time.monotonic_ns()
            pushes.post("NDJSON", body)
            arrived_ns = reads.read_until(first - 1)
            if number:
                found.append((arrived_ns - posted_ns) / 1e6)
    return statistics.quantiles(found, n=100)[-1] if len(found) > 1 else found[0]
