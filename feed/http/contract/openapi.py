"""The OpenAPI document: every request that the server answers, from the table of routes."""

import re
from collections.abc import Iterator, Sequence
from functools import partial
from http import HTTPStatus
from typing import Any, get_args, get_origin

from aiohttp import hdrs

import feed
from feed.http.answer_models import Problem
from feed.http.browsers import TICKET
from feed.http.checkpoint import MEDIA_TYPE as CHECKPOINT
from feed.http.contract.parameters import parameter_of, path_parameter
from feed.http.contract.schemas import Schema, ref, schemas_of
from feed.http.contract.security import SCHEMES, requirements
from feed.http.contract.ticks import tick_schemas
from feed.http.contract.words import word_schemas
from feed.http.problems import PROBLEM_JSON
from feed.http.protocol.headers import CONFLATE_HEADER, CONNECTION_HEADER
from feed.http.route import BYTES, TEXT, Body, Route
from feed.http.scopes import Scope
from feed.http.tickets import tickets
from feed.http.unserved import PLACES
from feed.wire.codec import CODECS
from feed.wire.json_codec import JSON as JSON_CODEC

VERSION = "3.1.1"
JSON = "application/json"
_LICENSE = {"name": "Apache 2.0", "identifier": "Apache-2.0"}
_WORDS = """\
A live market-data broadcaster. Everything that is answered once is described here; what the streams
carry, message by message, in [AsyncAPI](asyncapi.json).

Every answer is filtered by the grants of whoever asks. Errors are problem documents (RFC 9457) that
name what was wrong, where, and what is accepted. A query with a name that is unknown is refused,
but for cache busters: `r`, `cb`, `nocache`, and names that begin with `_`."""
# By the module of the handlers.
_TAGS = {
    **dict.fromkeys(
        ("stream", "socket"),
        ("streams", "answers that do not end; messages are described in asyncapi.json"),
    ),
    **dict.fromkeys(
        ("market_data", "checkpoint", "market", "screener"),
        ("market data", "without a stream"),
    ),
    "tickets": ("browsers", "what pages are given that cannot send headers"),
    **dict.fromkeys(
        ("ingest", "producer"),
        ("pushing", "ticks of one's own, with the grant `publish`"),
    ),
    **dict.fromkeys(
        ("asking", "again"),
        ("language models", "questions by other APIs, and answers that many may watch"),
    ),
    "exporting": ("jobs", "exports to files, with their progress"),
    **dict.fromkeys(
        ("reading", "speaking"),
        ("rooms", "what people say to each other, the lists that they keep, and who is there"),
    ),
    "watching": ("alerts", "rules of your own on ticks, and that they fired"),
    "feedback": ("feedback", "what readers tell"),
    "hearing": ("edges", "what servers tell that follow this one"),
    "hearing_endings": ("edges", "what servers tell that follow this one"),
    "status": ("state", "how the server is"),
    "admin": ("administration", "for whoever has the grant `admin`"),
    "replay": ("replays", "recordings while they are played, for whoever has the grant `admin`"),
    "served": ("documents", "this one, and its neighbour"),
}
_IN_BRACES = re.compile(r"\{(\w+)\}")
_MEDIA_TYPES = {  # of answers without end
    "/v1/sse": ["text/event-stream"],
    "/v1/stream": [codec.media_types[0] for codec in CODECS.values()],
    "/v1/follow": [JSON_CODEC.media_types[0]],
}
_EVENTS: Schema = {  # each of a stream that another API describes
    "schema": {
        "type": "object",
        "properties": {"data": {"type": "string"}, "id": {"type": "string"}},
        "required": ["data"],
    }
}
_CONFLATED = frozenset(
    {
        *("/v1/snapshot", "/v1/history", "/v1/bars", "/v1/market"),
        *("/v1beta1/screener/stocks/most-actives", "/v1beta1/screener/{market_type}/movers"),
    }
)
_UNSAFE = frozenset({hdrs.METH_POST, hdrs.METH_PUT, hdrs.METH_PATCH, hdrs.METH_DELETE})
_PROBLEMS = {
    HTTPStatus.BAD_REQUEST: "a parameter is not accepted",
    HTTPStatus.UNAUTHORIZED: "a credential is due, or what was shown is not accepted",
    HTTPStatus.FORBIDDEN: "nothing of it is granted, or the page it comes from is not allowed",
    HTTPStatus.NOT_FOUND: "there is no such thing, or not any more",
    HTTPStatus.NOT_ACCEPTABLE: "`Accept` names nothing that is served",
    HTTPStatus.CONFLICT: "nothing that goes on is what was asked for",
    HTTPStatus.GONE: "it was there, and is gone for good",
    HTTPStatus.REQUEST_TIMEOUT: "the body took too long",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "the body is too long",
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE: "the body is of another media type",
    HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE: "the range is not of the file",
    HTTPStatus.UPGRADE_REQUIRED: "it is a WebSocket, and the request does not ask for one",
    HTTPStatus.TOO_MANY_REQUESTS: "there are too many of them: come back later",
    HTTPStatus.SERVICE_UNAVAILABLE: "not now: a writer is away, memory is short …: come back",
}
_HEADERS = {
    HTTPStatus.UNAUTHORIZED: (hdrs.WWW_AUTHENTICATE,),
    HTTPStatus.TOO_MANY_REQUESTS: (hdrs.RETRY_AFTER,),
    HTTPStatus.SERVICE_UNAVAILABLE: (hdrs.RETRY_AFTER,),
}
_COMPONENT_HEADERS: dict[str, Schema] = {
    CONFLATE_HEADER: {
        "description": "at which intervals channels come, where they are conflated: "
        "`quotes:250ms,trades:1s`",
        "schema": {"type": "string"},
    },
    CONNECTION_HEADER: {
        "description": "the id of the connection, to ask administrators about",
        "schema": {"type": "integer", "minimum": 1},
    },
    hdrs.RETRY_AFTER: {
        "description": "after how many seconds to come back",
        "schema": {"type": "integer", "minimum": 0},
    },
    hdrs.WWW_AUTHENTICATE: {
        "description": "how to show a credential",
        "schema": {"type": "string"},
    },
    hdrs.SET_COOKIE: {
        "description": "the cookie of a visit, or its end",
        "schema": {"type": "string"},
    },
}


