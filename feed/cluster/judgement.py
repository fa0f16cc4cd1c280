"""The judgement of a cluster: of what was seen in NATS, what is wrong, and what to do about it.

Knows no connection: `survey` has looked.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from feed.cluster.batch import Batch
from feed.cluster.names import Names

LEAST_VERSION = (2, 11, 0)  # values that expire: the lease
TRUSTED_VERSION = (2, 12, 2)
RINGS = 4  # that a stream is to hold
MOST_APART_NS = 100_000_000  # of two clocks
MOST_CHECKPOINT_NS = 180_000_000_000  # one is written each minute
MOST_SILENT_NS = 60_000_000_000
MOST_BEHIND = 100  # batches: some ms of a busy feed
_NS = 1_000_000_000


class Level(StrEnum):
    """How bad it is."""

    OK = "ok"
    WARN = "warn"
    WRONG = "WRONG"


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that was found.

    Attributes:
        level: how bad it is.
        words: what it is.
        remedy: what to do; "": nothing.
    """

    level: Level
    words: str
    remedy: str = ""

    def __str__(self) -> str:
        told = f": {self.remedy}" if self.remedy else ""
        return f"{self.level.value:<5} {self.words}{told}"


@dataclass(frozen=True, slots=True)
class ServerSeen:
    """One server of NATS.

    Attributes:
        place: as it was asked.
        version: as it says; "": it cannot be reached, or says none.
        failure: why it cannot be; "": it can.
        apart_ns: its time of day less ours, as far as can be told; None: it did not say.
        sync_interval: of its JetStream, in words; "": it is not known.
    """

    place: str
    version: str = ""
    failure: str = ""
    apart_ns: int | None = None
    sync_interval: str = ""


class Part(StrEnum):
    """What of a cluster may not answer while the rest does, as it is called."""

    BATCHES = "the oldest and the newest batch"
    LEASE = "the lease"
    NEWS = "the news"
    CHECKPOINT = "the checkpoint"
    READERS = "how many read the stream"


@dataclass(frozen=True, slots=True)
class Seen:
    """What was seen of a cluster.

    Attributes:
        names: of what it has.
        servers: of NATS.
        stream: what JetStream says of the stream of batches; None: there is none.
        oldest, newest: its batches; None: it has none, or no batches.
        newest_age_ns: since the newest was stored, by the clock of NATS.
        writer_apart_ns: time of day of the writer of the newest batch, when it sent that, less that
            of NATS, when it was stored; None: it is not known.
        leader: what the lease says; None: nobody has it.
        has_lease, has_news: whether their buckets are there.
        checkpoint_age_ns: of the checkpoint; None: there is none.
        checkpoint_bytes: how long it is.
        pending: of each that reads the stream, how many batches it has not been sent.
        unanswered: what could not be looked at, and why.
    """

    names: Names
    servers: Sequence[ServerSeen]
    stream: Mapping[str, Any] | None = None
    oldest: Batch | None = None
    newest: Batch | None = None
    newest_age_ns: int = 0
    writer_apart_ns: int | None = None
    leader: Mapping[str, Any] | None = None
    has_lease: bool = False
    has_news: bool = False
    checkpoint_age_ns: int | None = None
    checkpoint_bytes: int = 0
    pending: Sequence[int] = field(default_factory=list)
    unanswered: Mapping[Part, str] = field(default_factory=dict)


def judge(seen: Seen, ring: int) -> Iterator[Finding]:
    """Yield what is found of a cluster whose edges have rings of so many events."""
    for server in seen.servers:
        yield from _of_server(server)
    if all(server.failure for server in seen.servers):
        return
    stream = seen.stream
    if stream is None:
        words = f"there is no stream {seen.names.stream}"
        yield _wrong(words, "start a writer (feed ingest --bus …), or name another cluster")
        return
    yield from _of_config(stream["config"], seen.names)
    yield from _of_durability(stream["config"], seen.servers)
    for part, why in seen.unanswered.items():
        yield _wrong(f"{part} cannot be looked at: {why}", "see that its servers run")
    if Part.BATCHES not in seen.unanswered:
        yield from _of_extent(seen, stream, ring)
    yield from _of_replicas(stream)
    yield from _of_mirror(stream)
    if Part.LEASE not in seen.unanswered:
        yield from _of_leader(seen)
    if Part.NEWS not in seen.unanswered and not seen.has_news:
        yield _warn(
            f"there is no bucket {seen.names.news}: edges know no instruments",
            "start a writer, which makes it, or mirror it",
        )
    if Part.CHECKPOINT not in seen.unanswered:
        yield from _of_checkpoint(seen)
    if Part.READERS not in seen.unanswered:
        yield from _of_edges(seen.pending)


