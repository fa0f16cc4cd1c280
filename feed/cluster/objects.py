"""Objects of a cluster: bytes in an object store, as NATS' own clients write them.

Read without the store's own client, so that a mirror of the store in another server will do.
"""

import asyncio
import hashlib
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import TYPE_CHECKING

from feed.cluster.errors import BusAway
from feed.cluster.ordered_read import HEARTBEAT_S, Inbox, OrderedRead, direct, is_there

if TYPE_CHECKING:
    from nats.aio.client import Client

PATIENCE_S = 30.0  # that all of one may take
_ATTEMPTS = 3  # it may be replaced while it is read
_DIGEST = "SHA-256="


async def read_object(client: "Client", bucket: str, name: str) -> bytes | None:
    """Return an object; None: there is none, or no such store.

    Raises:
        BusAway: it cannot be read.
    """
    stream, words = f"OBJ_{bucket}", ""
    meta = f"$O.{bucket}.M.{urlsafe_b64encode(name.encode()).decode()}"
    if not await is_there(client, stream):
        return None
    try:
        async with asyncio.timeout(PATIENCE_S):
            for _ in range(_ATTEMPTS):
                stored = await direct(client, stream, last_by_subj=meta)
                if stored is None:
                    return None
                told = json.loads(stored.payload)
                if told.get("deleted"):
                    return None
                subject = f"$O.{bucket}.C.{told['nuid']}"
                data = b"" if not told["size"] else await _chunks(client, stream, subject)
                digest = urlsafe_b64decode(told["digest"].removeprefix(_DIGEST) + "==")
                if hashlib.sha256(data).digest() == digest:
                    return data
                words = f"it has {len(data)} bytes, or others, in place of {told['size']}"
    except TimeoutError:
        words = f"it takes longer than {PATIENCE_S:g} s"
    except (ValueError, LookupError, TypeError) as error:
        words = f"its description cannot be understood: {error!r}"
    raise BusAway(f"the object {name} of {bucket} cannot be read: {words}")


async def _chunks(client: "Client", stream: str, subject: str) -> bytes:
    """Return all that a subject of a stream has; what is purged meanwhile is missing."""
    inbox = Inbox()
    read = OrderedRead(client, stream, inbox)
    await read.open(deliver_policy="all", filter_subject=subject)
    pieces: list[bytes] = []
    try:
        while True:
            messages = await inbox.take(HEARTBEAT_S)
            for _, message in messages:
                stored = await read.read(message)
                if stored is not None:
                    pieces.append(stored.payload)
                    if not stored.pending:
                        return b"".join(pieces)
            read.check()
            if not pieces and not read.pending:
                return b""
    finally:
        await read.close()
