"""Buckets of a cluster: keys and values that are read as they are, and heard of as they change."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from feed.cluster.ordered_read import Inbox, OrderedRead, Stored, is_there

if TYPE_CHECKING:
    from nats.aio.client import Client

_OPERATION, _MARKER = "KV-Operation", "Nats-Marker-Reason"  # of a value that is gone


@dataclass(frozen=True, slots=True)
class Bucket:
    """A bucket, as it is read.

    Attributes:
        client: the connection.
        name: of the bucket.
    """

    client: "Client"
    name: str

    def reading(self, inbox: Inbox) -> OrderedRead:
        """Return a read of it that has not begun: what comes is to be known as its own."""
        return OrderedRead(self.client, f"KV_{self.name}", inbox)

    async def watch(self, read: OrderedRead) -> bool:
        """Begin to read the newest value of each key, and all that come; False: no bucket.

        Raises:
            BusAway: JetStream does not answer.
        """
        if not await is_there(self.client, f"KV_{self.name}"):
            return False
        await read.open(deliver_policy="last_per_subject", filter_subject=f"$KV.{self.name}.>")
        return True

    def entry(self, stored: Stored) -> tuple[str, bytes | None]:
        """Return key and value of a message; None: there is no value any more."""
        key = stored.subject.removeprefix(f"$KV.{self.name}.")
        gone = _OPERATION in stored.headers or _MARKER in stored.headers
        return key, None if gone else stored.payload
