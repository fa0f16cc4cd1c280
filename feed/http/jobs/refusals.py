"""What went wrong with a job, as problem documents."""

from http import HTTPStatus

from aiohttp import web

from feed.errors import FeedError
from feed.http.problems import problem, retry_after
from feed.jobs.errors import JobsUnavailable, NoFile, TooManyJobs, UnknownJob


def refused(error: FeedError) -> web.Response:
    """Return the problem document of an error of jobs.

    Raises:
        FeedError: it is another one, which is told as everywhere.
    """
    if isinstance(error, UnknownJob):
        return problem(HTTPStatus.NOT_FOUND, str(error))
    if isinstance(error, NoFile):
        return problem(HTTPStatus.CONFLICT, str(error), state=error.state)
    if isinstance(error, TooManyJobs):
        status = HTTPStatus.TOO_MANY_REQUESTS if error.own else HTTPStatus.SERVICE_UNAVAILABLE
        response = problem(status, str(error))
        response.headers.update(retry_after(error.retry_after_s))
        return response
    if isinstance(error, JobsUnavailable):
        response = problem(HTTPStatus.SERVICE_UNAVAILABLE, str(error))
        if error.retry_after_s is not None:
            response.headers.update(retry_after(error.retry_after_s))
        return response
    raise error
