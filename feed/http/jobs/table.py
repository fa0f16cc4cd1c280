"""The routes of jobs."""

from http import HTTPStatus

from aiohttp import hdrs

from feed.http.edge.forward import forward
from feed.http.jobs import admin, exporting, forms
from feed.http.route import TEXT, Body, Route
from feed.http.scopes import Scope
from feed.jobs.request import JobRequest

_JOB = f"{exporting.PATH}/{{job}}"
_UNKNOWN = (HTTPStatus.NOT_FOUND,)

JOB_ROUTES = (
    Route(
        exporting.PATH,
        exporting.begin,
        Scope.GRANTED,
        "that an export of the ring, of bars or of a recording is begun",
        body=Body.AS_IS,
        method=hdrs.METH_POST,
        in_line=False,  # its body may take its time
        says={202: forms.JobAnswer},
        refuses=(
            HTTPStatus.REQUEST_TIMEOUT,
            HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
            HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
            HTTPStatus.TOO_MANY_REQUESTS,
            HTTPStatus.SERVICE_UNAVAILABLE,
        ),
        asks=JobRequest,
        hand_on=forward,
    ),
    Route(
        exporting.PATH,
        exporting.listed,
        Scope.GRANTED,
        "one's own jobs",
        says={200: forms.JobsAnswer},
        hand_on=forward,
    ),
    Route(
        _JOB,
        exporting.look,
        Scope.GRANTED,
        "how a job stands; as events until it is over, if `Accept` asks for them",
        body=Body.AS_IS,
        in_line=False,  # of events it takes as long as the job
        says={200: forms.JobAnswer, 204: None},
        refuses=_UNKNOWN,
        streams=True,
        hand_on=forward,
    ),
    Route(
        _JOB,
        exporting.remove,
        Scope.GRANTED,
        "that a job is cancelled, and its file removed; one that is over is forgotten",
        body=Body.AS_IS,
        method=hdrs.METH_DELETE,
        in_line=False,  # its program ends first
        says={200: forms.JobAnswer},
        refuses=_UNKNOWN,
        hand_on=forward,
    ),
    Route(
        f"{_JOB}/file",
        exporting.file,
        Scope.GRANTED,
        "the file of a job that is done, whole or in ranges; its checksum is in `Repr-Digest`",
        body=Body.AS_IS,
        in_line=False,  # it takes as long as the client reads
        says={200: TEXT, 206: TEXT},
        refuses=(*_UNKNOWN, HTTPStatus.CONFLICT, HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE),
        hand_on=forward,
    ),
    Route(
        "/v1/admin/jobs",
        admin.all_jobs,
        Scope.ADMIN,
        '`{"jobs","next","total"}`: all jobs, whose they are, and how they stand',
        ("limit", "after", "identity"),
        says={200: forms.AllJobsAnswer},
        hand_on=forward,
    ),
)
