"""What every connection of one publisher is for, and what came of them in numbers."""

from dataclasses import dataclass

from yarl import URL


@dataclass(frozen=True, slots=True)
class PublishWish:
    """What every connection of one publisher is for.

    Attributes:
        base: the server's URL.
        source: the name of its push source; None: it has one.
        compress: offer permessage-deflate.
        heartbeat_s: the longest silence of a connection that is taken to stand.
        linger_s: for how long a tick waits for others while earlier ones are on their way.
    """

    base: URL
    source: str | None
    compress: bool
    heartbeat_s: float
    linger_s: float


@dataclass(slots=True)
class PublisherCounters:
    """Totals of one publisher, over all its connections.

    Attributes:
        batches: sent, each time anew.
        batches_again: of those, sent before.
        sent_bytes: of batches, before compression.
        acknowledged: batches that the server said it has, each time anew.
        duplicates: of those, applied before.
        refused: batches that the server did not take.
        connects: connections that were greeted.
        failures: connections that were lost, or could not be made.
        silences: of those, given up because nothing came.
        malformed: of those, broke the protocol.
    """

    batches: int = 0
    batches_again: int = 0
    sent_bytes: int = 0
    acknowledged: int = 0
    duplicates: int = 0
    refused: int = 0
    connects: int = 0
    failures: int = 0
    silences: int = 0
    malformed: int = 0
