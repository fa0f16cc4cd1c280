"""Errors as RFC 9457 problem details: the parameter, its value, and the accepted values."""

import math
from collections.abc import Awaitable, Callable
from functools import partial
from http import HTTPStatus
from typing import Any

import orjson
from aiohttp import hdrs, web

from feed.errors import (
    CredentialRefused,
    FeedError,
    InvalidParameter,
    LimitExceeded,
    NotGranted,
    TooOften,
    Unauthenticated,
    shorten,
)
from feed.http.mount import mount_of
from feed.logger import logger_of
from feed.trust.denial import Denial

PROBLEM_JSON = "application/problem+json"
# RFC 6750 §3. Never Basic: browsers would ask the reader for a password.
_CHALLENGE = 'Bearer realm="feed"'
_WRONG = f'{_CHALLENGE}, error="invalid_token"'
_RETRY_AFTER_S = 10
_OF_THE_BODY = {hdrs.CONTENT_TYPE, hdrs.CONTENT_LENGTH}
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

log = logger_of("feed.problems")


def problem(status: int, detail: str, **members: Any) -> web.Response:  # noqa: ANN401 - JSON
    """Return a problem document; `members` are its extension members."""
    document = {"title": HTTPStatus(status).phrase, "status": status, "detail": detail, **members}
    told = {
        name: legible(value) if isinstance(value, str) else value
        for name, value in document.items()
    }
    return web.Response(status=status, body=orjson.dumps(told), content_type=PROBLEM_JSON)


def legible(text: str) -> str:
    r"""Return a text from a request with bytes that are not UTF-8 as `\xff`.

    aiohttp keeps them as surrogates, which neither JSON nor a log can carry.
    """
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def problem_of(error: FeedError) -> web.Response:
    """Return the problem document of an error of ours; all of these are the client's."""
    if isinstance(error, InvalidParameter):
        return problem(
            HTTPStatus.BAD_REQUEST,
            str(error),
            parameter=error.parameter,
            value=error.value
            if isinstance(error.value, str | int | float)
            else shorten(error.value),
            accepted=error.accepted,
        )
    if isinstance(error, LimitExceeded):
        return _of_limit(error)
    if isinstance(error, CredentialRefused) and error.why == Denial.UNAVAILABLE:
        response = problem(HTTPStatus.SERVICE_UNAVAILABLE, str(error))
        response.headers[hdrs.RETRY_AFTER] = str(_RETRY_AFTER_S)
        return response
    if isinstance(error, Unauthenticated | CredentialRefused):
        response = problem(HTTPStatus.UNAUTHORIZED, str(error))
        refused = isinstance(error, CredentialRefused)
        response.headers[hdrs.WWW_AUTHENTICATE] = _WRONG if refused else _CHALLENGE
        return response
    if isinstance(error, NotGranted):
        return problem(HTTPStatus.FORBIDDEN, str(error), granted=error.granted)
    return problem(HTTPStatus.BAD_REQUEST, str(error))


def _of_limit(error: LimitExceeded) -> web.Response:
    """Return the problem document of a limit: of a rate it says when to come back."""
    accepted = f"at most {error.maximum}"
    if not isinstance(error, TooOften):
        status, value = HTTPStatus.BAD_REQUEST, error.requested
        return problem(status, str(error), limit=error.limit, value=value, accepted=accepted)
    status = HTTPStatus.TOO_MANY_REQUESTS
    response = problem(status, str(error), limit=error.limit, accepted=accepted)
    response.headers[hdrs.RETRY_AFTER] = str(max(1, math.ceil(error.retry_s)))
    return response


def problem_for(error: Exception, path: str) -> web.Response:
    """Return the problem document of any error that a handler raised.

    Raises:
        HTTPException, ConnectionError: it is not a problem, or nobody is there to read of it.
    """
    if isinstance(error, FeedError):
        return problem_of(error)
    if isinstance(error, web.HTTPNotFound):
        return nothing_at(path)
    if isinstance(error, web.HTTPException) and error.status >= HTTPStatus.BAD_REQUEST:
        response = problem(error.status, error.text or error.reason)
        response.headers.update(
            (name, value) for name, value in error.headers.items() if name not in _OF_THE_BODY
        )
        return response
    if isinstance(error, web.HTTPException | ConnectionError):
        raise error
    log.error("request_failed", path=legible(path), exc_info=error)
    return problem(HTTPStatus.INTERNAL_SERVER_ERROR, "the server failed; it has been logged")


def with_problems(handler: Handler) -> Handler:
    """Return a handler that answers errors as problem documents, for finite answers.

    No middleware: its frames, and aiohttp's own, would stay for as long as each subscriber does,
    1 kB of each (measured).
    """
    return partial(_answer_or_problem, handler)


async def _answer_or_problem(handler: Handler, request: web.Request) -> web.StreamResponse:
    try:
        return await handler(request)
    except Exception as error:  # noqa: BLE001 - any error is answered or raised again
        return problem_for(error, request.path)


async def refuse_unrouted(request: web.Request) -> web.Response:
    """Answer 404 or 405 to what no other route answers: the last one, for all paths and methods."""
    accepted = await allowed_methods(request)
    if accepted is None:
        return nothing_at(request.path, mount_of(request))
    detail = f"{request.path} does not answer {request.method}; accepted: {accepted}"
    response = problem(HTTPStatus.METHOD_NOT_ALLOWED, detail)
    response.headers["Allow"] = accepted
    return response


async def allowed_methods(request: web.Request) -> str | None:
    """Return the methods of a path, as `Allow` lists them; None: there is nothing at it."""
    allowed: set[str] = set()
    for resource in request.app.router.resources():
        _, methods = await resource.resolve(request)
        allowed |= methods
    allowed -= {hdrs.METH_ANY, hdrs.METH_OPTIONS}  # of the routes for all paths
    return ", ".join(sorted({*allowed, hdrs.METH_OPTIONS})) if allowed else None


def nothing_at(path: str, prefix: str = "") -> web.Response:
    """Return the problem document of a path that leads nowhere; `prefix`: that of our pages."""
    return problem(HTTPStatus.NOT_FOUND, f"there is nothing at {path}; see {prefix}/")
