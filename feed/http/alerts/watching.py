"""Rules are made, read, changed and deleted; firings are read and acknowledged."""

import re
from collections.abc import Iterator
from http import HTTPStatus
from typing import Any

import orjson
from aiohttp import hdrs, web

from feed.alerting.errors import AlertsUnavailable, TooManyRules, UnknownRule
from feed.alerting.request import MAX_REQUEST_BYTES, RuleRequest
from feed.alerting.rule import RULE_PATTERN
from feed.errors import FeedError, InvalidMessage, InvalidParameter
from feed.http.access import identity_of
from feed.http.admin import page_behind
from feed.http.answers import json_answer
from feed.http.bodies import check_type, small_body
from feed.http.mount import mount_of
from feed.http.problems import problem, retry_after
from feed.http.server import Server
from feed.hub.steps import Step
from feed.trust.identity import owner_key
from feed.wire.word_fields import fields_of_word

PATH = "/v1/alerts"
FIRINGS = "/v1/firings"
DEFAULT_PAGE, MOST_PAGE = 100, 1_000


def refused(error: FeedError) -> web.Response:
    """Return the problem document of an error of alerts.

    Raises:
        FeedError: it is another one, which is told as everywhere.
    """
    if isinstance(error, UnknownRule):
        return problem(HTTPStatus.NOT_FOUND, str(error))
    if isinstance(error, TooManyRules):
        status = HTTPStatus.TOO_MANY_REQUESTS if error.own else HTTPStatus.SERVICE_UNAVAILABLE
        return problem(status, str(error), limit=error.maximum)
    if isinstance(error, AlertsUnavailable):
        response = problem(HTTPStatus.SERVICE_UNAVAILABLE, str(error))
        if error.retry_after_s is not None:
            response.headers.update(retry_after(error.retry_after_s))
        return response
    raise error


async def make(request: web.Request, server: Server) -> web.StreamResponse:
    """Answer `POST /v1/alerts`: 201, and the rule with the secret of its webhook."""
    document = await _document(request, server)
    if isinstance(document, web.Response):
        return document
    asked = RuleRequest.of(document)
    try:
        rule = await server.alerts.add(asked, identity_of(request))
    except FeedError as error:
        return refused(error)
    answer = json_answer(rule.document(with_secret=True), HTTPStatus.CREATED)
    answer.headers[hdrs.LOCATION] = f"{mount_of(request)}{PATH}/{rule.id}"
    return answer


async def rules(request: web.Request, server: Server) -> web.StreamResponse:
    """Answer `GET /v1/alerts`: one's own, in pages, whatever is deleted between two of them."""
    text = request.query.get("limit", str(DEFAULT_PAGE))
    is_number = text.isascii() and text.isdigit() and len(text) < len(str(MOST_PAGE)) + 1
    if not is_number or not 1 <= int(text) <= MOST_PAGE:
        raise InvalidParameter("limit", text, f"a number from 1 to {MOST_PAGE}")
    after = request.query.get("after", "")
    if after and re.fullmatch(RULE_PATTERN, after) is None:
        raise InvalidParameter("after", after, "the id of a rule")
    own = {rule.id: rule for rule in server.alerts.of(identity_of(request))}
    page, following = page_behind(sorted(own), after, int(text))
    told: list[dict[str, Any]] = []

    def telling() -> Iterator[None]:
        for key in page:
            told.append(own[key].document())
            yield

    await server.hub.turns.in_slices(telling(), Step.ANSWER)
    return json_answer({"rules": told, "after": following})


async def look(request: web.Request, server: Server) -> web.StreamResponse:
    """Answer `GET /v1/alerts/{rule}`."""
    try:
        rule = server.alerts.find(request.match_info["rule"], identity_of(request))
    except FeedError as error:
        return refused(error)
    return json_answer(rule.document())


async def change(request: web.Request, server: Server) -> web.StreamResponse:
    """Answer `PATCH /v1/alerts/{rule}`: what is named is changed, null removes it."""
    document = await _document(request, server)
    if isinstance(document, web.Response):
        return document
    identity, key = identity_of(request), request.match_info["rule"]
    try:
        known = server.alerts.find(key, identity)
        merged: dict[str, Any] = {**known.request.document(), **document}
        left = {name: value for name, value in merged.items() if value is not None}
        rule = await server.alerts.change(key, RuleRequest.of(left), identity)
    except FeedError as error:
        return refused(error)
    return json_answer(rule.document(with_secret="webhook" in document))


async def remove(request: web.Request, server: Server) -> web.StreamResponse:
    """Answer `DELETE /v1/alerts/{rule}`."""
    key = request.match_info["rule"]
    try:
        await server.alerts.remove(key, identity_of(request))
    except FeedError as error:
        return refused(error)
    return json_answer({"id": key, "deleted": True})


async def firings(request: web.Request, server: Server) -> web.StreamResponse:
    """Answer `GET /v1/firings`: those that are not acknowledged."""
    words = server.alerts.firings.of(owner_key(identity_of(request)))
    return json_answer({"firings": [fields_of_word(word) for word in words]})


async def acknowledge(request: web.Request, server: Server) -> web.StreamResponse:
    """Answer `POST /v1/firings/{alert}/acknowledge`."""
    try:
        word = await server.alerts.acknowledge(request.match_info["alert"], identity_of(request))
    except FeedError as error:
        return refused(error)
    return json_answer(fields_of_word(word))


async def _document(request: web.Request, server: Server) -> dict[str, Any] | web.Response:
    """Return the body, which is one JSON object; or the refusal of it.

    Raises:
        InvalidMessage: it is something else.
    """
    check_type(request)
    body = await small_body(request, server, most_bytes=MAX_REQUEST_BYTES, noun="the rule")
    if isinstance(body, web.Response):
        return body
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise InvalidMessage(f"not JSON: {error}; accepted: one JSON object") from None
    if not isinstance(document, dict):
        raise InvalidMessage("a rule is one JSON object")
    return document
