"""`POST /v1/feedback`: reports of readers whose transport goes one way only."""

import asyncio
from http import HTTPStatus

from aiohttp import hdrs, web

from feed.http.answer_models import FeedbackAnswer
from feed.http.answers import json_answer
from feed.http.problems import problem
from feed.http.server import Server
from feed.hub.age_reports import REPORTS_PER_S, Outcome
from feed.wire.json_codec import JSON
from feed.wire.requests import Report

MAX_REPORT_BYTES = 4 * 1024  # 64 ages with all their digits are 1.3 kB
_RETRY_AFTER_S = 10


async def feedback(request: web.Request, server: Server) -> web.Response:
    """Count one report: 204, or 429 where there are too many of them.

    Where ticks have no age, since they are of a recording, the answer is 200 with the outcome
    `not_live`, and clients report no more.

    The body is JSON whatever its Content-Type says: `navigator.sendBeacon` sends text.

    Raises:
        InvalidMessage, InvalidParameter: the body is not accepted.
    """
    try:
        async with asyncio.timeout(server.hub.settings.head_timeout_s):
            body = await _read(request)
    except TimeoutError:
        late = problem(HTTPStatus.REQUEST_TIMEOUT, "the body of the request took too long")
        late.force_close()
        return late
    if body is None:
        return problem(
            HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
            "the report is too long",
            accepted=f"at most {MAX_REPORT_BYTES} bytes",
        )
    if not server.hub.age_reports.live:  # a recording's ages are of any size, so they are not read
        server.hub.age_reports.refuse()
        return json_answer(FeedbackAnswer(outcome=Outcome.NOT_LIVE))
    report = Report.of(JSON.decode(body))
    outcome = server.hub.age_reports.record(report.transport, report.ages_ms)
    if outcome is Outcome.OVER_BUDGET:
        refusal = problem(
            HTTPStatus.TOO_MANY_REQUESTS,
            f"more than {REPORTS_PER_S} reports a second; this one was not counted",
        )
        refusal.headers[hdrs.RETRY_AFTER] = str(_RETRY_AFTER_S)
        return refusal
    return web.Response(status=HTTPStatus.NO_CONTENT)


async def _read(request: web.Request) -> bytes | None:
    """Return the body; None: it is too long."""
    body = bytearray()
    async for chunk in request.content.iter_any():
        body += chunk
        if len(body) > MAX_REPORT_BYTES:
            return None
    return bytes(body)
