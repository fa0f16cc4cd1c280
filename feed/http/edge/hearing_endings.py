"""`POST /v1/edges/{edge}/endings`: which tickets are good still, and which visits have ended.

What edges tell here all other edges hear when they ask; see `feed.http.edge.endings`.
"""

from http import HTTPStatus
from typing import Annotated

from aiohttp import web
from pydantic import Field

from feed.http.answer_models import EndingsAnswer
from feed.http.answers import json_answer
from feed.http.bodies import small_json
from feed.http.edge.endings import MOST_ROWS
from feed.http.edge.hearing import edge_of
from feed.http.problems import problem
from feed.http.server import Server
from feed.trust.sealed_tickets import SealedTickets
from feed.trust.tickets import VISIT_S
from feed.wire.validation import Strict, map_of, validate

MOST_BYTES = 1 << 20
_NS_PER_MS = 1_000_000
_LIST = Field(strict=False, max_length=MOST_ROWS)  # JSON knows no tuples
_Digest = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$", description="SHA-256 of a text")]
_WallNs = Annotated[int, Field(ge=0, lt=1 << 63)]
_LeftMs = Annotated[int, Field(ge=0, le=VISIT_S * 1_000)]
_Shown = tuple[_Digest, _WallNs]
_Ending = tuple[_Digest, _LeftMs]


class EndingsReport(Strict):
    """What an edge asks and tells of tickets and visits.

    Attributes:
        writer: which process has answered it last; "": none, as far as it knows.
        after: what it has heard of that one.
        shown: tickets that it is about to take, and when each was issued, in nanoseconds since
            1970.
        used: tickets that it took before, if it is not known who has heard of them.
        ended: visits that have ended, or will in some milliseconds.
    """

    writer: Annotated[str, Field(max_length=64)]
    after: Annotated[int, Field(ge=0)]
    shown: Annotated[tuple[Annotated[_Shown, Field(strict=False)], ...], _LIST] = ()
    used: Annotated[tuple[_Digest, ...], _LIST] = ()
    ended: Annotated[tuple[Annotated[_Ending, Field(strict=False)], ...], _LIST] = ()


async def hear_endings(request: web.Request, server: Server) -> web.Response:
    """Take up what has ended at an edge, and answer what has elsewhere.

    Raises:
        NotGranted: whoever tells it may not follow, and is no edge.
        InvalidInput: it is not accepted.
    """
    edge_of(request)
    body = await small_json(request, server, most_bytes=MOST_BYTES, noun="the report")
    if isinstance(body, web.Response):
        return body
    report = validate(EndingsReport, map_of(body, "after"))
    tickets = server.access.browsers.tickets
    if not isinstance(tickets, SealedTickets):
        words = "this server has no --cluster-key; accepted: edges of one that has theirs"
        return problem(HTTPStatus.CONFLICT, words)
    return json_answer(_answer(report, tickets, server.hub.clock.mono_ns()))


def _answer(report: EndingsReport, tickets: SealedTickets, mono_ns: int) -> EndingsAnswer:
    for digest in report.used:
        tickets.used.add(bytes.fromhex(digest), mono_ns, mono_ns)
    good = [
        digest
        for digest, issued_ns in report.shown
        if tickets.vouch(bytes.fromhex(digest), issued_ns, mono_ns)
    ]
    for digest, left_ms in report.ended:
        tickets.ended.add(bytes.fromhex(digest), mono_ns + left_ms * _NS_PER_MS, mono_ns)
    after = report.after if report.writer == tickets.process else 0
    ended = tickets.ended.since(after, MOST_ROWS)
    upto = ended[-1].number if ended else after
    return {
        "writer": tickets.process,
        "upto": upto,
        "more": upto < tickets.ended.newest,
        "good": good,
        "refused": [digest for digest, _ in report.shown if digest not in good],
        "ended": [
            [end.digest.hex(), max(0, (end.ends_ns - mono_ns) // _NS_PER_MS)] for end in ended
        ],
    }
