"""Finite requests of a feed server: one question, one answer.

Failures leave as the client has them: `Lost` (ask again later), `Refused` or `NotAFeed` (do not).
"""

from http import HTTPStatus
from types import TracebackType
from typing import Any, Self

import aiohttp
import orjson

from feed.client.arguments import check_identity
from feed.client.errors import NotAFeed
from feed.client.failure_words import words_of
from feed.client.http_words import USER_AGENT, problem_words
from feed.client.link import Lost, refusal
from feed.client.redirects import send
from feed.client.shown import Shown
from feed.client.subscription import parse_url

TIMEOUT_S = 5.0  # the server's loop may be saturated just when somebody wants to see it
_JSON = "application/json"
_TEXT = "text/plain"


class Finite:
    """Asks one server.

    Attributes:
        base: its address.
    """

    def __init__(self, url: str, key: str | None = None, secret: str | None = None) -> None:
        """Make ready to ask a server at `url`, with an identity where it wants one.

        Raises:
            InvalidParameter: the text is not the URL of a server, or nobody has such an identity.
        """
        self.base = parse_url(url)
        check_identity(key, secret)
        self._headers = USER_AGENT | Shown.of(key, secret).headers
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(
            headers=self._headers, timeout=aiohttp.ClientTimeout(total=TIMEOUT_S)
        )
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._session is not None:
            await self._session.close()

    async def document(self, path: str, **query: str) -> dict[str, Any]:
        """Return the JSON object that answers.

        Raises:
            Lost, Refused, NotAFeed: there was no such answer.
        """
        body = await self._get(path, query, _JSON)
        try:
            document = orjson.loads(body)
        except orjson.JSONDecodeError:
            document = None
        if not isinstance(document, dict):
            start = body.decode(errors="replace")
            raise NotAFeed(str(self.base.joinpath(path)), _JSON, "an object in JSON", start)
        return document

    async def text(self, path: str) -> str:
        """Return the plain text that answers.

        Raises:
            Lost, Refused, NotAFeed: there was no such answer.
        """
        return (await self._get(path, {}, _TEXT)).decode(errors="replace")

    async def _get(self, path: str, query: dict[str, str], accepted: str) -> bytes:
        assert self._session is not None, "to be used in an `async with`"
        url = self.base.joinpath(path)
        headers = {"Accept": accepted}
        try:
            asked = send(self._session, "GET", url, params=query, headers=headers)
            async with await asked as response:
                body = await response.read()
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            raise Lost(words_of(error, url)) from error
        if response.status != HTTPStatus.OK:
            words = problem_words(body) or response.reason or ""
            raise refusal(str(url), response.status, words, response.headers)
        if response.content_type != accepted:
            start = body.decode(errors="replace")
            raise NotAFeed(str(url), response.content_type, accepted, start)
        return body
