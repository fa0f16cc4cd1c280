"""What administrators ask and do: who is connected, what happened to them, and sending them away.

Pages of other origins neither read nor do it, also where `--allow-origin '*'` lets all others read.
Whoever is sent away is told so, and logged with who did it; it may come back.
"""

import heapq
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from http import HTTPStatus
from itertools import islice

from aiohttp import web

from feed.errors import InvalidParameter
from feed.http.access import identity_of
from feed.http.answer_models import ConnectionLine, ConnectionsAnswer, DisconnectedAnswer
from feed.http.answers import json_answer
from feed.http.callers import caller_of
from feed.http.connection_words import Scribe
from feed.http.problems import legible, problem
from feed.http.server import Server
from feed.http.workers.asking import of_all
from feed.http.workers.connections_of_all import ask_one, disconnected_by_all, has, list_of_all
from feed.hub.portrait import MOST_DEPARTED, portray
from feed.hub.session import Session
from feed.hub.steps import Step
from feed.logger import logger_of
from feed.wire.disconnect import Reason

MOST_LISTED = 1_000
LISTED = 100
_LONGEST_NUMBER = 18
MOST_NUMBER = 10**_LONGEST_NUMBER - 1

log = logger_of("feed.admin")


class Order(StrEnum):
    """The order of a list of connections: by age, or the worst first."""

    ID = "id"
    LAG = "lag"
    BUFFERED = "buffered"


_Ranked = tuple[int, int, Session]  # by two numbers, and no two are equal in both
_WORST: dict[Order, Callable[[Session], int]] = {
    Order.LAG: lambda session: session.subscriber.lag_ticks,
    Order.BUFFERED: lambda session: session.subscriber.buffered_bytes(),
}


@dataclass(frozen=True, slots=True)
class _Asked:
    """The query of a list; `name` of an identity, or None for all."""

    limit: int
    after: int
    order: Order
    name: str | None

    @classmethod
    def of(cls, request: web.Request) -> "_Asked":
        query = request.query
        order = query.get("order", Order.ID)
        if order not in list(Order):
            raise InvalidParameter("order", order, ", ".join(Order))
        after = _number("after", query.get("after", "0"), 0)
        if after and order != Order.ID:
            raise InvalidParameter(
                "after", after, "none: only a list in the order of ids has pages"
            )
        return cls(limit_of_page(request), after, Order(order), query.get("identity"))


async def connections(request: web.Request, server: Server) -> web.Response:
    """List connections, page by page, or the worst of them: `{"connections","next","total"}`.

    Made in slices: those that come or go meanwhile may be in it or not.

    Raises:
        HTTPForbidden: it comes from a page of another origin.
        InvalidParameter: a parameter is not accepted.
    """
    server.origins.check_named(request)
    hub, asked = server.hub, _Asked.of(request)
    chosen: list[_Ranked] = []
    listed: list[ConnectionLine] = []
    work = _choosing(list(hub.sessions.values()), chosen, asked)
    await hub.turns.in_slices(work, Step.ANSWER)
    following = None
    if asked.order is Order.ID and len(chosen) > asked.limit:
        del chosen[asked.limit :]
        following = chosen[-1][0]
    work = _writing(chosen, _scribe(server), listed)
    await hub.turns.in_slices(work, Step.ANSWER)
    page: ConnectionsAnswer = {
        "connections": listed,
        "next": following,
        "total": len(hub.sessions),
    }
    siblings = of_all(request, hub.siblings)
    if siblings is not None:
        page = await list_of_all(page, request, siblings, asked.limit, asked.order)
    return json_answer(page)


async def connection(request: web.Request, server: Server) -> web.Response:
    """Answer what happened to a connection: the member `record` of it, oldest first.

    Raises:
        HTTPForbidden: it comes from a page of another origin.
        InvalidParameter: the id is not a number.
    """
    server.origins.check_named(request)
    hub, number = server.hub, _id_of(request)
    if (told := await _answer_elsewhere(request, server, number)) is not None:
        return told
    session = _session(server, number)
    portrait = hub.departed.get(number) if session is None else portray(session)
    if portrait is None:
        return _unknown(number)
    return json_answer(_scribe(server).whole(portrait))


async def disconnect_one(request: web.Request, server: Server) -> web.Response:
    """Send a connection away: `{"disconnected": 1}`.

    Raises:
        HTTPForbidden: it comes from a page of another origin.
        InvalidParameter: the id is not a number.
    """
    server.origins.check_named(request)
    number = _id_of(request)
    if (told := await _answer_elsewhere(request, server, number)) is not None:
        log_action(request, "admin_disconnected", id=number)
        return told
    session = _session(server, number)
    if session is None:
        return _unknown(number)
    log_action(
        request,
        "admin_disconnected",
        id=number,
        identity=session.identity.name,
        key=session.identity.id,
        peer=session.connection.peer,
    )
    server.hub.disconnect(session, Reason.ADMIN)
    return json_answer(DisconnectedAnswer(disconnected=1))


