"""A connection of an answer: a response that ends with it, and the meaning of every other one.

Errors of aiohttp end here: they leave as `Lost` (come back), or as `Refused`, `NotAFeed` and
`GenerationFailed` (do not). Knows nothing of what is in the events.
"""

from http import HTTPStatus
from typing import Any, Protocol

import aiohttp
import orjson
from yarl import URL

from feed.client.errors import Refused
from feed.client.failure_words import words_of
from feed.client.generating.errors import GenerationFailed
from feed.client.http_words import problem_words
from feed.client.link import Lost, refusal
from feed.client.redirects import send
from feed.client.shown import Shown
from feed.client.unwanted import refusal_of

CONNECT_TIMEOUT_S = 10.0
_EVENTS = "text/event-stream"
# The model's failures: the server has tried again already, as often as is of use.
_FAILED = {HTTPStatus.BAD_GATEWAY, HTTPStatus.GATEWAY_TIMEOUT}
_TIMEOUT = aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_TIMEOUT_S)


class Wanted(Protocol):
    """The request of the next connection."""

    @property
    def path(self) -> str:
        """Of the server's URL."""

    @property
    def body(self) -> dict[str, Any] | None:
        """What is posted; None: nothing is, it is a GET."""

    @property
    def query(self) -> dict[str, str]:
        """The parameters of the URL."""


class AnswerLink:
    """A response that is being read.

    Attributes:
        url: its address.
        id: of the generation, as its head tells; None: it does not.
    """

    __slots__ = ("_response", "id", "url")

    def __init__(self, response: aiohttp.ClientResponse) -> None:
        self.url = str(response.url.with_query(None))
        self.id = response.headers.get("Feed-Generation")
        self._response = response

    @classmethod
    async def open(
        cls, session: aiohttp.ClientSession, base: URL, wanted: Wanted, shown: Shown
    ) -> "AnswerLink":
        """Send the request, and look at the head of its answer.

        Raises:
            Lost, Refused, NotAFeed, GenerationFailed: it is not the stream that was asked for.
        """
        url = base.joinpath(wanted.path)
        response = await _request(session, url, wanted.body, wanted.query, shown, accepted=_EVENTS)
        try:
            await _check(response, _EVENTS)
        except BaseException:
            response.close()
            raise
        return cls(response)

    async def receive(self) -> bytes:
        """Return the next bytes; may be cancelled and called again, nothing is lost.

        Raises:
            Lost: the response ended.
        """
        try:
            data = await self._response.content.readany()
        except (aiohttp.ClientError, aiohttp.http.HttpProcessingError, OSError) as error:
            raise Lost(words_of(error, self.url)) from error
        if not data:
            raise Lost(f"{self.url} ended before the answer did")
        return data

    def close(self) -> None:
        """Drop the connection."""
        self._response.close()


async def post(session: aiohttp.ClientSession, url: URL, shown: Shown) -> None:
    """Ask for something that is done, and answered with an object.

    Raises:
        Lost, Refused, NotAFeed, GenerationFailed: it was not done.
    """
    response = await _request(session, url, {}, {}, shown, accepted="application/json")
    try:
        await _check(response, "application/json")
    finally:
        response.close()


async def _request(
    session: aiohttp.ClientSession,
    url: URL,
    body: dict[str, Any] | None,
    query: dict[str, str],
    shown: Shown,
    *,
    accepted: str,
) -> aiohttp.ClientResponse:
    headers = {"Accept": accepted, "Accept-Encoding": "identity"} | shown.headers
    options: dict[str, Any] = {"params": query, "headers": headers, "timeout": _TIMEOUT}
    if body is not None:
        headers["Content-Type"] = "application/json"
        options["data"] = orjson.dumps(body)
    try:
        return await send(session, "GET" if body is None else "POST", url, **options)
    except (aiohttp.ClientError, OSError) as error:
        raise Lost(words_of(error, url)) from error


async def _check(response: aiohttp.ClientResponse, accepted: str) -> None:
    """See that an answer is the body that was asked for; if not, say what it is."""
    body = await refusal_of(response, accepted)
    if body is not None:
        raise _meaning(response, str(response.url.with_query(None)), body)


def _meaning(
    response: aiohttp.ClientResponse, url: str, body: bytes
) -> Lost | Refused | GenerationFailed:
    """Return what an answer means that has another status than 200."""
    told = _error(body)
    if told is not None and response.status in _FAILED:
        return GenerationFailed(None, *told)
    words = told[1] if told is not None else problem_words(body)
    by_feed = words is not None  # other answers with a status may be those of a proxy
    words = words or response.reason or ""
    return refusal(url, response.status, words, response.headers, by_feed=by_feed)


def _error(body: bytes) -> tuple[str, str] | None:
    """Return the code and the words of an error as the Responses API has it; None: it is none."""
    try:
        error = orjson.loads(body)["error"]
        return str(error.get("code") or error.get("type") or ""), str(error["message"])
    except (orjson.JSONDecodeError, KeyError, TypeError, AttributeError):
        return None
