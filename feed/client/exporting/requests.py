"""The requests of a job, and the meaning of every answer.

Errors of aiohttp end here: they leave as `Lost` (come back), or as `Refused` and `NotAFeed` (do
not).
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from http import HTTPStatus
from typing import Any

import aiohttp
import orjson
from yarl import URL

from feed.client.errors import Malformed, NotAFeed
from feed.client.failure_words import words_of
from feed.client.http_words import problem_words
from feed.client.link import Lost, refusal
from feed.client.papers import Papers
from feed.client.redirects import send
from feed.client.unwanted import MAX_REFUSAL_BYTES

CONNECT_TIMEOUT_S = 10.0
SILENCE_S = 30.0  # servers speak every 15 s while a job is watched
_JSON = "application/json"
EVENTS = "text/event-stream"


class JobRequests:
    """Asks a server for jobs."""

    def __init__(self, session: aiohttp.ClientSession, base: URL, papers: Papers) -> None:
        """Ask by a session, showing papers."""
        self._session = session
        self._base = base
        self._papers = papers

    async def begin(self, asked: dict[str, Any]) -> dict[str, Any]:
        """Begin a job; return how it stands.

        Raises:
            Lost, Refused, NotAFeed, Malformed, Expired: it is not known to have begun.
        """
        async with self._sent("POST", "", _JSON, {HTTPStatus.ACCEPTED}, body=asked) as response:
            return await _document(response)

    async def look(self, key: str) -> dict[str, Any]:
        """Return how a job stands; raises as `begin`."""
        async with self._sent("GET", key, _JSON, {HTTPStatus.OK}) as response:
            return await _document(response)

    async def remove(self, key: str) -> None:
        """Cancel a job, or have it forgotten; raises as `begin`."""
        async with self._sent("DELETE", key, _JSON, {HTTPStatus.OK}):
            return

    @asynccontextmanager
    async def events(self, key: str, last: str) -> AsyncIterator[aiohttp.StreamReader | None]:
        """Open the events of a job behind the last id; None: it is over, and known to be."""
        headers = {"Last-Event-ID": last} if last else {}
        accepted = {HTTPStatus.OK, HTTPStatus.NO_CONTENT}
        async with self._sent("GET", key, EVENTS, accepted, headers) as response:
            yield None if response.status == HTTPStatus.NO_CONTENT else response.content

    @asynccontextmanager
    async def file(self, key: str, begin: int) -> AsyncIterator[aiohttp.StreamReader]:
        """Open the file of a job, from a byte on."""
        headers = {"Range": f"bytes={begin}-"} if begin else {}
        accepted = {HTTPStatus.PARTIAL_CONTENT if begin else HTTPStatus.OK}
        async with self._sent("GET", f"{key}/file", "*/*", accepted, headers) as response:
            yield response.content

    @asynccontextmanager
    async def _sent(
        self,
        method: str,
        path: str,
        accept: str,
        statuses: set[HTTPStatus],
        headers: dict[str, str] | None = None,
        *,
        body: dict[str, Any] | None = None,
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        shown = await self._papers.show()
        url = self._base.joinpath("v1/jobs", path) if path else self._base.joinpath("v1/jobs")
        sent = {"Accept": accept, "Accept-Encoding": "identity", **shown.headers, **(headers or {})}
        timeout = aiohttp.ClientTimeout(
            total=None, sock_connect=CONNECT_TIMEOUT_S, sock_read=SILENCE_S
        )
        options: dict[str, Any] = {"headers": sent, "timeout": timeout}
        if body is not None:
            sent["Content-Type"] = _JSON
            options["data"] = orjson.dumps(body)
        try:
            response = await send(self._session, method, url, **options)
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            raise Lost(words_of(error, url)) from error
        try:
            if response.status not in statuses:
                raise await _meaning(response, accept)
            yield response
        except (aiohttp.ClientError, aiohttp.http.HttpProcessingError, OSError) as error:
            raise Lost(words_of(error, url)) from error
        finally:
            response.close()


async def _document(response: aiohttp.ClientResponse) -> dict[str, Any]:
    body = await response.read()
    url = str(response.url)
    if response.content_type != _JSON:
        start = body[:80].decode(errors="replace")
        raise NotAFeed(url, response.content_type, _JSON, start)
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise Malformed(f"{url} answers with something else than JSON: {error}") from error
    if not isinstance(document, dict):
        raise Malformed(f"{url} answers with something else than an object")
    return document


async def _meaning(response: aiohttp.ClientResponse, accept: str) -> Exception:
    """Return what an answer means that is not the one that was asked for."""
    url = str(response.url.with_query(None))
    body = await response.content.read(MAX_REFUSAL_BYTES)
    if response.status < HTTPStatus.BAD_REQUEST:
        return NotAFeed(url, response.content_type, accept, body[:80].decode(errors="replace"))
    words = problem_words(body)
    by_feed = words is not None  # others may be those of a proxy
    words = words or response.reason or ""
    return refusal(url, response.status, words, response.headers, by_feed=by_feed)
