"""The progress of a job as Server-Sent Events, at its own URL, until it is over.

Each event is how the job stands, and has the number of that word as its id: whoever comes back with
an id is told at once what it has become since, or waits for the next. Whoever reads slowly gets the
newest, since that is all there is to know.
"""

import asyncio
from http import HTTPStatus

from aiohttp import ClientConnectionResetError, hdrs, web

from feed.errors import CredentialRefused, NotNow
from feed.http.access import identity_of
from feed.http.server import Server
from feed.http.streaming import NEVER_STORED
from feed.jobs.errors import UnknownJob
from feed.jobs.job import Job
from feed.wire.json_codec import JSON

BEAT_S = 15.0  # between two signs of life in silence
LOOK_S = 1.0  # between two looks whether somebody may still read
_COMMENT = b":\n\n"
_MOST_DIGITS = 15
EVENT_STREAM = "text/event-stream"


async def watch(request: web.Request, server: Server, job: Job) -> web.StreamResponse:
    """Serve the words of a job until it is over."""
    number = _number(request.headers.get("Last-Event-ID", ""))
    if job.is_over and number == job.number:
        return web.Response(status=HTTPStatus.NO_CONTENT)  # an EventSource comes back no more
    headers = {**NEVER_STORED, hdrs.CONTENT_TYPE: f"{EVENT_STREAM}; charset=utf-8"}
    response = web.StreamResponse(headers=headers)
    await response.prepare(request)
    try:
        await _tell(request, server, job, response, number)
    except (ClientConnectionResetError, ConnectionResetError):
        return response  # nobody reads any more
    return response


async def _tell(
    request: web.Request, server: Server, job: Job, response: web.StreamResponse, number: int
) -> None:
    loop = asyncio.get_running_loop()
    told_s = loop.time()
    while _may_read(request, server, job):
        if job.number != number:
            number = job.number
            told_s = loop.time()
            (fragment,) = JSON.encode([job.newest or job.word(server.hub.clock.wall_ns())])
            try:
                await server.hub.publisher.words_settled()
            except NotNow:  # whoever comes again is told then
                break
            await response.write(b'id: %d\ndata: {"T":%b}\n\n' % (number, fragment))
        elif loop.time() - told_s >= BEAT_S:
            told_s = loop.time()
            await response.write(_COMMENT)
        if job.is_over:
            break
        try:
            async with asyncio.timeout(LOOK_S):
                await server.jobs.changed(job, number)
        except TimeoutError:
            continue
    await response.write_eof()


def _may_read(request: web.Request, server: Server, job: Job) -> bool:
    """Tell whether somebody is there, and may still read of a job."""
    if server.hub.leaving or not server.listens(request) or not server.jobs.is_there(job):
        return False
    try:
        identity = server.access.renew(identity_of(request))
        server.jobs.find(job.id, identity)
    except (CredentialRefused, UnknownJob):
        return False
    return True


def _number(text: str) -> int:
    is_one = text.isascii() and text.isdecimal() and len(text) <= _MOST_DIGITS
    return int(text) if is_one else 0