def openapi_document(routes: Sequence[Route], *, identities_required: bool) -> dict[str, Any]:
    """Return the document.

    Args:
        routes: the table.
        identities_required: whether somebody has to show who they are.
    """
    paths: dict[str, Schema] = {}
    for route in routes:
        operation = _operation(route, identities_required=identities_required)
        paths.setdefault(route.path, {})[route.method.lower()] = operation
    tags = {_tag(route): None for route in routes}
    words = dict(_TAGS.values())
    return {
        "openapi": VERSION,
        "info": {
            "title": "feed",
            "version": feed.__version__,
            "summary": "live market data, once for everybody",
            "description": _WORDS,
            "license": _LICENSE,
        },
        "tags": [{"name": tag, "description": words[tag]} for tag in tags],
        "paths": paths,
        "components": {
            "schemas": {**schemas_of(_forms(routes)), **tick_schemas(), **word_schemas()},
            "headers": _COMPONENT_HEADERS,
            "responses": {status.phrase.replace(" ", ""): _problem(status) for status in _PROBLEMS},
            "securitySchemes": dict(SCHEMES),
        },
    }


def name_of(route: Route) -> str:
    """Return the name of a route's operation, which no other one has."""
    return "_".join([_handler(route).__name__, *_IN_BRACES.findall(route.path)[:1]])


def is_finite(route: Route) -> bool:
    """Tell whether a route is answered once."""
    return route.body is not Body.ENDLESS


def _handler(route: Route) -> Any:  # noqa: ANN401 - a function
    answer = route.answer
    return answer.func if isinstance(answer, partial) else answer


def _tag(route: Route) -> str:
    module = _handler(route).__module__.rpartition(".")[2]
    return _TAGS[module if is_finite(route) or module in _TAGS else "stream"][0]


def _forms(routes: Sequence[Route]) -> Iterator[type]:
    """Yield the forms of all answers and bodies."""
    yield Problem
    for route in routes:
        for form in route.says.values():
            if isinstance(form, type):
                yield form
            else:
                yield from get_args(form)
        if route.asks is not None:
            yield route.asks
        if route.errors is not None:
            yield route.errors


def _operation(route: Route, *, identities_required: bool) -> Schema:
    tickets_in_url = TICKET in route.parameters
    operation: Schema = {
        "operationId": name_of(route),
        "summary": route.words.replace("`", ""),
        "tags": [_tag(route)],
        "parameters": [
            *(path_parameter(name, PLACES) for name in _IN_BRACES.findall(route.path)),
            *(
                parameter_of(route.method, route.path, name).document(name)
                for name in route.parameters
                if name != TICKET  # stands among the ways to show who one is
            ),
        ],
        "security": requirements(
            route.scope,
            required=identities_required,
            visits=_handler(route) is not tickets,
            tickets=tickets_in_url,
        ),
        "responses": _responses(route, identities_required=identities_required),
    }
    if route.asks is not None:
        operation["requestBody"] = {
            "required": True,
            "content": {JSON: {"schema": ref(route.asks.__name__)}},
        }
    elif route.media_types:
        content = {name: {"schema": {"type": "string"}} for name in route.media_types}
        operation["requestBody"] = {"required": True, "content": content}
    elif _handler(route) is tickets:  # it is not read: only pages that are allowed can send JSON
        operation["requestBody"] = {"required": True, "content": {JSON: {"example": {}}}}
    return operation


