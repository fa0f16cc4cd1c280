"""`POST /v1/feedback`: reports of readers whose transport goes one way only."""

from http import HTTPStatus

from aiohttp import hdrs, web

from feed.http.answer_models import FeedbackAnswer
from feed.http.answers import json_answer
from feed.http.bodies import small_body
from feed.http.problems import problem
from feed.http.server import Server
from feed.hub.age_reports import REPORTS_PER_S, Outcome
from feed.wire.control import Report
from feed.wire.json_codec import JSON

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
    body = await small_body(request, server, most_bytes=MAX_REPORT_BYTES, noun="the report")
    if isinstance(body, web.Response):
        return body
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
