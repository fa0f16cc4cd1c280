"""A link over HTTP: Server-Sent Events, or a stream of lines or values."""

import re
from typing import TYPE_CHECKING

import aiohttp

from feed.client.failure_words import words_of
from feed.client.http_words import problem_words
from feed.client.link import Lost, Order, refusal
from feed.client.parsers import READINGS, Message, Parser, SseMessageParser
from feed.client.redirects import send
from feed.client.shown import Shown
from feed.client.unwanted import refusal_of
from feed.wire.codec import CODECS
from feed.wire.transport import Transport

if TYPE_CHECKING:
    from collections.abc import Mapping

_IS_NUMBER = re.compile("[0-9]{1,18}")


class HttpLink:
    """A response that does not end: Server-Sent Events, or an HTTP stream."""

    __slots__ = ("_parser", "_response", "conflate", "connection", "url")

    def __init__(self, response: aiohttp.ClientResponse, parser: Parser) -> None:
        self.url = str(response.url.with_query(None))
        granted = response.headers.get("Feed-Conflate", "").split(",")
        self.conflate: Mapping[str, str] = dict(
            pair.split(":", 1) for pair in granted if ":" in pair
        )
        number = response.headers.get("Feed-Connection", "")
        self.connection = int(number) if _IS_NUMBER.fullmatch(number) else None
        self._response = response
        self._parser = parser

    @classmethod
    async def open(
        cls, session: aiohttp.ClientSession, transport: Transport, order: Order
    ) -> "HttpLink":
        """Send the request and look at the head of its answer."""
        url = order.base / "v1" / transport.value
        headers = {"Accept-Encoding": "gzip" if order.compress else "identity"}
        headers |= order.shown.headers
        after: str | None = order.after
        parser: Parser
        query: dict[str, str] = {}
        if transport is Transport.SSE:
            headers["Accept"] = "text/event-stream"
            parser = SseMessageParser(order.codec)
            if order.codec != "json":
                query["codec"] = order.codec
            if order.resuming and after not in {None, "0"}:
                headers["Last-Event-ID"], after = str(after), None
        else:
            headers["Accept"] = CODECS[order.codec].media_types[0]
            parser = READINGS[order.codec].parser()
        query |= order.subscription.query(after=after, snapshot=order.snapshot, last=order.last)
        try:
            response = await send(
                session,
                "GET",
                url,
                params=query,
                headers=headers,
                timeout=aiohttp.ClientTimeout(total=None),
            )
        except (aiohttp.ClientError, OSError) as error:
            raise Lost(words_of(error, url)) from error
        try:
            await _check_answer(response, headers["Accept"])
        except BaseException:
            response.close()
            raise
        return cls(response, parser)

    @property
    def retry_ms(self) -> int | None:
        """The reconnection time that the server asked for."""
        return self._parser.retry_ms

    async def receive(self) -> tuple[list[Message], int]:
        """Return the messages that the next bytes complete."""
        try:
            data = await self._response.content.readany()
        except (aiohttp.ClientError, aiohttp.http.HttpProcessingError, OSError) as error:
            raise Lost(words_of(error, self.url)) from error
        if not data:
            raise Lost(f"{self.url} ended the stream")
        return self._parser.feed(data), len(data)

    async def refresh(self, shown: Shown) -> bool:
        """Return False: a request is sent, and nothing more."""
        del shown
        return False

    async def close(self) -> None:
        """Drop the connection: an endless response has no other end."""
        self._response.close()


async def _check_answer(response: aiohttp.ClientResponse, accepted: str) -> None:
    """See that an answer is the body that was asked for; if not, say what it is."""
    body = await refusal_of(response, accepted)
    if body is None:
        return
    url = str(response.url.with_query(None))
    is_problem = response.content_type == "application/problem+json"
    words = problem_words(body) if is_problem else None
    by_feed = words is not None  # other answers with a status may be those of a proxy
    words = words or response.reason or ""
    raise refusal(url, response.status, words, response.headers, by_feed=by_feed)
