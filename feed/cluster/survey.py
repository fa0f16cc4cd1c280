"""The survey of a cluster: what there is of it in NATS, looked at once."""

import json
import time
from base64 import urlsafe_b64encode
from collections.abc import Coroutine, Mapping
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeVar

import msgpack

from feed.cluster.address import BusAddress
from feed.cluster.batch import Batch, read_batch
from feed.cluster.batch_stream import BatchStream
from feed.cluster.connecting import connect
from feed.cluster.errors import BusAway
from feed.cluster.judgement import Part, Seen, ServerSeen
from feed.cluster.names import CHECKPOINT_OBJECT, LEADER_KEY, Names
from feed.cluster.ordered_read import Stored, ask, direct, is_there
from feed.errors import InvalidMessage

if TYPE_CHECKING:
    from nats.aio.client import Client

_Found = TypeVar("_Found")
_NAME = "feed cluster check"
_NS = 1_000_000_000


async def survey(address: BusAddress, key_pair: tuple[str, str] | None) -> Seen:
    """Return what is seen of a cluster; a server that is not reached is seen as such.

    Raises:
        BusAway: JetStream does not answer.
    """
    servers: list[ServerSeen] = []
    seen: Seen | None = None
    for place in address.servers:
        one = replace(address, servers=(place,))
        try:
            client = await connect(one, key_pair, _nothing, name=_NAME)
        except BusAway as error:
            servers.append(ServerSeen(place, failure=str(error)))
            continue
        try:
            servers.append(await _server(client, place))
            if seen is None:
                seen = await _cluster(client, address.names)
        finally:
            await client.close()
    return replace(seen or Seen(address.names, []), servers=servers)


def _nothing() -> None:
    """Do nothing: a connection that ends is noticed by whoever asks."""


async def _server(client: "Client", place: str) -> ServerSeen:
    """Return how a server is: JetStream's answers bear its time."""
    version = str(client.connected_server_version).split()[-1].strip("<>v")
    before_ns = time.time_ns()
    try:
        told = await ask(client, "STREAM.NAMES")
        streams = told.get("streams") or []
        before_ns = time.time_ns()
        info = await ask(client, f"STREAM.INFO.{streams[0]}") if streams else {}
    except BusAway as error:
        return ServerSeen(place, version, f"{error}; accepted: one with JetStream")
    middle_ns = (before_ns + time.time_ns()) // 2
    there_ns = _ns_of(str(info.get("ts", "")))
    return ServerSeen(place, version, apart_ns=None if not there_ns else there_ns - middle_ns)


async def _cluster(client: "Client", names: Names) -> Seen:
    """Return what a cluster has; what of it does not answer is told as such.

    Raises:
        BusAway: JetStream does not answer.
    """
    seen = Seen(names, [])
    if not await is_there(client, names.stream):
        return seen
    info = await ask(client, f"STREAM.INFO.{names.stream}")
    now_ns = _ns_of(str(info.get("ts", ""))) or time.time_ns()
    unanswered: dict[Part, str] = {}

    async def looked(part: Part, asked: Coroutine[None, None, _Found], otherwise: _Found) -> _Found:
        try:
            return await asked
        except BusAway as error:
            unanswered[part] = str(error)
            return otherwise

    oldest, newest = await looked(Part.BATCHES, _ends(client, names), (None, None))
    leader, has_lease = await looked(Part.LEASE, _leader(client, names), (None, False))
    has_news = await looked(Part.NEWS, is_there(client, f"KV_{names.news}"), otherwise=False)
    age_ns, size = await looked(Part.CHECKPOINT, _checkpoint(client, names, now_ns), (None, 0))
    pending = await looked(Part.READERS, _pending(client, names), [])
    stored_ns = 0 if newest is None else _ns_of(newest.headers.get("Nats-Time-Stamp", ""))
    return replace(
        seen,
        stream=info,
        oldest=_batch(oldest),
        newest=_batch(newest),
        newest_age_ns=max(0, now_ns - stored_ns) if stored_ns else 0,
        writer_apart_ns=_writer_apart_ns(newest, stored_ns),
        leader=leader,
        has_lease=has_lease,
        has_news=has_news,
        checkpoint_age_ns=age_ns,
        checkpoint_bytes=size,
        pending=pending,
        unanswered=unanswered,
    )


async def _ends(client: "Client", names: Names) -> tuple[Stored | None, Stored | None]:
    """Return the oldest and the newest batch; None: there is none."""
    stream = BatchStream(client, names)
    return await stream.get(1), await stream.newest()


async def _pending(client: "Client", names: Names) -> list[int]:
    """Return how many batches each that reads the stream has not been sent."""
    consumers = (await ask(client, f"CONSUMER.LIST.{names.stream}")).get("consumers") or []
    return [int(each.get("num_pending", 0)) for each in consumers]


def _batch(stored: Stored | None) -> Batch | None:
    try:
        return None if stored is None else read_batch(stored.headers)
    except InvalidMessage:
        return None


def _writer_apart_ns(stored: Stored | None, stored_ns: int) -> int | None:
    """Return how far the clock of the writer of a batch was ahead of that which stored it."""
    batch = _batch(stored)
    if batch is None or stored is None or not batch.count or batch.is_hole or not stored_ns:
        return None
    try:
        rows = msgpack.unpackb(stored.payload)
        return int(rows[-1]["now"]) + batch.offset_ns - stored_ns
    except (ValueError, TypeError, LookupError, msgpack.UnpackException):
        return None


async def _leader(client: "Client", names: Names) -> tuple[Mapping[str, Any] | None, bool]:
    """Return what the lease says, and whether there is a bucket for it."""
    bucket = f"KV_{names.lead}"
    if not await is_there(client, bucket):
        return None, False
    stored = await direct(client, bucket, last_by_subj=f"$KV.{names.lead}.{LEADER_KEY}")
    try:
        said = None if stored is None or not stored.payload else json.loads(stored.payload)
    except ValueError:
        said = None
    return said if isinstance(said, dict) else None, True


async def _checkpoint(client: "Client", names: Names, now_ns: int) -> tuple[int | None, int]:
    """Return how old the checkpoint is, and how long; None: there is none."""
    bucket = f"OBJ_{names.state}"
    if not await is_there(client, bucket):
        return None, 0
    name = urlsafe_b64encode(CHECKPOINT_OBJECT.encode()).decode()
    stored = await direct(client, bucket, last_by_subj=f"$O.{names.state}.M.{name}")
    if stored is None:
        return None, 0
    try:
        size = int(json.loads(stored.payload).get("size", 0))
    except (ValueError, TypeError, AttributeError):
        size = 0
    return max(0, now_ns - _ns_of(stored.headers.get("Nats-Time-Stamp", ""))), size


def _ns_of(text: str) -> int:
    """Return a time as NATS writes it, in nanoseconds since 1970; 0: it is none."""
    try:
        whole, _, fraction = text.removesuffix("Z").partition(".")
        at = datetime.fromisoformat(f"{whole}+00:00")
        return int(at.timestamp()) * _NS + int((fraction or "0").ljust(9, "0")[:9])
    except ValueError:
        return 0
