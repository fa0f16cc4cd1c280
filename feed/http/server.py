"""The running server, as handlers know it."""

from dataclasses import dataclass

from feed.http.origins import Origins
from feed.http.status_history import StatusHistory
from feed.hub.hub import Hub
from feed.ingest.runner import Ingest
from feed.metrics.exposition import Exposition


@dataclass(frozen=True, slots=True)
class Server:
    """The parts that handlers answer from.

    Attributes:
        hub: the sessions, the lanes and the ring.
        ingest: the source, its bars and its health.
        origins: the web pages that may read.
        status_history: the samples of the last fifteen minutes.
        exposition: the metrics as text.
        began_mono_ns: when it was made.
    """

    hub: Hub
    ingest: Ingest
    origins: Origins
    status_history: StatusHistory
    exposition: Exposition
    began_mono_ns: int
