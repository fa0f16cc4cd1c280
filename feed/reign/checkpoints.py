"""Checkpoints in the object store of a cluster: the bytes of `feed.state.checkpoint`.

They lie there as NATS' own clients write objects, so that these read them too. The chunks of those
before, and of any that was written in part, are deleted once a new one is there: securely, where
messages of rooms are in them, since what is deleted in a room has to be gone from every disk.
"""

import asyncio
import base64
import hashlib
import json
import secrets
import zlib
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from feed.cluster.errors import ApiError, BusAway
from feed.cluster.link import Link
from feed.cluster.names import CHECKPOINT_OBJECT
from feed.state import checkpoint
from feed.state.checkpoint import Plain

if TYPE_CHECKING:
    from nats.js.object_store import ObjectStore

PATIENCE_S = 30.0  # that all of one may take: 250 MB of bars at most
CHUNK_BYTES = 512_000  # or half of what the server takes
_PIECES = 64  # packed between two turns of the loop
_NAME_BYTES = 11
_ROLLUP = {"Nats-Rollup": "sub"}
_NO_MESSAGE = 10037


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


async def put(link: Link, data: bytes, *, erase: bool) -> None:
    """Put a checkpoint in the place of the one that may be there.

    Args:
        link: to NATS.
        data: the checkpoint.
        erase: the one before is written over, and not only let go of.

    Raises:
        BusAway: it could not be.
    """
    nuid = secrets.token_hex(_NAME_BYTES)
    try:
        async with asyncio.timeout(PATIENCE_S):
            await _write(link, data, nuid)
            for other in await _others(link, nuid):
                await _delete_chunks(link, other, erase=erase)
    except TimeoutError as error:
        words = f"the checkpoint cannot be written within {PATIENCE_S:g} s"
        raise BusAway(words) from error


async def version(link: Link) -> str:
    """Return the name that the newest checkpoint has in the store; "": there is none.

    Raises:
        BusAway: it cannot be asked.
    """
    info = await _info(link)
    return "" if info is None or info.get("deleted") else str(info["nuid"])


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
        words = str(error) or type(error).__name__
        raise BusAway(f"the checkpoint cannot be read: {words}") from error
    return found.data


async def _store(link: Link) -> "ObjectStore":
    client = await link.client()
    return await client.jetstream().object_store(link.address.names.state)


async def _info(link: Link) -> dict[str, Any] | None:
    """Return what is said of the object that is there; None: there is none."""
    stream = f"OBJ_{link.address.names.state}"
    message = await _message(link, stream, last_by_subj=_meta_subject(link))
    if message is None:
        return None
    info: dict[str, Any] = json.loads(base64.b64decode(message["data"]))
    return info


async def _write(link: Link, data: bytes, nuid: str) -> None:
    """Write the chunks of an object, and then what is said of it."""
    client, state = await link.client(), link.address.names.state
    step = min(CHUNK_BYTES, client.max_payload // 2)
    starts = range(0, len(data), step)
    for start in starts:
        await _published(link, f"$O.{state}.C.{nuid}", data[start : start + step])
    digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).decode()
    info = {
        "name": CHECKPOINT_OBJECT,
        "bucket": state,
        "nuid": nuid,
        "size": len(data),
        "chunks": len(starts),
        "digest": f"SHA-256={digest}",
        "mtime": datetime.now(UTC).isoformat(),
        "options": {"max_chunk_size": step},
    }
    await _published(link, _meta_subject(link), json.dumps(info).encode(), _ROLLUP)


async def _published(
    link: Link, subject: str, data: bytes, headers: dict[str, str] | None = None
) -> None:
    told = await link.request(subject, data, headers)
    if error := told.get("error"):
        raise ApiError(subject, error)


async def _others(link: Link, nuid: str) -> list[str]:
    """Return the names of objects with chunks but one: of what was before, or written in part."""
    chunks = f"$O.{link.address.names.state}.C."
    told = await link.ask(
        f"STREAM.INFO.OBJ_{link.address.names.state}", subjects_filter=f"{chunks}>"
    )
    names = (subject.removeprefix(chunks) for subject in told["state"].get("subjects") or ())
    return [name for name in names if name != nuid]


async def _delete_chunks(link: Link, nuid: str, *, erase: bool) -> None:
    """Delete the chunks of an object that nobody reads any more."""
    state = link.address.names.state
    stream, subject = f"OBJ_{state}", f"$O.{state}.C.{nuid}"
    while erase and (found := await _message(link, stream, seq=1, next_by_subj=subject)):
        await link.ask(f"STREAM.MSG.DELETE.{stream}", seq=found["seq"])
    await link.ask(f"STREAM.PURGE.{stream}", filter=subject)


async def _message(link: Link, stream: str, **asked: object) -> dict[str, Any] | None:
    """Return a message of a stream, as its leader has it; None: there is none."""
    try:
        told = await link.ask(f"STREAM.MSG.GET.{stream}", **asked)
    except ApiError as error:
        if error.code == _NO_MESSAGE:
            return None
        raise
    message: dict[str, Any] = told["message"]
    return message


def _meta_subject(link: Link) -> str:
    name = base64.urlsafe_b64encode(CHECKPOINT_OBJECT.encode()).decode()
    return f"$O.{link.address.names.state}.M.{name}"
