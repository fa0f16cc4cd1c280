"""The metrics of a server that is several processes: which of them answer, and which have died."""

from collections.abc import Iterator, Mapping

from prometheus_client import CollectorRegistry
from prometheus_client.core import Metric
from prometheus_client.exposition import generate_latest
from prometheus_client.registry import Collector

from feed.hub.siblings import Worker
from feed.metrics.family import counter, gauge
from feed.metrics.merging import LABEL


def worker_text(up: Mapping[Worker, bool]) -> str:
    """Return these metrics as text.

    Args:
        up: whether each worker answered just now.
    """
    registry = CollectorRegistry()
    registry.register(_Workers(up))
    return generate_latest(registry).decode()


class _Workers(Collector):
    def __init__(self, up: Mapping[Worker, bool]) -> None:
        self._up = up

    def collect(self) -> Iterator[Metric]:
        yield gauge("feed_worker_up", "1 while a process of the server answers, else 0.").of(
            {(worker.name,): is_up for worker, is_up in self._workers()}, LABEL
        )
        yield counter(
            "feed_worker_restarts", "How often a process of the server died and was started anew."
        ).of({(worker.name,): worker.restarts for worker, _ in self._workers()}, LABEL)

    def _workers(self) -> list[tuple[Worker, bool]]:
        return sorted(self._up.items(), key=lambda item: (item[0].name, item[0].serial))