def _of_server(server: ServerSeen) -> Iterator[Finding]:
    where = f"NATS at {server.place}"
    if server.failure:
        yield _wrong(
            f"{where} cannot be reached: {server.failure}", "start it, or correct its place"
        )
        return
    numbers = re.match(r"v?(\d+)\.(\d+)\.(\d+)", server.version)
    version = (0, 0, 0) if numbers is None else tuple(map(int, numbers.groups()))
    if version < LEAST_VERSION:
        least = ".".join(map(str, LEAST_VERSION))
        yield _wrong(f"{where} is {server.version or 'of no version'}", f"run {least} or later")
    elif version < TRUSTED_VERSION:
        yield _warn(
            f"{where} is {server.version}: of 2.12.1 it is known that acknowledged batches were "
            "lost after power loss or a corrupt file (Jepsen)",
            "run a later one",
        )
    else:
        yield _ok(f"{where} is {server.version}")
    if server.apart_ns is not None and abs(server.apart_ns) > MOST_APART_NS:
        yield _warn(
            f"the clock of {where} is {_seconds(server.apart_ns)} ahead of the one here",
            "synchronise both (NTP), or ages and positions of times are wrong by that",
        )


def _of_config(config: Mapping[str, Any], names: Names) -> Iterator[Finding]:
    where = f"the stream {names.stream}"
    before = 0
    if not config.get("mirror") and names.subject not in config.get("subjects", ()):
        before += 1
        words = f"{where} takes {config.get('subjects')}, and not {names.subject}"
        yield _wrong(words, "remove it, and let the writer make it")
    if config.get("retention", "limits") != "limits":
        before += 1
        yield _wrong(f"{where} has retention {config['retention']}", "make it limits")
    if config.get("discard", "old") != "old":
        before += 1
        yield _wrong(
            f"{where} refuses new batches when it is full", "set discard to old: nats stream edit"
        )
    if not (config.get("allow_direct") or config.get("mirror_direct")):
        before += 1
        yield _wrong(f"{where} allows no direct gets: edges find no position in it", "allow them")
    if config.get("deny_delete"):
        before += 1
        yield _warn(f"{where} denies deletes: messages that users delete stay in it", "allow them")
    if config.get("max_age"):
        age = _seconds(int(config["max_age"]))
        yield _ok(f"{where} lets go of batches older than {age}: no position is good for longer")
    if not before:
        yield _ok(f"{where} is configured as a writer makes it")


def _of_durability(config: Mapping[str, Any], servers: Sequence[ServerSeen]) -> Iterator[Finding]:
    replicas, storage = int(config.get("num_replicas", 1)), config.get("storage", "file")
    if replicas == 1:
        lost = "all of it when that server ends" if storage == "memory" else "what its disk loses"
        yield _warn(
            f"one replica in {storage}: while its server is away nothing is written, and lost is "
            f"{lost}",
            "3 replicas, on three servers",
        )
    elif not replicas % 2:
        yield _warn(f"{replicas} replicas outlive no more than {replicas - 1} do", "3, or 5")
    else:
        yield _ok(f"{replicas} replicas in {storage}: {replicas // 2} of them may be away")
    if storage == "memory":
        return
    known = {server.sync_interval for server in servers if server.sync_interval}
    if not known:
        yield _warn(
            "it is not known how often NATS syncs its files (sync_interval; 2 minutes by default)",
            "give --monitor http://HOST:8222 of a server that has its monitoring on",
        )
    for interval in sorted(known):
        if interval == "always":
            yield _ok("NATS syncs each batch before it acknowledges it")
        else:
            yield _warn(
                f"NATS syncs its files every {interval}: a power cut of most replicas at once "
                "loses batches that were acknowledged",
                "sync_interval: always, where that matters more than the time it takes",
            )


def _of_extent(seen: Seen, stream: Mapping[str, Any], ring: int) -> Iterator[Finding]:
    where, state = f"the stream {seen.names.stream}", stream["state"]
    oldest, newest = seen.oldest, seen.newest
    if newest is None:
        yield _warn(f"{where} has no batch yet", "start a writer: feed ingest --bus …")
        return
    if oldest is None or oldest.epoch != newest.epoch:
        yield _ok(f"{where} has {state['messages']:,} batches of more than one epoch")
        return
    events, size = newest.last - oldest.first + 1, int(state["bytes"])
    yield _ok(
        f"{where} has {events:,} events in {state['messages']:,} batches, {size:,} bytes: "
        f"{newest.epoch}-{oldest.first} to {newest.epoch}-{newest.last}"
    )
    most = int(stream["config"].get("max_bytes", -1))
    if most < 0:
        yield _warn(f"{where} has no limit of bytes", "set max_bytes, or it fills the store")
    elif events > 0 and size:
        holds = most * events // size
        told = f"{where} holds {most:,} bytes, about {holds:,} events, or {holds / ring:.1f} rings"
        if holds < RINGS * ring:
            needed = RINGS * ring * size // events
            yield _warn(told, f"at least {RINGS} rings are {needed:,} bytes (max_bytes)")
        else:
            yield _ok(told)
    if seen.newest_age_ns > MOST_SILENT_NS:
        silent = _seconds(seen.newest_age_ns)
        yield _warn(f"nothing was written for {silent}", "look at the writer, and at its sources")
    if seen.writer_apart_ns is not None and abs(seen.writer_apart_ns) > MOST_APART_NS:
        yield _warn(
            f"the clock of the writer is {_seconds(seen.writer_apart_ns)} ahead of that of NATS",
            "synchronise both (NTP), or ages are wrong by that",
        )


