"""What went wrong, in the shape of an API: what its SDKs turn into exceptions."""

from http import HTTPStatus

from aiohttp import web

from feed.errors import FeedError, InvalidParameter, TooOften
from feed.generations.errors import GenerationFailed, Unavailable, UnknownGeneration
from feed.generations.generation import Generation
from feed.generations.model import ModelError, ModelFault
from feed.http.answers import json_answer
from feed.http.generations.apis import Api
from feed.http.problems import Failure, failure_for, legible, retry_after
from feed.http.protocol.headers import GENERATION_HEADER
from feed.http.server import Server
from feed.market.generation_words import GenerationState

# What programs are told where the error itself has no name.
_KINDS = {
    HTTPStatus.UNAUTHORIZED: "invalid_api_key",
    HTTPStatus.FORBIDDEN: "not_granted",
    HTTPStatus.NOT_FOUND: "not_found",
    HTTPStatus.REQUEST_TIMEOUT: "timeout",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "too_long",
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE: "unsupported_media_type",
    HTTPStatus.TOO_MANY_REQUESTS: "rate_limited",
    HTTPStatus.INTERNAL_SERVER_ERROR: "internal",
    HTTPStatus.SERVICE_UNAVAILABLE: "unavailable",
}
# Of generations that have no answer, by their code.
_STATUSES = {
    "interrupted": HTTPStatus.SERVICE_UNAVAILABLE,
    **{fault.value: fault.status for fault in ModelFault},
}
# After these a body may be on its way that nobody reads.
_ENDS = {HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.REQUEST_ENTITY_TOO_LARGE}


def refuse(error: Exception, request: web.Request, server: Server, api: Api) -> web.Response:
    """Return an error as an API tells it.

    Raises:
        HTTPException, ConnectionError: it is none, or nobody is there to read of it.
    """
    if isinstance(error, FeedError) and not isinstance(error, TooOften):
        server.hub.door.note(error)
    kind, failure = _failure_of(error, request.path)
    param = _param_of(error)
    document = api.error(failure.status, kind, legible(failure.detail), param)
    response = json_answer(document, failure.status)
    response.headers.update(failure.headers)
    response.headers.update(api.headers)
    if isinstance(error, GenerationFailed):
        response.headers[GENERATION_HEADER] = error.id
    if failure.status in _ENDS:
        response.force_close()
    return response


def _param_of(error: Exception) -> str | None:
    """Return the field of a request that an error is about, if any."""
    if isinstance(error, InvalidParameter):
        return error.parameter
    is_unknown = isinstance(error, ModelError) and error.kind is ModelFault.UNKNOWN_MODEL
    return "model" if is_unknown else None


def failure_of(generation: Generation) -> GenerationFailed | None:
    """Return why a generation that is over has no answer; None: it has one."""
    last, ending = generation.last, generation.ending
    if last.state not in {GenerationState.FAILED, GenerationState.INTERRUPTED}:
        return None
    usual = _STATUSES.get(last.code, HTTPStatus.INTERNAL_SERVER_ERROR)
    return GenerationFailed(
        generation.id,
        last.code,
        last.words,
        status=usual if ending is None else ending.status or usual,
        retry_after_s=None if ending is None else ending.retry_after_s,
    )


def _failure_of(error: Exception, path: str) -> tuple[str, Failure]:
    """Return what an error is to a client: its kind, status and words."""
    if isinstance(error, ModelError | GenerationFailed):
        return error.kind, _failure(error.status, error, error.retry_after_s)
    if isinstance(error, UnknownGeneration):
        return "not_found", _failure(HTTPStatus.NOT_FOUND, error)
    if isinstance(error, Unavailable):
        return "unavailable", _failure(HTTPStatus.SERVICE_UNAVAILABLE, error, error.retry_after_s)
    failure = failure_for(error, path)
    status = HTTPStatus(failure.status)
    if isinstance(error, InvalidParameter):
        return "invalid_value", failure
    return _KINDS.get(status, ""), failure


def _failure(status: int, error: FeedError, retry_after_s: float | None = None) -> Failure:
    headers = {} if retry_after_s is None else retry_after(retry_after_s)
    return Failure(status, str(error), headers=headers)
