"""Answers that are read again, or later, or stopped: by their ids, or their conversations."""

from collections.abc import Awaitable, Callable
from functools import partial

from aiohttp import hdrs, web

from feed.errors import InvalidParameter
from feed.generations.errors import UnknownGeneration
from feed.generations.generation import Generation
from feed.http.answers import json_answer, refuse_parameters
from feed.http.bodies import check_type
from feed.http.generations.apis import (
    PLAIN,
    PLAIN_NUMBERED,
    RESPONSES,
    UI_MESSAGES,
    Api,
    echo_of,
)
from feed.http.generations.asking import settled, whole
from feed.http.generations.preludes import TEXT_SO_FAR, Prelude, rest_after, rest_after_event
from feed.http.generations.refusals import refuse
from feed.http.generations.stream import check_room, stream
from feed.http.protocol.headers import GENERATION_HEADER
from feed.http.scopes import Scope
from feed.http.server import Server
from feed.market.generation_words import GenerationState
from feed.trust.identity import Identity
from feed.wire.generations.models import models_answer

RESPONSE_PARAMETERS = ("stream", "starting_after", "include", "include_obfuscation")
CHAT_PARAMETERS = ("after",)
_BOOLEANS = {"true": True, "1": True, "false": False, "0": False}
_MOST_DIGITS = 15

_Answer = Callable[[Identity], Awaitable[web.StreamResponse]]


async def response(request: web.Request, server: Server) -> web.StreamResponse:
    """Answer `GET /v1/responses/{id}?stream=true&starting_after=N`."""

    async def answer(identity: Identity) -> web.StreamResponse:
        refuse_parameters(request, RESPONSE_PARAMETERS)
        generation = _found(request, server, identity)
        starting_after = _number("starting_after", request.query.get("starting_after"))
        if not _boolean(request, "stream"):
            if starting_after is not None:
                accepted = "a number together with stream=true"
                raise InvalidParameter("starting_after", starting_after, accepted)
            return whole(generation, RESPONSES)

        prelude = TEXT_SO_FAR
        if starting_after is not None:
            prelude = rest_after_event(starting_after, generation.last, echo_of(generation))
        return await _stream(request, server, identity, generation, api=RESPONSES, prelude=prelude)

    return await _answered(request, server, RESPONSES, answer)


async def cancel_response(request: web.Request, server: Server) -> web.StreamResponse:
    """Answer `POST /v1/responses/{id}/cancel`: the response as it has become."""

    async def answer(identity: Identity) -> web.StreamResponse:
        generation = _found(request, server, identity)
        server.generations.stop(generation, identity)
        return whole(generation, RESPONSES)

    return await _answered(request, server, RESPONSES, answer)


async def delete_response(request: web.Request, server: Server) -> web.StreamResponse:
    """Answer `DELETE /v1/responses/{id}`: it is stopped, and nobody finds it any more."""

    async def answer(identity: Identity) -> web.StreamResponse:
        generation = _found(request, server, identity)
        server.generations.forget(generation, identity)
        deleted = {"id": generation.id, "object": "response", "deleted": True}
        return json_answer(deleted)

    return await _answered(request, server, RESPONSES, answer)


async def chat_stream(request: web.Request, server: Server) -> web.StreamResponse:
    """Answer `GET /api/chat/{id}/stream`: of a conversation, or a generation; 204: none is active.

    Late comers get the text so far at once; those who come back with the id of an event, the rest.
    """

    async def answer(identity: Identity) -> web.StreamResponse:
        refuse_parameters(request, CHAT_PARAMETERS)
        header = request.headers.get("Last-Event-ID")
        name, text = ("Last-Event-ID", header) if header else ("after", request.query.get("after"))
        after = _number(name, text)
        try:
            generation = server.generations.archive.find_chat(
                request.match_info["conversation"], identity
            )
        except UnknownGeneration:
            return web.Response(status=204)
        last = generation.last
        if last.is_over and after in {None, last.number}:
            return web.Response(status=204)
        if after is not None and after > last.number:
            if last.state is not GenerationState.INTERRUPTED:
                raise InvalidParameter(name, after, f"the id of an event, at most {last.number}")
            after = last.number - 1  # they have read more than was kept, and not that it ended
        prelude = TEXT_SO_FAR if after is None else rest_after(after)
        api = _api_of(generation)
        return await _stream(request, server, identity, generation, api=api, prelude=prelude)

    def _api_of(generation: Generation) -> Api:
        if generation.api != PLAIN.name:
            return UI_MESSAGES
        is_event_source = "text/event-stream" in request.headers.get(hdrs.ACCEPT, "")
        return PLAIN_NUMBERED if is_event_source or "Last-Event-ID" in request.headers else PLAIN

    return await _answered(request, server, UI_MESSAGES, answer)


async def stop_chat(request: web.Request, server: Server) -> web.StreamResponse:
    """Answer `POST /api/chat/{id}/stop`: how it ended."""

    async def answer(identity: Identity) -> web.StreamResponse:
        generation = server.generations.archive.find_chat(
            request.match_info["conversation"], identity
        )
        server.generations.stop(generation, identity)
        stopped = json_answer({"id": generation.id, "state": generation.last.state})
        stopped.headers[GENERATION_HEADER] = generation.id
        return stopped

    return await _answered(request, server, PLAIN, answer)


async def models(request: web.Request, server: Server) -> web.StreamResponse:
    """Answer `GET /v1/models`."""

    async def answer(_: Identity) -> web.StreamResponse:
        names = await server.generations.models()
        return json_answer(models_answer(names, server.generations.began_s))

    return await _answered(request, server, RESPONSES, answer)


async def _answered(
    request: web.Request, server: Server, api: Api, answer: _Answer
) -> web.StreamResponse:
    """Answer whoever may ask; errors are in the shape of the API."""
    try:
        server.origins.check_unsafe(request)
        identity = await server.access.admit_once(request, Scope.GRANTED)
        if request.can_read_body:
            check_type(request)
        return await settled(server, await answer(identity))
    except Exception as error:  # noqa: BLE001 - any error is answered or raised again
        return refuse(error, request, server, api)


async def _stream(
    request: web.Request,
    server: Server,
    identity: Identity,
    generation: Generation,
    *,
    api: Api,
    prelude: Prelude,
) -> web.StreamResponse:
    check_room(request, server, identity)
    with generation.read(partial(server.listens, request)):
        return await stream(request, server, identity, generation, api=api, prelude=prelude)


def _found(request: web.Request, server: Server, identity: Identity) -> Generation:
    return server.generations.archive.find(request.match_info["generation"], identity)


def _boolean(request: web.Request, name: str) -> bool:
    value = request.query.get(name, "false")
    if value not in _BOOLEANS:
        raise InvalidParameter(name, value, ", ".join(_BOOLEANS))
    return _BOOLEANS[value]


def _number(name: str, text: str | None) -> int | None:
    if text is None:
        return None
    if not (text.isascii() and text.isdecimal() and len(text) <= _MOST_DIGITS):
        raise InvalidParameter(name, text, "a whole number from 0")
    return int(text)
