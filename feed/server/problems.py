"""Errors as RFC 9457 problem details, which name the parameter, the value and what is accepted."""

from collections.abc import Awaitable, Callable
from collections.abc import Set as AbstractSet
from http import HTTPStatus
from typing import Any

import orjson
import structlog
from aiohttp import hdrs, web

from feed.errors import FeedError, InvalidParameter, LimitExceeded

PROBLEM_JSON = "application/problem+json"
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

log = structlog.get_logger("feed.problems")


def problem(status: int, detail: str, **members: Any) -> web.Response:  # noqa: ANN401 - JSON
    """Return a problem document; `members` are its extension members."""
    document = {"title": HTTPStatus(status).phrase, "status": status, "detail": detail, **members}
    return web.Response(status=status, body=orjson.dumps(document), content_type=PROBLEM_JSON)


def problem_of(error: FeedError) -> web.Response:
    """Return the problem document of an error of ours; they are all the client's."""
    if isinstance(error, InvalidParameter):
        return problem(
            HTTPStatus.BAD_REQUEST,
            str(error),
            parameter=error.parameter,
            value=error.value if isinstance(error.value, str | int | float) else repr(error.value),
            accepted=error.accepted,
        )
    if isinstance(error, LimitExceeded):
        return problem(
            HTTPStatus.BAD_REQUEST,
            str(error),
            limit=error.limit,
            value=error.requested,
            accepted=f"at most {error.maximum}",
        )
    return problem(HTTPStatus.BAD_REQUEST, str(error))


@web.middleware
async def problems(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Turn what handlers raise into problem documents."""
    try:
        return await handler(request)
    except FeedError as error:
        return problem_of(error)
    except web.HTTPMethodNotAllowed as error:
        return _method_not_allowed(request, error.allowed_methods)
    except web.HTTPNotFound:
        return _nothing_at(request)
    except web.HTTPException as error:
        if error.status < HTTPStatus.BAD_REQUEST:
            raise
        return problem(error.status, error.text or error.reason)
    except ConnectionError:
        raise  # the client is gone: nobody reads a document
    except Exception:
        log.exception("request_failed", path=request.path)
        return problem(HTTPStatus.INTERNAL_SERVER_ERROR, "the server failed; it has been logged")


def _method_not_allowed(request: web.Request, methods: AbstractSet[str]) -> web.Response:
    if methods == {hdrs.METH_OPTIONS}:  # preflights are answered on any path
        return _nothing_at(request)
    allowed = ", ".join(sorted(methods))
    detail = f"{request.path} does not answer {request.method}; accepted: {allowed}"
    response = problem(HTTPStatus.METHOD_NOT_ALLOWED, detail)
    response.headers["Allow"] = allowed
    return response


def _nothing_at(request: web.Request) -> web.Response:
    return problem(HTTPStatus.NOT_FOUND, f"there is nothing at {request.path}; see /")
