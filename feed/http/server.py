"""The running server, as handlers know it."""

from dataclasses import dataclass

from feed.http.origins import Origins
from feed.http.status_history import StatusHistory
from feed.hub.hub import Hub
from feed.ingest.runner import Ingest
from feed.metrics.exposition import Exposition


@dataclass(frozen=True, slots=True)
class Server:
    """What handlers answer from.

    Attributes:
        hub: the sessions, and what they are given.
        ingest: the source, its bars and its health.
        origins: which web pages may read.
        status_history: how the server was in the last minutes.
        exposition: the metrics as text.
        began_mono_ns: when it was made.
    """

    hub: Hub
    ingest: Ingest
    origins: Origins
    status_history: StatusHistory
    exposition: Exposition
    began_mono_ns: int