def _of_replicas(stream: Mapping[str, Any]) -> Iterator[Finding]:
    cluster = stream.get("cluster") or {}
    if int(stream["config"].get("num_replicas", 1)) > 1:
        if not cluster.get("leader"):
            yield _wrong("the stream has no leader: nothing can be written", "start its servers")
        else:
            yield _ok(f"the stream is led by {cluster['leader']}")
    for peer in cluster.get("replicas") or ():
        if peer.get("offline"):
            yield _wrong(f"the replica {peer['name']} is offline", "start its server")
        elif not peer.get("current") or int(peer.get("lag", 0)) > MOST_BEHIND:
            lag = int(peer.get("lag", 0))
            yield _warn(
                f"the replica {peer['name']} is {lag:,} batches behind", "wait, or look at it"
            )


def _of_mirror(stream: Mapping[str, Any]) -> Iterator[Finding]:
    mirror = stream.get("mirror")
    if not mirror:
        return
    lag, silent_ns = int(mirror.get("lag", 0)), int(mirror.get("active", -1))
    told = f"it is a mirror of {mirror['name']}, {lag:,} batches behind"
    if mirror.get("error") or silent_ns < 0 or silent_ns > MOST_SILENT_NS:
        why = (mirror.get("error") or {}).get("description", "it has not heard of it")
        yield _wrong(f"{told}: {why}", "look at the link between the servers")
    elif lag > MOST_BEHIND:
        yield _warn(told, "its link may be too slow")
    else:
        yield _ok(told)
    yield _warn(
        "a mirror keeps messages that were deleted from the stream that it mirrors",
        "set max_age on it, where messages of rooms are to be gone sooner",
    )


def _of_leader(seen: Seen) -> Iterator[Finding]:
    leader, newest = seen.leader, seen.newest
    if not seen.has_lease:
        yield _wrong(f"there is no bucket {seen.names.lead}", "start a writer, which makes it")
        return
    if leader is None:
        yield _wrong("no writer leads", "start one: feed ingest --bus …")
        return
    writer, term, url = (leader.get(name) for name in ("writer", "term", "url"))
    told = f"writer {writer} leads in term {term}, at {url}"
    if newest is not None and int(term or 0) < newest.term:
        words = f"{told}, but the newest batch is of term {newest.term} by {newest.writer}"
        yield _wrong(words, "it is about to step back; look again, and at both writers")
    else:
        yield _ok(told)


def _of_checkpoint(seen: Seen) -> Iterator[Finding]:
    age_ns = seen.checkpoint_age_ns
    if age_ns is None:
        yield _warn(
            f"there is no checkpoint in {seen.names.state}: edges know no quiet symbol",
            "wait a minute, or mirror it",
        )
    elif age_ns > MOST_CHECKPOINT_NS:
        told = f"the checkpoint is {_seconds(age_ns)} old"
        yield _warn(told, "its writer makes one each minute: look at its log")
    else:
        size = f"{seen.checkpoint_bytes:,} bytes"
        yield _ok(f"the checkpoint is {_seconds(age_ns)} old, and has {size}")


def _of_edges(pending: Sequence[int]) -> Iterator[Finding]:
    behind = [each for each in pending if each > MOST_BEHIND]
    told = f"{len(pending)} read the stream"
    if behind:
        words = f"{told}, and {len(behind)} of them are up to {max(behind):,} batches behind"
        yield _warn(words, "those that have just come fill their rings; else look at them")
    else:
        yield _ok(f"{told}, none of them more than {MOST_BEHIND} batches behind")


def _ok(words: str) -> Finding:
    return Finding(Level.OK, words)


def _warn(words: str, remedy: str) -> Finding:
    return Finding(Level.WARN, words, remedy)


def _wrong(words: str, remedy: str) -> Finding:
    return Finding(Level.WRONG, words, remedy)


def _seconds(ns: int) -> str:
    return f"{ns / _NS:.1f} s"