def _responses(route: Route, *, identities_required: bool) -> Schema:
    responses: Schema = {}
    if is_finite(route) or route.says:
        for status, form in route.says.items():
            responses[str(status)] = _success(route, status, form)
    elif route.path in _MEDIA_TYPES:
        responses["200"] = _endless(route)
    else:
        responses["101"] = {"description": "a WebSocket: see asyncapi.json"}
    for problem in _refusals(route, identities_required=identities_required):
        key = problem.phrase.replace(" ", "")
        refusal = {"$ref": f"#/components/responses/{key}"}
        if route.errors is not None:
            refusal = _refusal(problem, JSON, route.errors)
        responses.setdefault(str(problem.value), refusal)
    return dict(sorted(responses.items()))


def _refusals(route: Route, *, identities_required: bool) -> Iterator[HTTPStatus]:
    """Yield by what statuses a route may refuse."""
    yield from route.refuses
    if route.hand_on is not None:  # there may be no writer
        yield HTTPStatus.SERVICE_UNAVAILABLE
    in_path = [name for name in _IN_BRACES.findall(route.path) if name not in PLACES]
    if route.refuses_others or in_path or route.asks is not None or not is_finite(route):
        yield HTTPStatus.BAD_REQUEST
    if identities_required and route.scope is not Scope.OPEN:
        yield HTTPStatus.UNAUTHORIZED
        yield HTTPStatus.SERVICE_UNAVAILABLE
    if route.scope in {Scope.GRANTED, Scope.ADMIN} or route.method in _UNSAFE:
        yield HTTPStatus.FORBIDDEN
    if route.rated or not is_finite(route):
        yield HTTPStatus.TOO_MANY_REQUESTS
    if not is_finite(route):
        yield HTTPStatus.SERVICE_UNAVAILABLE
        if route.method == hdrs.METH_GET and not route.says:
            one_way = route.path in _MEDIA_TYPES
            yield HTTPStatus.NOT_ACCEPTABLE if one_way else HTTPStatus.UPGRADE_REQUIRED


def _success(route: Route, status: int, form: object) -> Schema:
    response: Schema = {"description": route.words}
    headers = []
    if route.path in _CONFLATED:
        headers.append(CONFLATE_HEADER)
    if _tag(route) == "browsers":
        headers.append(hdrs.SET_COOKIE)
    if route.path == "/readyz":
        headers.append(hdrs.RETRY_AFTER)
    if headers:
        response["headers"] = _header_refs(*headers)
    if form is not None:
        response["content"] = _content(form)
    if route.streams and status == HTTPStatus.OK:
        response["content"] = response.get("content", {}) | {"text/event-stream": _EVENTS}
    if route.path == "/v1/admin/connections" and route.method == hdrs.METH_GET:
        response["links"] = {
            name: {
                "operationId": name,
                "parameters": {"id": "$response.body#/connections/0/id"},
                "description": "of the first one",
            }
            for name in ("connection_id", "disconnect_one_id")
        }
    if route.path == "/v1/history":
        response["links"] = {
            "next": {
                "operationId": "history",
                "parameters": {"after": "$response.body#/pos"},
                "description": "the page after this one",
            }
        }
    return response


def _content(form: object) -> Schema:
    """Return the body of an answer, by media type."""
    if form is TEXT:
        text = {"schema": {"type": "string"}}
        return {"text/plain": text, "application/openmetrics-text": text}
    if form is BYTES:
        return {CHECKPOINT: {"schema": {"type": "string", "format": "binary"}}}
    return {JSON: {"schema": _schema_of(form)}}


def _schema_of(form: Any) -> Schema:  # noqa: ANN401 - a type
    if get_origin(form) is list:
        return {"type": "array", "items": ref(get_args(form)[0].__name__)}
    return ref(form.__name__)


def _endless(route: Route) -> Schema:
    text: Schema = {"schema": {"type": "string"}}
    return {
        "description": f"{route.words}; see asyncapi.json",
        "headers": _header_refs(CONNECTION_HEADER, CONFLATE_HEADER),
        "content": dict.fromkeys(_MEDIA_TYPES[route.path], text),
    }


def _problem(status: HTTPStatus) -> Schema:
    return _refusal(status, PROBLEM_JSON, Problem)


def _refusal(status: HTTPStatus, media_type: str, form: type) -> Schema:
    response: Schema = {
        "description": _PROBLEMS[status],
        "content": {media_type: {"schema": ref(form.__name__)}},
    }
    if status in _HEADERS:
        response["headers"] = _header_refs(*_HEADERS[status])
    return response


def _header_refs(*names: str) -> Schema:
    return {name: {"$ref": f"#/components/headers/{name}"} for name in names}
