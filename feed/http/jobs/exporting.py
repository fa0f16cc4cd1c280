"""Jobs are asked for, looked at, cancelled; their files are given."""

import base64
from http import HTTPStatus
from typing import Any

import orjson
from aiohttp import hdrs, web

from feed.errors import FeedError, InvalidMessage
from feed.http.access import identity_of
from feed.http.answers import json_answer
from feed.http.bodies import check_type, small_body
from feed.http.callers import caller_of
from feed.http.jobs.file import JobFile
from feed.http.jobs.refusals import refused
from feed.http.jobs.stream import EVENT_STREAM, watch
from feed.http.mount import mount_of
from feed.http.server import Server
from feed.http.streaming import NEVER_STORED
from feed.hub.steps import Step
from feed.jobs.job import Job
from feed.jobs.request import MAX_REQUEST_BYTES, MEDIA_TYPES, JobRequest
from feed.market.job_words import JobState
from feed.wire.rfc3339 import rfc3339
from feed.wire.word_fields import fields_of_word

PATH = "/v1/jobs"
_NS_PER_S = 1_000_000_000
_SHOWN_DIGITS = 8  # of an id, in the name of a file


async def begin(request: web.Request, server: Server) -> web.StreamResponse:
    """Answer `POST /v1/jobs`: 202, and where the job is."""
    check_type(request)
    body = await small_body(request, server, most_bytes=MAX_REQUEST_BYTES, noun="the request")
    if isinstance(body, web.Response):
        return body
    async with server.hub.turns.turn(Step.ANSWER):
        try:
            document = orjson.loads(body)
        except orjson.JSONDecodeError as error:
            raise InvalidMessage(f"not JSON: {error}; accepted: one JSON object") from None
        most = server.hub.settings.max_symbols_per_connection
        asked = JobRequest.of(document, most_symbols=most)
        try:
            job = server.jobs.begin(asked, identity_of(request), caller_of(request).place)
        except FeedError as error:
            return refused(error)
    answer = json_answer(document_of(job, request, server), HTTPStatus.ACCEPTED)
    answer.headers[hdrs.LOCATION] = _place(request, job)
    return answer


async def listed(request: web.Request, server: Server) -> web.StreamResponse:
    """Answer `GET /v1/jobs`: one's own."""
    jobs = server.jobs.of(identity_of(request))
    return json_answer({"jobs": [document_of(job, request, server) for job in jobs]})


async def look(request: web.Request, server: Server) -> web.StreamResponse:
    """Answer `GET /v1/jobs/{job}`: how it stands; as events until it is over, if `Accept` asks."""
    try:
        job = _found(request, server)
    except FeedError as error:
        return refused(error)
    wants_events = EVENT_STREAM in request.headers.get(hdrs.ACCEPT, "")
    if wants_events and request.method == hdrs.METH_GET:
        return await watch(request, server, job)
    answer = json_answer(document_of(job, request, server))
    answer.headers.update(NEVER_STORED)
    answer.headers[hdrs.VARY] = hdrs.ACCEPT
    return answer


async def remove(request: web.Request, server: Server) -> web.StreamResponse:
    """Answer `DELETE /v1/jobs/{job}`: it is cancelled, or forgotten where it was over."""
    try:
        job = _found(request, server)
    except FeedError as error:
        return refused(error)
    await server.jobs.remove(job)
    return json_answer(document_of(job, request, server))


async def file(request: web.Request, server: Server) -> web.StreamResponse:
    """Answer `GET /v1/jobs/{job}/file`, whole or in ranges."""
    identity = identity_of(request)
    try:
        job = _found(request, server)
        path = server.jobs.file(job, identity)
    except FeedError as error:
        return refused(error)
    digest = base64.b64encode(bytes.fromhex(job.sha256)).decode()
    headers = {
        hdrs.CONTENT_TYPE: MEDIA_TYPES[job.request.file_format],
        hdrs.CONTENT_DISPOSITION: f'attachment; filename="{_name(job)}"',
        "Repr-Digest": f"sha-256=:{digest}:",
        hdrs.CACHE_CONTROL: "private, no-transform",
    }
    return JobFile(path, headers=headers)


def document_of(job: Job, request: web.Request, server: Server) -> dict[str, Any]:
    """Return how a job stands, as a document."""
    wall_ns = server.hub.clock.wall_ns()
    keep_ns = int(server.hub.settings.jobs_keep_s * _NS_PER_S)
    is_done = job.state is JobState.DONE and server.jobs.is_there(job)
    return {
        **fields_of_word(job.word(wall_ns)),
        "t": rfc3339(wall_ns),
        "asked": rfc3339(job.asked_ns),
        "request": job.request.document(),
        "gaps": job.gaps,
        "file": f"{_place(request, job)}/file" if is_done else None,
        "name": _name(job),
        "expires": rfc3339(job.over_ns + keep_ns) if job.is_over else None,
    }


def _found(request: web.Request, server: Server) -> Job:
    return server.jobs.find(request.match_info["job"], identity_of(request))


def _place(request: web.Request, job: Job) -> str:
    return f"{mount_of(request)}{PATH}/{job.id}"


def _name(job: Job) -> str:
    short = job.id.partition("_")[2][:_SHOWN_DIGITS]
    return f"feed-{job.request.kind}-{short}.{job.request.format}"
