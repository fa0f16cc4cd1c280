"""Making what a cluster has in JetStream, where it is not there; what is there is checked.

One bounded stream of batches, which lets go of the oldest; a bucket whose only value is the lease,
and lives as long as that; a bucket of news; and an object store for the checkpoint. Whatever is
there already stays as it is: what does not fit is told, and what cannot be worked with is refused.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from feed.cluster.errors import ApiError, StreamRefused
from feed.cluster.link import Link
from feed.cluster.names import Names
from feed.logger import logger_of

LEASE_S = 1.5  # what a leader does not renew for so long is over
EVENT_BYTES = 256  # of the bus, about
RINGS = 4  # that a stream has room for, at least
_NS = 1_000_000_000
_NO_STREAM, _NAME_IN_USE = 10059, 10058
_SMALL_BYTES = 64 << 20  # of the bucket of news
_LEASE_BYTES = 1 << 20

log = logger_of("feed.cluster")


@dataclass(frozen=True, slots=True)
class Plan:
    """How a stream is made that is not there.

    Attributes:
        storage: of all that the cluster has.
        replicas: likewise.
        most_bytes: of the stream of batches.
        ring: how many events the ring of a server holds.
    """

    storage: Literal["file", "memory"]
    replicas: int
    most_bytes: int
    ring: int

    @property
    def least_bytes(self) -> int:
        """The bytes of so many rings that an edge finds all that it may need."""
        return RINGS * self.ring * EVENT_BYTES


async def make(link: Link, plan: Plan) -> None:
    """Make what is not there, and check the stream of batches.

    Raises:
        StreamRefused: a stream of the name is there, and cannot be worked with.
        BusAway: JetStream does not answer.
    """
    names = link.address.names
    for name, config in _configs(names, plan):
        there = await _made(link, name, config)
        if there is not None and name == names.stream:
            for complaint in complaints(there, names, plan):
                log.warning("stream_unfit", stream=name, words=complaint)


def complaints(config: dict[str, Any], names: Names, plan: Plan) -> Iterator[str]:
    """Yield what does not fit of a stream that is there, and works.

    Raises:
        StreamRefused: it does not work.
    """
    where = f"the stream {names.stream}"
    if names.subject not in config.get("subjects", []):
        words = f"{where} has the subjects {config.get('subjects')}; accepted: {names.subject}"
        raise StreamRefused(words)
    if config.get("retention", "limits") != "limits" or config.get("discard") == "new":
        raise StreamRefused(
            f"{where} has retention {config.get('retention')}, discard {config.get('discard')}; "
            "accepted: limits, which discard the old"
        )
    if config.get("sealed") or config.get("mirror"):
        raise StreamRefused(f"{where} is sealed, or a mirror; accepted: one that can be written to")
    if not config.get("allow_direct"):
        yield "it does not allow direct gets, so that edges find no position in it"
    if config.get("deny_delete"):
        yield "it denies deletes, so that deleted messages of rooms stay in it"
    most = int(config.get("max_bytes", -1))
    if 0 <= most < plan.least_bytes:
        yield f"it has {most} bytes; {RINGS} rings of {plan.ring} events are {plan.least_bytes}"
    for field, planned in (("storage", plan.storage), ("num_replicas", plan.replicas)):
        if config.get(field) != planned:
            yield f"its {field} is {config.get(field)}, and not {planned} as was asked for"


async def _made(link: Link, name: str, config: dict[str, Any]) -> dict[str, Any] | None:
    """Make a stream; where it is there, return how it is."""
    there = await _there(link, name)
    if there is None:
        try:
            await link.ask(f"STREAM.CREATE.{name}", **config)
        except ApiError as error:
            if error.code != _NAME_IN_USE:
                raise
            return await _there(link, name)  # another process was faster
        log.info(
            "stream_made", stream=name, storage=config["storage"], max_bytes=config["max_bytes"]
        )
    return there


async def _there(link: Link, name: str) -> dict[str, Any] | None:
    try:
        told = await link.ask(f"STREAM.INFO.{name}")
    except ApiError as error:
        if error.code == _NO_STREAM:
            return None
        raise
    config: dict[str, Any] = told["config"]
    return config


def _configs(names: Names, plan: Plan) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield name and configuration of each stream."""
    of_all = {"storage": plan.storage, "num_replicas": plan.replicas, "retention": "limits"}
    bucket = {
        **of_all,
        "allow_rollup_hdrs": True,
        "allow_direct": True,
        "deny_delete": True,
        "discard": "new",
        "max_msgs_per_subject": 1,
    }
    window_ns = int(LEASE_S * _NS)
    yield (
        names.stream,
        {
            **of_all,
            "name": names.stream,
            "subjects": [names.subject],
            "discard": "old",
            "max_bytes": plan.most_bytes,
            "allow_direct": True,
            "duplicate_window": window_ns,  # nothing is told by its id
        },
    )
    lead, news, state = names.lead, names.news, names.state
    yield (
        f"KV_{lead}",
        {
            **bucket,
            "name": f"KV_{lead}",
            "subjects": [f"$KV.{lead}.>"],
            "max_age": window_ns,
            "duplicate_window": window_ns,
            "max_bytes": _LEASE_BYTES,
        },
    )
    yield (
        f"KV_{news}",
        {**bucket, "name": f"KV_{news}", "subjects": [f"$KV.{news}.>"], "max_bytes": _SMALL_BYTES},
    )
    yield (
        f"OBJ_{state}",
        {
            **of_all,
            "name": f"OBJ_{state}",
            "subjects": [f"$O.{state}.C.>", f"$O.{state}.M.>"],
            "discard": "new",
            "max_bytes": -1,
            "allow_rollup_hdrs": True,
            "allow_direct": True,
        },
    )
