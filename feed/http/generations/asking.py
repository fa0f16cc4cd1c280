"""Questions: `POST /v1/chat/completions`, `POST /v1/responses` and `POST /api/chat`.

An answer that is streamed begins once the model has said something, for a while: until then
whatever goes wrong is told by a status, after which clients come back by themselves.
"""

import asyncio
import contextlib
from collections.abc import Callable
from functools import partial

from aiohttp import web

from feed.errors import LimitExceeded, TooOften
from feed.generations.generation import Generation
from feed.generations.model import ModelError, ModelFault
from feed.http.answers import json_answer
from feed.http.callers import caller_of
from feed.http.generations.apis import CHAT, PLAIN, RESPONSES, UI_MESSAGES, Api
from feed.http.generations.body import json_body
from feed.http.generations.preludes import WHOLE_LOG
from feed.http.generations.refusals import failure_of, refuse
from feed.http.generations.stream import check_room, stream
from feed.http.protocol.headers import GENERATION_HEADER
from feed.http.scopes import Scope
from feed.http.server import Server
from feed.hub.door import owner_of
from feed.trust.identity import Identity
from feed.wire.generations.asked import Asked
from feed.wire.generations.ui_messages import has_parts

FIRST_WORD_S = 10.0  # after which a stream begins without one


async def chat_completions(request: web.Request, server: Server) -> web.StreamResponse:
    """Answer `POST /v1/chat/completions`."""
    return await _answer(request, server, CHAT, lambda _: CHAT)


async def responses(request: web.Request, server: Server) -> web.StreamResponse:
    """Answer `POST /v1/responses`."""
    return await _answer(request, server, RESPONSES, lambda _: RESPONSES)


async def chat(request: web.Request, server: Server) -> web.StreamResponse:
    """Answer `POST /api/chat`: messages with parts are the AI SDK's, others plain."""
    return await _answer(
        request, server, PLAIN, lambda body: UI_MESSAGES if has_parts(body) else PLAIN
    )


async def _answer(
    request: web.Request, server: Server, api: Api, choose: Callable[[object], Api]
) -> web.StreamResponse:
    """Answer a question, in the shape of the API that its body is of."""
    try:
        server.origins.check_unsafe(request)
        identity = await server.access.admit_once(request, Scope.GRANTED)
        place = caller_of(request).place
        body = await json_body(request, server, owner_of(identity, place))
        api = choose(body)
        asked = _read(api, body, server)
        identity = server.access.renew(identity)
        if asked.stream:
            check_room(request, server, identity)
        generation = await server.generations.start(asked, identity, place, api.name)
        with generation.read(partial(server.listens, request)):
            return await settled(server, await _tell(request, server, identity, generation, api))
    except Exception as error:  # noqa: BLE001 - any error is answered or raised again
        return refuse(error, request, server, api)


def _read(api: Api, body: object, server: Server) -> Asked:
    """Return what a body asks for.

    Raises:
        ModelError: its prompt is too long.
        FeedError: it is not accepted.
    """
    try:
        return api.read(body, server.hub.settings.llm_max_prompt_bytes)
    except TooOften:
        raise
    except LimitExceeded as error:
        raise ModelError(ModelFault.TOO_LONG, str(error)) from None


async def _tell(
    request: web.Request, server: Server, identity: Identity, generation: Generation, api: Api
) -> web.StreamResponse:
    """Tell an answer, while it is written or once it is over.

    Raises:
        GenerationFailed: there is none.
    """
    asked = generation.asked
    if asked is not None and asked.stream:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(FIRST_WORD_S):
                await generation.begun()
        if generation.is_over and not generation.has_text and (error := failure_of(generation)):
            raise error
        return await stream(request, server, identity, generation, api=api, prelude=WHOLE_LOG)
    if asked is None or not asked.background:
        await generation.over()
        if error := failure_of(generation):
            raise error
    return whole(generation, api)


async def settled(server: Server, response: web.StreamResponse) -> web.StreamResponse:
    """Return an answer once a bus has acknowledged what it tells; a stream saw to that itself.

    Raises:
        NotNow: it does not.
    """
    if not response.prepared:
        await server.hub.publisher.words_settled()
    return response


def whole(generation: Generation, api: Api) -> web.Response:
    """Return an answer as it is by now, as one body."""
    response = json_answer(api.answer(generation))
    response.headers.update(api.headers)
    response.headers[GENERATION_HEADER] = generation.id
    return response
