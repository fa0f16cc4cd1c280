"""`GET /v1/admin/jobs`: all jobs and whose they are, as administrators see them."""

import heapq
import re

from aiohttp import web

from feed.errors import InvalidParameter
from feed.http.admin import limit_of_page
from feed.http.answers import json_answer
from feed.http.jobs.forms import AllJobsAnswer, JobPortrait
from feed.http.server import Server
from feed.jobs.job import Job
from feed.market.job_words import JOB_PATTERN
from feed.wire.rfc3339 import rfc3339


async def all_jobs(request: web.Request, server: Server) -> web.Response:
    """List jobs in the order of their ids, page by page: `{"jobs","next","total"}`.

    Raises:
        HTTPForbidden: it comes from a page of another origin.
        InvalidParameter: a parameter is not accepted.
    """
    server.origins.check_named(request)
    limit, after = limit_of_page(request), request.query.get("after")
    if after is not None and not re.fullmatch(JOB_PATTERN, after):
        raise InvalidParameter("after", after, "the id of a job")
    name, known = request.query.get("identity"), server.jobs.jobs
    wanted = (
        job for job in known if job.id > (after or "") and (name is None or _is_of(job, name))
    )
    page = heapq.nsmallest(limit + 1, wanted, key=lambda job: job.id)
    answer: AllJobsAnswer = {
        "jobs": [_portrait(job) for job in page[:limit]],
        "next": page[limit - 1].id if len(page) > limit else None,
        "total": len(known),
    }
    return json_answer(answer)


def _is_of(job: Job, name: str) -> bool:
    return name in {job.identity.name, job.identity.id}


def _portrait(job: Job) -> JobPortrait:
    identity, progress = job.identity, job.progress
    portrait: JobPortrait = {
        "id": job.id,
        "identity": {"kind": identity.kind, "id": identity.id, "name": identity.name},
        "asked": rfc3339(job.asked_ns),
        "state": job.state,
        "exports": job.request.kind,
        "format": job.request.format,
        "done": progress.done,
        "total": progress.total,
        "size_bytes": progress.size_bytes,
    }
    if job.code:
        portrait |= {"code": job.code, "msg": job.words}
    return portrait
