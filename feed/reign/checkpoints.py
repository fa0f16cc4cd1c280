"""Checkpoints in the object store of a cluster: the bytes of `feed.state.checkpoint`.

Written as NATS' own clients write objects, so that these read them too. The chunks of the one
before are purged once a new one is there.
"""

import asyncio
import zlib
from collections.abc import Sequence
from typing import TYPE_CHECKING

from feed.cluster.errors import BusAway
from feed.cluster.link import Link
from feed.cluster.names import CHECKPOINT_OBJECT
from feed.state import checkpoint
from feed.state.checkpoint import Plain

if TYPE_CHECKING:
    from nats.js.object_store import ObjectStore

PATIENCE_S = 30.0  # that all of one may take: 250 MB of bars at most
_PIECES = 64  # packed between two turns of the loop


async def bytes_of(parts: Sequence[Plain]) -> bytes:
    """Return the bytes of a checkpoint, made in turns with all else that is done."""
    packed: list[bytes] = []
    crc = 0
    for number, data in enumerate(checkpoint.pack(parts)):
        packed.append(data)
        crc = zlib.crc32(data, crc)
        if not number % _PIECES:
            await asyncio.sleep(0)
    return b"".join((checkpoint.head(sum(map(len, packed)), crc), *packed))


async def put(link: Link, data: bytes) -> None:
    """Put a checkpoint in the place of the one that may be there.

    Raises:
        BusAway: it could not be.
    """
    from nats.errors import Error  # noqa: PLC0415 - an extra

    try:
        async with asyncio.timeout(PATIENCE_S):
            await (await _store(link)).put(CHECKPOINT_OBJECT, data)
    except (Error, OSError, TimeoutError) as error:
        raise BusAway(f"the checkpoint cannot be written: {_words(error)}") from error


async def get(link: Link) -> bytes | None:
    """Return the newest checkpoint; None: there is none.

    Raises:
        BusAway: it cannot be read.
    """
    from nats.errors import Error  # noqa: PLC0415 - an extra
    from nats.js.errors import NotFoundError  # noqa: PLC0415

    try:
        async with asyncio.timeout(PATIENCE_S):
            found = await (await _store(link)).get(CHECKPOINT_OBJECT)
    except NotFoundError:
        return None
    except (Error, OSError, TimeoutError) as error:
        raise BusAway(f"the checkpoint cannot be read: {_words(error)}") from error
    return found.data


async def _store(link: Link) -> "ObjectStore":
    client = await link.client()
    return await client.jetstream().object_store(link.address.names.state)


def _words(error: Exception) -> str:
    return str(error) or type(error).__name__
