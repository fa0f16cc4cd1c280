"""Errors as RFC 9457 problem details: the parameter, its value, and the accepted values."""

import math
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from http import HTTPStatus
from typing import Any

import orjson
from aiohttp import hdrs, web

from feed.errors import (
    Clash,
    CredentialRefused,
    FeedError,
    InvalidParameter,
    LimitExceeded,
    Missing,
    NotGranted,
    NotNow,
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


@dataclass(frozen=True, slots=True)
class Failure:
    """What went wrong with a request, before it has a form.

    Attributes:
        status: of the answer.
        detail: for a person.
        members: what a problem document says of it beside that.
        headers: of the answer.
    """

    status: int
    detail: str
    members: Mapping[str, Any] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)

    def problem(self) -> web.Response:
        """Return it as a problem document."""
        response = problem(self.status, self.detail, **self.members)
        response.headers.update(self.headers)
        return response


def retry_after(seconds: float) -> dict[str, str]:
    """Return the header that says when to come back."""
    return {hdrs.RETRY_AFTER: str(max(1, math.ceil(seconds)))}


def problem_of(error: FeedError) -> web.Response:
    """Return the problem document of an error of ours; all of these are the client's."""
    return failure_of(error).problem()


def failure_of(error: FeedError) -> Failure:
    """Return what an error of ours is to a client; all of these are the client's."""
    if isinstance(error, InvalidParameter):
        is_plain = isinstance(error.value, str | int | float)
        members = {
            "parameter": error.parameter,
            "value": error.value if is_plain else shorten(error.value),
            "accepted": error.accepted,
        }
        return Failure(HTTPStatus.BAD_REQUEST, str(error), members)
    if isinstance(error, LimitExceeded):
        return _of_limit(error)
    if isinstance(error, CredentialRefused) and error.why == Denial.UNAVAILABLE:
        headers = retry_after(_RETRY_AFTER_S)
        return Failure(HTTPStatus.SERVICE_UNAVAILABLE, str(error), headers=headers)
    if isinstance(error, Unauthenticated | CredentialRefused):
        challenge = _WRONG if isinstance(error, CredentialRefused) else _CHALLENGE
        headers = {hdrs.WWW_AUTHENTICATE: challenge}
        return Failure(HTTPStatus.UNAUTHORIZED, str(error), headers=headers)
    return _of_what_is_there(error)


def _of_what_is_there(error: FeedError) -> Failure:
    """Return what an error is to a client that asks for what is not granted, or not so."""
    match error:
        case NotGranted():
            return Failure(HTTPStatus.FORBIDDEN, str(error), {"granted": error.granted})
        case Clash():
            return Failure(HTTPStatus.CONFLICT, str(error), error.there)
        case Missing():
            return Failure(HTTPStatus.GONE if error.was_there else HTTPStatus.NOT_FOUND, str(error))
        case NotNow():
            headers = {} if error.retry_s is None else retry_after(error.retry_s)
            return Failure(HTTPStatus.SERVICE_UNAVAILABLE, str(error), headers=headers)
        case _:
            return Failure(HTTPStatus.BAD_REQUEST, str(error))


def _of_limit(error: LimitExceeded) -> Failure:
    """Return what a limit is to a client: of a rate it says when to come back."""
    members: dict[str, Any] = {"limit": error.limit, "accepted": f"at most {error.maximum}"}
    if not isinstance(error, TooOften):
        members["value"] = error.requested
        return Failure(HTTPStatus.BAD_REQUEST, str(error), members)
    headers = retry_after(error.retry_s)
    return Failure(HTTPStatus.TOO_MANY_REQUESTS, str(error), members, headers)


def problem_for(error: Exception, path: str) -> web.Response:
    """Return the problem document of any error that a handler raised.

    Raises:
        HTTPException, ConnectionError: it is not a problem, or nobody is there to read of it.
    """
    return failure_for(error, path).problem()


def failure_for(error: Exception, path: str) -> Failure:
    """Return what any error that a handler raised is to a client.

    Raises:
        HTTPException, ConnectionError: it is none, or nobody is there to read of it.
    """
    if isinstance(error, FeedError):
        return failure_of(error)
    if isinstance(error, web.HTTPNotFound):
        return Failure(HTTPStatus.NOT_FOUND, _nothing_at(path))
    if isinstance(error, web.HTTPException) and error.status >= HTTPStatus.BAD_REQUEST:
        headers = {name: value for name, value in error.headers.items() if name not in _OF_THE_BODY}
        return Failure(error.status, error.text or error.reason, headers=headers)
    if isinstance(error, web.HTTPException | ConnectionError):
        raise error
    log.error("request_failed", path=legible(path), exc_info=error)
    return Failure(HTTPStatus.INTERNAL_SERVER_ERROR, "the server failed; it has been logged")


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
    return problem(HTTPStatus.NOT_FOUND, _nothing_at(path, prefix))


def _nothing_at(path: str, prefix: str = "") -> str:
    return f"there is nothing at {path}; see {prefix}/"
