"""Which metrics of which process count, where a server is several.

Each process tells all of them: an edge also what it heard from the writer, and the writer also what
it serves to edges. Added up, ticks would be there once for each process, and edges be subscribers.
Knows no server, terminal or clock.
"""

WRITER = "writer"
# What comes in, and what is kept: the edges have it from the writer.
_OF_THE_WRITER = (
    "feed_alert",
    "feed_generation",
    "feed_job",
    "feed_kept",
    "feed_push",
    "feed_ring",
    "feed_room",
    "feed_source",
    "feed_state",
    "feed_symbols",
    "feed_ticks",
    "feed_upstream",
    "feed_webhooks",
)
_OF_ALL = ("process_", "python_", "feed_loop", "feed_longest_loop", "feed_worker")
_LIMIT = "_limit"


def counts(name: str, worker: str | None) -> bool:
    """Tell whether a sample is one of those that make up a metric of the server.

    Args:
        name: of the sample.
        worker: the process that it is of; None: the server is one process.
    """
    if worker is None or name.startswith(_OF_ALL):
        return True
    is_writers = name.startswith(_OF_THE_WRITER) or _LIMIT in name  # limits are of all of them
    return is_writers is (worker == WRITER)