async def disconnect_all(request: web.Request, server: Server) -> web.Response:
    """Send all connections of an identity away: `{"disconnected": …}`.

    Raises:
        HTTPForbidden: it comes from a page of another origin.
        InvalidParameter: no identity is named.
    """
    server.origins.check_named(request)
    name = request.query.get("identity", "")
    if not name:
        raise InvalidParameter("identity", name, "the name or the id of an identity")
    theirs = [each for each in server.hub.sessions.values() if _is_of(each, name)]

    log_action(request, "admin_disconnected_all", identity=legible(name), connections=len(theirs))

    def sending() -> Iterator[None]:
        for session in theirs:
            server.hub.disconnect(session, Reason.ADMIN)
            yield

    await server.hub.turns.in_slices(sending(), Step.LEAVE)
    siblings = of_all(request, server.hub.siblings)
    if siblings is not None:
        return json_answer(await disconnected_by_all(len(theirs), request, siblings))
    return json_answer(DisconnectedAnswer(disconnected=len(theirs)))


async def _answer_elsewhere(
    request: web.Request, server: Server, number: int
) -> web.Response | None:
    """Return what the sibling answers that has, or had, a connection; None: none has."""
    siblings = of_all(request, server.hub.siblings)
    worker = None if siblings is None else has(siblings, number)
    return None if worker is None else await ask_one(request, worker)


def limit_of_page(request: web.Request) -> int:
    """Return the most lines that a page of a list has.

    Raises:
        InvalidParameter: `limit` is not a number of the accepted range.
    """
    return _number("limit", request.query.get("limit", str(LISTED)), 1, MOST_LISTED)


def page_behind(
    names: Sequence[str], after: str | None, limit: int
) -> tuple[Sequence[str], str | None]:
    """Return a page of sorted names, and what the next one is behind; None: there is none."""
    begin = bisect_right(names, after or "")
    page = names[begin : begin + limit]
    return page, page[-1] if begin + limit < len(names) else None


def _choosing(
    everybody: list[Session],
    chosen: list[_Ranked],
    asked: _Asked,
) -> Iterator[None]:
    """Choose one more than a page of sessions, or the worst of all, one looked at a step."""
    worst = _WORST.get(asked.order)
    # They are in the order of their ids.
    begin = bisect_right(everybody, asked.after, key=lambda session: session.id)
    for session in islice(everybody, begin, None):
        yield
        if session.ended.done() or not (asked.name is None or _is_of(session, asked.name)):
            continue
        if worst is None:
            chosen.append((session.id, 0, session))
            if len(chosen) > asked.limit:
                return
            continue
        heapq.heappush(chosen, (worst(session), -session.id, session))
        if len(chosen) > asked.limit:
            heapq.heappop(chosen)
    chosen.sort(reverse=worst is not None)


def _writing(chosen: list[_Ranked], scribe: Scribe, listed: list[ConnectionLine]) -> Iterator[None]:
    """Write down those of the chosen that are still there, one a step."""
    for *_, session in chosen:
        if not session.ended.done():
            listed.append(scribe.line(portray(session)))
        yield


def log_action(request: web.Request, event: str, **whom: object) -> None:
    """Log who does what to whom; it is never left out for being one of many."""
    by = identity_of(request)
    log.info(
        event,
        audit=True,
        by=by.name or by.kind.value,
        by_key=by.id,
        by_peer=caller_of(request).address,
        **whom,
    )


def _scribe(server: Server) -> Scribe:
    hub = server.hub
    return Scribe(hub.broadcast.ring, hub.broadcast.keyed, hub.clock.mono_ns(), hub.clock.wall_ns())


def _session(server: Server, number: int) -> Session | None:
    """Return the session that is connected under an id: 10,000 are looked at in 1 ms."""
    return next((each for each in server.hub.sessions.values() if each.id == number), None)


def _is_of(session: Session, name: str) -> bool:
    return name in {session.identity.name, session.identity.id}


def _id_of(request: web.Request) -> int:
    return _number("id", request.match_info["id"], 1)


def _number(name: str, text: str, least: int, most: int = MOST_NUMBER) -> int:
    short = len(text) <= _LONGEST_NUMBER  # int() refuses thousands of digits in its own way
    if not (short and text.isascii() and text.isdecimal() and least <= int(text) <= most):
        limits = f"from {least} to {most:,}" if most == MOST_LISTED else f"from {least} on"
        raise InvalidParameter(name, text, f"a whole number {limits}")
    return int(text)


def _unknown(number: int) -> web.Response:
    words = (
        f"there is no connection {number}; known are those that are connected, "
        f"and the last {MOST_DEPARTED:,} that left"
    )
    return problem(HTTPStatus.NOT_FOUND, words)
