"""The metrics of what is older than the ring, and of batches that are of no use to an edge.

Zeros where a server follows no stream.
"""

from collections.abc import Iterator

from prometheus_client.core import Metric

from feed.hub.hub import Hub
from feed.ingest.runner import Ingest
from feed.metrics.family import counter, gauge
from feed.sources.source import HoldsLog


def archive_families(hub: Hub, ingest: Ingest) -> Iterator[Metric]:
    """Yield every metric of the archive, and of the log that it is read from."""
    archive = hub.broadcast.archive
    logs = [side.source for side in ingest.sides if isinstance(side.source, HoldsLog)]
    yield counter(
        "feed_archive_resumes",
        "Subscribers that came with a position older than the ring, and read the stream for it.",
    ).of(0 if archive is None else archive.resumed)
    yield counter(
        "feed_archive_requests", "Finite requests that read the stream for what is older."
    ).of(0 if archive is None else archive.requests)
    yield counter("feed_archive_read_pages", "Pages of 512 events that were read for them.").of(
        0 if archive is None else archive.pages_read
    )
    yield gauge("feed_archive_pages", "Pages that are kept: 128 at most.").of(
        0 if archive is None else archive.pages
    )
    yield gauge("feed_archive_readings", "Readings of the stream under way: 4 at most.").of(
        0 if archive is None else len(archive.readings)
    )
    yield counter(
        "feed_follow_stale_batches",
        "Batches of an older term, or that were over already: the fence of writers lets none in.",
    ).of(sum(log.stale_batches for log in logs))
    yield counter(
        "feed_follow_unreadable_batches",
        "Messages of the stream that could not be read; the events of a batch are a hole then.",
    ).of(sum(log.unreadable for log in logs))
    yield gauge(
        "feed_follow_unheard_buckets",
        "Buckets of the cluster (news, lease) that cannot be read now; events go on without them.",
    ).of(sum(log.unheard_buckets for log in logs))
