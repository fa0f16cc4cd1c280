"""The metrics of a writer of a cluster: what it writes to the bus, and how it leads."""

from collections.abc import Iterator

from prometheus_client import CollectorRegistry
from prometheus_client.core import Metric
from prometheus_client.exposition import generate_latest
from prometheus_client.registry import Collector

from feed.cluster.link import Link
from feed.histogram import Histogram
from feed.metrics.family import counter, gauge, histogram
from feed.reign.keeper import BusKeeper
from feed.reign.tenure import Ending, Role, Tenure

_NONE = Histogram(())


def standby_text(tenure: Tenure, link: Link) -> str:
    """Return, as text, what a process tells of itself that stands by."""
    registry = CollectorRegistry()
    registry.register(_Standby(tenure, link))
    return generate_latest(registry).decode()


class _Standby(Collector):
    def __init__(self, tenure: Tenure, link: Link) -> None:
        self._tenure = tenure
        self._link = link

    def collect(self) -> Iterator[Metric]:
        return _reign_families(self._tenure, self._link)


def _reign_families(tenure: Tenure | None, link: Link | None) -> Iterator[Metric]:
    """Yield who leads, as far as this process knows; None: it writes to no bus."""
    role = None if tenure is None else tenure.role
    yield gauge("feed_bus_role", "What a writer of a cluster does: 1 for what it is.").of(
        {(each,): role is each for each in Role}, "role"
    )
    yield counter("feed_bus_terms", "Terms that this process has begun.").of(
        0 if tenure is None else tenure.terms
    )
    yield counter(
        "feed_bus_endings",
        "Terms of it that have ended, by why: another (another process has begun one), lost (the "
        "stream lost what it had acknowledged), lease (another process has the lease), failed, "
        "left (it was told to end).",
    ).of({(each,): 0 if tenure is None else tenure.endings[each] for each in Ending}, "reason")
    yield gauge("feed_bus_up", "1 while there is a connection to NATS, else 0.").of(
        link is not None and link.is_up
    )
    yield counter("feed_bus_connections", "Connections to NATS so far.").of(
        0 if link is None else link.connections
    )


def bus_families(bus: BusKeeper | None) -> Iterator[Metric]:
    """Yield every metric of the bus; of a server that writes to none, nothing happens there."""
    if bus is None:
        yield from _reign_families(None, None)
    else:
        yield from _reign_families(bus.tenure, bus.link)
    counts = None if bus is None else bus.writing.counts
    yield counter("feed_bus_batches", "Batches that the stream has acknowledged.").of(
        0 if counts is None else counts.batches
    )
    yield counter("feed_bus_events", "Events in the batches that the stream has acknowledged.").of(
        0 if counts is None else counts.events
    )
    yield counter("feed_bus_payload_bytes", "Bytes of the payloads of these batches.").of(
        0 if counts is None else counts.payload_bytes
    )
    yield histogram(
        "feed_bus_batch_seconds",
        "From sending a batch to knowing that the stream has it; one is on its way at a time.",
    ).of_ns({(): _NONE if counts is None else counts.seconds})
    yield counter(
        "feed_bus_unsure",
        "Batches of which an answer did not say whether they are in the stream, so that it was "
        "looked up: refused (it ended elsewhere), unanswered (in time), resent (they were not "
        "there).",
    ).of(
        {
            ("refused",): 0 if counts is None else counts.refused,
            ("unanswered",): 0 if counts is None else counts.unanswered,
            ("resent",): 0 if counts is None else counts.resent,
        },
        "outcome",
    )
    yield gauge(
        "feed_bus_lag_seconds",
        "For how long the oldest cut waits to be acknowledged; 0: none does.",
    ).of(0 if bus is None else bus.lag_ns / 1e9)
    yield gauge("feed_bus_buffer_bytes", "Bytes that wait to be acknowledged (bus_buffer).").of(
        0 if bus is None else bus.batching.held_bytes
    )
    yield gauge("feed_bus_buffer_limit_bytes", "The most bytes that may wait (bus_buffer).").of(
        0 if bus is None else bus.batching.most_bytes
    )
    yield counter(
        "feed_bus_dropped",
        "Ticks of sources that cannot wait that got no sequence, since that buffer was full, by "
        "source.",
    ).of({} if bus is None else {(each,): count for each, count in bus.dropped.items()}, "source")
    yield counter("feed_bus_checkpoints", "Checkpoints, by whether they could be written.").of(
        {
            ("written",): 0 if bus is None else bus.checkpoints,
            ("failed",): 0 if bus is None else bus.failures,
        },
        "outcome",
    )
    yield gauge(
        "feed_bus_unerased", "Deleted messages whose texts may be in the stream for a moment."
    ).of(0 if bus is None else bus.erasing.pending)
    yield counter("feed_bus_erased", "Batches that were erased in the stream.").of(
        0 if bus is None else bus.erasing.erased
    )
