"""The state of the server: for people, `feed top`, orchestrators and Prometheus."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict
from enum import StrEnum
from typing import TypeVar

from aiohttp import hdrs, web

import feed
from feed.http.answer_models import (
    HealthAnswer,
    ReadyAnswer,
    SourceStatus,
    StateStatus,
    StatusAnswer,
    TrafficStatus,
    UpstreamStatus,
)
from feed.http.answers import json_answer
from feed.http.build import build_of
from feed.http.server import Server
from feed.http.workers.asking import ask_all, of_all
from feed.http.workers.history_of_all import history_of_all
from feed.http.workers.metrics_of_all import metrics_of_all
from feed.http.workers.status_of_all import status_of_all
from feed.ingest.side import Side
from feed.ingest.strand import Strand
from feed.market.word_channels import WordChannel
from feed.sources.upstream.account import Account, ReadsServer
from feed.state.keeper import Keeper
from feed.wire.disconnect import Reason
from feed.wire.position import Position

NameT = TypeVar("NameT", bound=StrEnum)


async def status(request: web.Request, server: Server) -> web.Response:
    """Answer the state of the server, for people and `feed top`."""
    own = _status(server)
    siblings = of_all(request, server.hub.siblings)
    if siblings is None:
        return json_answer(own)
    answers = await ask_all(request, siblings.others)
    others = {each: None if said is None else said.document() for each, said in answers.items()}
    return json_answer(status_of_all((siblings.own, own), others))


def _status(server: Server) -> StatusAnswer:
    """Return the state of this process."""
    hub, ingest = server.hub, server.ingest
    sources = [_source(strand, side) for strand in ingest.strands for side in strand.sides]
    broadcast = hub.broadcast
    ring = broadcast.ring
    mono_ns = hub.clock.mono_ns()
    connections: Counter[str] = Counter()
    for (transport, _), count in hub.connected.items():
        connections[transport] += count
    state: StatusAnswer = {
        "version": feed.__version__,
        "build": build_of(),
        "uptime_s": round((mono_ns - server.began_mono_ns) / 1e9, 3),
        "leaving": hub.leaving,
        "pos": str(broadcast.position),
        "source": sources[0],
        "sources": sources,
        "ticks": _by_name(broadcast.ticks),
        "ring": {
            "epoch": ring.epoch,
            "capacity": ring.capacity,
            "oldest": ring.oldest,
            "newest": ring.newest,
            "oldest_age_s": round(ring.oldest_age_ns(mono_ns) / 1e9, 3),
        },
        "feed": {
            "state": ingest.feed.state.value,
            "reason": ingest.feed.reason,
        },
        "state": _state(server.keeper, mono_ns) if isinstance(server.keeper, Keeper) else None,
        "symbols": _by_name(ingest.symbols),
        "resume_window_s": hub.settings.resume_window_s,
        "fan_out": {
            "engine": broadcast.fan_out.engine,
            "threads": broadcast.fan_out.threads,
            "why": broadcast.fan_out.why,
        },
        "connections": connections,
        "behind": len(hub.audience.behind),
        "largest_lag_ticks": max(
            (subscriber.lag_ticks for subscriber in hub.audience.behind), default=0
        ),
        "lanes": len(broadcast.lanes),
        "generations": {
            "running": server.generations.running,
            "watchers": server.generations.watchers,
            "kept": broadcast.keyed.counts()[WordChannel.GENERATIONS],
            "kept_bytes": broadcast.keyed.used_bytes,
        },
        "traffic": [
            TrafficStatus(
                transport=transport,
                codec=codec,
                frames=traffic.frames,
                frame_bytes=traffic.frame_bytes,
                plain_bytes=traffic.plain_bytes,
            )
            for (transport, codec), traffic in broadcast.lanes.traffic.items()
        ],
        "ladder": asdict(hub.audience.ladder),
        "resumes": _by_name(hub.audience.resumes),
        "disconnects": {reason.value.name: n for reason, n in hub.ended.items()},
    }
    return state


def _source(strand: Strand, side: Side) -> SourceStatus:
    window, health = strand.window, strand.health
    status: SourceStatus = {
        "name": side.name,
        "live": side.source.live,
        "up": side.up,
        "silent": side.silent,
        "finished": side.finished,
        "given_up": side.given_up,
        "failures": side.failures,
        "last_error": side.last_error,
        "waits": strand.waits,
        "rows_skipped": dict(side.source.rows_skipped),
        "refused": _by_name(side.refused),
        "feed": {"state": health.feed.state.value, "reason": health.feed.reason},
        "symbols": _by_name(health.counts),
    }
    if window is not None:
        counts = window.counts[strand.sides.index(side)]
        status["pair"] = {
            "of": strand.name,
            "firsts": counts.firsts,
            "repeats": counts.repeats,
            "missed": counts.missed,
        }
    if isinstance(side.source, ReadsServer):
        status["upstream"] = _upstream(side.source.account)
    return status


def _upstream(account: Account) -> UpstreamStatus:
    return {
        "url": account.url,
        "connected": account.connected,
        "connections": account.connections,
        "resumed": account.resumed,
        "ends": _by_name(account.ends),
        "refusals": dict(account.refusals),
        "gaps": account.gaps,
        "untold": dict(account.untold),
        "last_words": account.last_words,
    }


def _state(keeper: Keeper, mono_ns: int) -> StateStatus:
    ring, writer = keeper.ring, keeper.writer
    durable = writer.durable
    age_ns = mono_ns - keeper.checkpointed_ns
    return {
        "recovery": keeper.found.recovery,
        "durable": None if durable is None else str(Position(ring.epoch, durable)),
        "fault": writer.fault,
        "checkpoints": keeper.checkpoints,
        "failures": keeper.failures,
        "checkpoint_age_s": round(age_ns / 1e9, 3) if keeper.checkpoints else None,
        "written_bytes": writer.written_bytes,
        "queued_bytes": writer.queued_bytes,
        "holes": sum(1 for _ in ring.holes(ring.oldest - 1, ring.newest)),
    }


def _by_name(counts: Mapping[NameT, int]) -> dict[str, int]:
    return {name.value: count for name, count in counts.items()}


async def status_history(request: web.Request, server: Server) -> web.Response:
    """Answer the last fifteen minutes: `{"sample_s","window_s","times","series"}`."""
    own = server.status_history.document()
    siblings = of_all(request, server.hub.siblings)
    if siblings is None:
        return json_answer(own)
    answers = await ask_all(request, siblings.others)
    told = {each: said.document() for each, said in answers.items() if said and said.is_good}
    return json_answer(history_of_all(siblings.own, {siblings.own: own, **told}))


async def healthz(request: web.Request, server: Server) -> web.Response:  # noqa: ARG001 - a handler
    """Answer that the process serves."""
    health: HealthAnswer = {"status": "ok"}
    return json_answer(health)


async def readyz(request: web.Request, server: Server) -> web.Response:  # noqa: ARG001 - a handler
    """Answer 200 once the source is open, 503 before that and while leaving."""
    leaving = server.hub.leaving
    ready = server.ingest.ready.is_set() and server.hub.knows_epoch and not leaving
    readiness: ReadyAnswer = {
        "status": "ready" if ready else "leaving" if leaving else "the source is not open"
    }
    answer = json_answer(readiness, status=200 if ready else 503)
    retry_ms = server.hub.told(Reason.SHUTDOWN).retry_ms
    if retry_ms is not None:
        answer.headers[hdrs.RETRY_AFTER] = str(-(-retry_ms // 1_000))
    return answer


async def metrics(request: web.Request, server: Server) -> web.Response:
    """Answer a scrape of Prometheus."""
    answer = await server.exposition.handle(request)
    siblings = of_all(request, server.hub.siblings)
    return answer if siblings is None else await metrics_of_all(answer, request, siblings)
