"""Calls that are answered with a document: what rooms and alerts are told to do.

Errors of aiohttp end here: they leave as `Lost` (the same call may succeed later), or as `Refused`,
`NotAFeed` and `Malformed` (it does not).
"""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

import aiohttp
import orjson
from yarl import URL

from feed.client.backoff import Backoff
from feed.client.clock import Clock
from feed.client.errors import Malformed, NotAFeed, Refused
from feed.client.events import Disconnected
from feed.client.failure_words import words_of
from feed.client.http_words import USER_AGENT, problem_of, words_of_problem
from feed.client.link import Lost, refusal
from feed.client.papers import Papers
from feed.client.redirects import send

ANSWER_TIMEOUT_S = 15.0
MAX_ANSWER_BYTES = 32 << 20  # a list of 10,000 rules is 5 MB
_JSON = "application/json"

Document = dict[str, Any]
Tell = Callable[[Disconnected], object]


@dataclass(frozen=True, slots=True)
class Call:
    """One call.

    Attributes:
        method: of HTTP.
        path: its parts, behind the server's URL.
        body: an object; None: there is none.
        query: the parameters of the URL.
    """

    method: str
    path: tuple[str, ...]
    body: Mapping[str, Any] | None = None
    query: Mapping[str, str] = field(default_factory=dict)


class Later(Lost):
    """A server answers that the same call may succeed later.

    Attributes:
        refused: what that is to somebody who does not call again.
    """

    def __init__(self, lost: Lost, refused: Refused) -> None:
        self.refused = refused
        super().__init__(str(lost), retry_after_s=lost.retry_after_s)


class Caller:
    """Calls a server, once or until it answers."""

    def __init__(
        self,
        base: URL,
        papers: Papers,
        *,
        clock: Clock,
        backoff: Backoff,
        session: aiohttp.ClientSession | None,
    ) -> None:
        """Call nobody yet.

        Args:
            base: the server's URL.
            papers: know who calls.
            clock: the time.
            backoff: the waits between attempts; each call has its own.
            session: to call by; None: one of its own, which ends with it.
        """
        self._base = base
        self._papers = papers
        self._clock = clock
        self._backoff = backoff
        self._session = session
        self._owns_session = session is None
        self._woken = asyncio.Event()  # another one each time

    async def once(self, call: Call) -> Document:
        """Make a call; return what it is answered with, empty where that is nothing.

        Raises:
            Lost, Later, Refused, NotAFeed, Malformed: there is no such answer.
        """
        shown = await self._papers.show()
        url = self._base.joinpath(*call.path)
        headers = {"Accept": _JSON, **shown.headers}
        options: dict[str, Any] = {"headers": headers, "params": dict(call.query)}
        if call.body is not None:
            headers["Content-Type"] = _JSON
            options["data"] = orjson.dumps(call.body)
        try:
            async with self._clock.timeout(ANSWER_TIMEOUT_S):
                response = await send(self._session_of_ours(), call.method, url, **options)
                try:
                    body = await _body(response)
                finally:
                    response.release()
        except TimeoutError:
            raise Lost(f"{url} does not answer within {ANSWER_TIMEOUT_S:g} s") from None
        except (aiohttp.ClientError, aiohttp.http.HttpProcessingError, OSError) as error:
            raise Lost(words_of(error, url)) from error
        return _document(response, body)

    async def until_answered(self, call: Call, tell: Tell) -> Document:
        """Make a call, and again as long as there is no answer of a feed server.

        Args:
            call: may be made any number of times.
            tell: is called with each failure.

        Raises:
            Refused: the server says no.
        """
        backoff = self._backoff.another()
        while True:
            retry_after_s = 0.0
            try:
                return await self.once(call)
            except Lost as lost:
                reason, retry_after_s = str(lost), lost.retry_after_s
            except (NotAFeed, Malformed) as error:  # of something between us, for a while
                reason = str(error)
            except Refused as refused:
                if refused.by_feed:
                    raise
                reason = str(refused)
            wait_s = backoff.next_s(retry_after_s)
            tell(Disconnected(reason, wait_s))
            await self._rest(wait_s)

    def wake(self) -> None:
        """End the waits for another attempt: there is a connection again."""
        self._woken.set()
        self._woken = asyncio.Event()

    async def close(self) -> None:
        """End the session, if it is its own."""
        if self._session is not None and self._owns_session:
            await self._session.close()
            self._session = None

    async def _rest(self, wait_s: float) -> None:
        try:
            async with self._clock.timeout(wait_s):
                await self._woken.wait()
        except TimeoutError:
            return

    def _session_of_ours(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(headers=USER_AGENT)
        return self._session


async def _body(response: aiohttp.ClientResponse) -> bytes:
    """Return the body of an answer.

    Raises:
        Malformed: it does not end within what a server ever says.
    """
    body = bytearray()
    async for piece in response.content.iter_any():
        body += piece
        if len(body) > MAX_ANSWER_BYTES:
            response.close()
            raise Malformed(f"{response.url} answers with more than {MAX_ANSWER_BYTES} bytes")
    return bytes(body)


def _document(response: aiohttp.ClientResponse, body: bytes) -> Document:
    """Return the document of an answer; raise what it means that is something else."""
    url, status = str(response.url.with_query(None)), response.status
    document = problem_of(body)
    if status >= HTTPStatus.BAD_REQUEST:
        raise _refused(url, response, document)
    if status == HTTPStatus.NO_CONTENT:
        return {}
    if document is None or status >= HTTPStatus.MULTIPLE_CHOICES:
        start = body[:80].decode(errors="replace")
        raise NotAFeed(url, response.content_type, _JSON, start)
    return document


def _refused(
    url: str, response: aiohttp.ClientResponse, document: Document | None
) -> Lost | Refused:
    """Return what an answer means that is an error."""
    status, headers = response.status, response.headers
    if document is None:  # it may be that of a proxy
        return refusal(url, status, response.reason or "", headers)
    words = words_of_problem(document)
    refused = Refused(url, status, words, by_feed=True, problem=document)
    meaning = refusal(url, status, words, headers)
    return Later(meaning, refused) if isinstance(meaning, Lost) else refused
