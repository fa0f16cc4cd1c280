"""One connection below the routes: aiohttp's handler, with limits and manners of our own.

aiohttp answers what `feed.http.protocol.intake` has let it parse. Added here: a peer that has sent
its last request and closed its side is still answered; what cannot be parsed is answered with a
problem document; a peer that left is not an error. Nothing here adds a frame of its own to the
stack of a handler that does not end: it would stay for as long as each subscriber.

The private names of aiohttp that are used stand in `tests/http/protocol/test_private_names.py`.
"""

from http import HTTPStatus
from typing import Any

from aiohttp import HttpVersion11, web

from feed.errors import shorten
from feed.http.problems import legible, problem, problem_for
from feed.http.protocol.headers import with_manners
from feed.http.protocol.intake import NO_REQUEST, Intake, Refusal
from feed.http.protocol.message import forget_headers, forget_query
from feed.hub.waiting import TurnedAway
from feed.logger import logger_of

# Sent after a request whose answer does not end: nobody will ever read it.
MAX_BEHIND_ENDLESS_BYTES = 4 * 1024

log = logger_of("feed.protocol")


class Handler(Intake):
    """One connection.

    Attributes:
        half_closed: the peer will not send any more, and waits for answers.
    """

    __slots__ = ("_behind_bytes", "_endless", "half_closed")

    def __init__(self, *args: Any, **options: Any) -> None:  # noqa: ANN401 - the intake's
        """Make the handler of a connection that is about to be made; see `Intake`."""
        super().__init__(*args, **options)
        self._endless = False
        self._behind_bytes = 0
        self.half_closed = False

    # What handlers ask.

    def take_over(self) -> bool:
        """Let a handler answer without end; return False if the peer has left meanwhile."""
        self._endless = True
        return not self.half_closed and self.transport is not None

    def forget_head(self, request: web.BaseRequest, response: web.StreamResponse) -> None:
        """Let go of the head of a request whose answer has begun, and does not end."""
        forget_headers(request, response)
        forget_query(request)
        if self._frames is not None:
            self._parser = None  # nothing but frames comes any more
        elif request.keep_alive:  # else it reads nothing more
            self._read_another()

    def _read_another(self) -> None:
        """Let aiohttp's parser, which keeps the last head that it has read, read a short one."""
        parser, paused = self._parser, self._reading_paused or self._upgraded
        between = self._body is None and not (self._head.size_bytes or self._messages or paused)
        if between and parser is not None:
            parser.feed_data(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
            parser.message_consumed()

    # What the transport says.

    def eof_received(self) -> bool | None:  # type: ignore[override]  # as asyncio has it
        """Keep the connection if whole requests wait for a finite answer; else it is closed."""
        if self._endless or self._payload_parser is not None or self._is_answered:
            return None
        if self._body is not None and not self._body.is_eof():
            return None
        self.half_closed = True
        return True

    def data_received(self, data: bytes) -> None:
        """Take data; end where too much follows a request whose answer does not end."""
        if data and self._endless and self._frames is None and not self._turned_away:
            self._behind_bytes += len(data)
            if self._behind_bytes > MAX_BEHIND_ENDLESS_BYTES:
                self._turn_away(TurnedAway.PIPELINED)
                self.force_close()
                return
        super().data_received(data)

    # What aiohttp asks on its way.

    async def finish_response(
        self, request: web.BaseRequest, resp: web.StreamResponse, start_time: float | None
    ) -> tuple[web.StreamResponse, bool]:
        """Send an answer, and wait for the next request, or close."""
        if isinstance(resp, web.HTTPException) and resp.status >= HTTPStatus.BAD_REQUEST:
            resp = with_manners(problem_for(resp, request.path))
        if request.content.exception() is not None:  # what follows a broken body is nothing
            resp.force_close()
        body = resp.body if isinstance(resp, web.Response) else None
        # Twice: the transport is given a copy, which aiohttp has joined to the head.
        self._answer_bytes = 2 * len(body) if isinstance(body, bytes) else 0
        self._note_held()
        try:
            return await super().finish_response(request, resp, start_time)
        finally:
            self._answer_bytes = 0
            self._answered += 1
            self._endless, self._behind_bytes = False, 0
            if forget_query(request):
                self._read_another()
            if self._is_answered and self.transport is not None:
                self._await_request()
            self._parse()  # what follows an upgrade that was declined

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """Answer what cannot be parsed, or failed, with a problem document.

        Raises:
            ConnectionError: there is nobody to answer, or part of an answer is sent already.
        """
        if isinstance(exc, ConnectionError):
            raise exc  # aiohttp ends the connection without a word
        if status >= HTTPStatus.INTERNAL_SERVER_ERROR and not isinstance(exc, Refusal):
            log.error("request_failed", path=legible(request.path), exc_info=exc)
        if request.writer.output_size > 0:
            raise ConnectionError("a part of the answer is sent already")
        if isinstance(exc, Refusal):
            response = problem(exc.code, exc.message)
        elif status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            response = problem(status, "the server failed; it has been logged")
        else:
            self._waiting.turned_away[TurnedAway.MALFORMED] += 1
            first_line = (message or "").strip().partition("\n")[0].rstrip(":")
            detail = f"{NO_REQUEST}: {shorten(first_line)}"
            response = problem(HTTPStatus.BAD_REQUEST, detail)
        response.force_close()
        request._version = HttpVersion11  # noqa: SLF001 - of what is not a request, aiohttp says 1.0
        return with_manners(response)

    # Parts of these.

    def _await_request(self) -> None:
        """Wait for the next request, of which a part may be there."""
        if self.half_closed:
            self.close()
        elif self._head.size_bytes:
            self._waiting.begin(self, self._clock.mono_ns())
        else:
            self._waiting.rest(self)
