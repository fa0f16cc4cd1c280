"""The bodies of questions: JSON, read whole within a size and a time."""

import asyncio
from collections.abc import Hashable

import orjson
from aiohttp import web

from feed.errors import InvalidMessage
from feed.generations.model import ModelError, ModelFault
from feed.http.bodies import check_type
from feed.http.server import Server
from feed.hub.steps import Step
from feed.sources.pushed.holdings import Holdings

# Beside the prompt there are names and braces; a character of it may be escaped as \uXXXX.
_BYTES_A_BYTE = 6
_BESIDE_BYTES = 64 << 10
BUSY_S = 1.0  # after which somebody may come again for whose question there was no room


async def json_body(request: web.Request, server: Server, owner: Hashable) -> object:
    """Return the value that a body is.

    Args:
        request: whose body it is.
        server: says how long it may take, and how much it may be.
        owner: for whom its bytes count.

    Raises:
        HTTPUnsupportedMediaType: it is not said to be JSON.
        HTTPRequestTimeout: it does not come.
        ModelError: it is too long, or there is no room for it.
        InvalidMessage: it is no JSON.
    """
    check_type(request)
    body = await _whole(request, server, owner)
    async with server.hub.turns.turn(Step.ANSWER):
        try:
            return orjson.loads(body)
        except orjson.JSONDecodeError as error:
            words = f"the body is no JSON: {error.msg} at its character {error.pos}"
            raise InvalidMessage(f"{words}; accepted: a JSON object") from None


async def _whole(request: web.Request, server: Server, owner: Hashable) -> bytes:
    settings = server.hub.settings
    most = settings.llm_max_prompt_bytes * _BYTES_A_BYTE + _BESIDE_BYTES
    length = request.content_length or 0
    if length > most:
        raise _too_long(most)
    body, held = bytearray(), _Held(server.generations.holdings, owner)
    try:
        held.take(length)
        async with asyncio.timeout(settings.head_timeout_s):
            async for piece in request.content.iter_any():
                body += piece
                if len(body) > most:
                    raise _too_long(most)
                held.take(len(body))
    except TimeoutError:
        raise web.HTTPRequestTimeout(text="the body of the request took too long") from None
    finally:
        held.give_back()
    return bytes(body)


class _Held:
    """What one request holds of the memory for all bodies on their way."""

    def __init__(self, holdings: Holdings, owner: Hashable) -> None:
        self._holdings = holdings
        self._owner = owner
        self._bytes = 0

    def take(self, size_bytes: int) -> None:
        """Hold so many bytes in all, if that is more.

        Raises:
            ModelError: there is no room.
        """
        more = size_bytes - self._bytes
        if more <= 0:
            return
        if not self._holdings.take(self._owner, more):
            words = "more questions are on their way than can be held; come back when they are read"
            raise ModelError(ModelFault.TOO_MANY, words, retry_after_s=BUSY_S)
        self._bytes = size_bytes

    def give_back(self) -> None:
        """Hold nothing any more."""
        if self._bytes:
            self._holdings.give_back(self._owner, self._bytes)


def _too_long(most: int) -> ModelError:
    return ModelError(ModelFault.TOO_LONG, f"the body is too long; accepted: at most {most} bytes")
