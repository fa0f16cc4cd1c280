"""What comes on one connection: heads, bodies and WebSocket frames, parsed in turns.

aiohttp parses. Added here: whatever comes waits for its turn, and the socket is not read meanwhile;
a head is counted while it comes, and has to come in time; a body is parsed in pieces; WebSocket
frames are looked at before aiohttp reads them; what cannot be read is refused after the answers to
all that could. Knows nothing of what is answered, but that it is.
"""

import asyncio
from collections.abc import Callable
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, cast

from aiohttp import HttpVersion10, HttpVersion11, hdrs, web
from aiohttp.http_exceptions import HttpProcessingError
from aiohttp.streams import EMPTY_PAYLOAD
from aiohttp.web_protocol import _ErrInfo

from feed.errors import TooOften
from feed.http.callers import peer_of
from feed.http.protocol.frames import Frames
from feed.http.protocol.head import MAX_HEADERS, MAX_LINE_BYTES, MAX_REST_BYTES, Head
from feed.http.protocol.message import Message
from feed.http.protocol.turned_away import answer_to
from feed.hub.clock import Clock
from feed.hub.door import Door
from feed.hub.inlet import Inlet
from feed.hub.waiting import TurnedAway, Waiting

if TYPE_CHECKING:
    from aiohttp.http import WebSocketReader
    from aiohttp.http_parser import RawRequestMessage
    from aiohttp.streams import StreamReader
    from aiohttp.web_server import Server

NO_REQUEST = "this is not a request of HTTP/1.1"
# A body is parsed in pieces: of one in chunks, at most one can hide the beginning of an uncounted
# head; where its length is told, none can.
_BODY_PIECE_BYTES = 4 * 1024
_COUNTED_PIECE_BYTES = 32 * 1024
_READ_BUFFER_BYTES = 64 * 1024
_VERSIONS = {HttpVersion10, HttpVersion11}


class Refusal(HttpProcessingError):
    """A refusal of ours, in words for the client."""


class Intake(web.RequestHandler):
    """The side of one connection that is read; `feed.http.protocol.handler` has the other one."""

    __slots__ = (
        "_answer_bytes",
        "_answered",
        "_at",
        "_body",
        "_body_bytes",
        "_clock",
        "_door",
        "_frames",
        "_head",
        "_held_back",
        "_inlet",
        "_lost",
        "_spend",
        "_too_often",
        "_turned_away",
        "_unread",
        "_waiting",
    )

    def __init__(
        self,
        manager: "Server",
        *,
        loop: asyncio.AbstractEventLoop,
        waiting: Waiting,
        inlet: Inlet,
        door: Door | None,
        clock: Clock,
        idle_timeout_s: float,
        **options: Any,  # noqa: ANN401 - aiohttp's own
    ) -> None:
        """Make the handler of a connection that is about to be made.

        Args:
            manager: aiohttp's server.
            loop: the event loop.
            waiting: where the connection stands while its next request is not there.
            inlet: gives it turns to parse what has come.
            door: tells whether its peer comes too often; None: it was asked.
            clock: what the time is.
            idle_timeout_s: how long it may be silent between two requests.
            options: of aiohttp's handler.
        """
        super().__init__(
            manager,
            loop=loop,
            keepalive_timeout=idle_timeout_s,
            max_line_size=MAX_LINE_BYTES,
            max_field_size=MAX_REST_BYTES,
            max_headers=MAX_HEADERS + 1,  # the count of the head refuses them before
            read_bufsize=_READ_BUFFER_BYTES,
            auto_decompress=False,  # bodies that are compressed are refused
            **options,
        )
        self._waiting = waiting
        self._clock = clock
        self._head = Head()
        self._inlet = inlet
        self._door = door
        self._lost: Callable[[], None] | None = None  # is told when it is
        self._too_often: TooOften | None = None  # what its peer is told instead of an answer
        self._unread = b""  # what has come, and is not all parsed; nothing more comes meanwhile
        self._at = 0  # how much of it is
        self._held_back = False  # the socket is not read, since that is there
        self._frames: Frames | None = None  # of a WebSocket
        self._spend: Callable[[int], None] | None = None
        self._body: StreamReader | None = None  # of the last request, until it is whole
        self._body_bytes: int | None = None  # still to come of it; None: as its chunks say
        self._answered = 0  # requests
        self._answer_bytes = 0  # of an answer that the peer has not taken yet
        self._turned_away = False

    # What handlers ask.

    def want(self, *, everything: bool = False) -> None:
        """Let a WebSocket have its next message; `everything`: from now on whatever comes."""
        if self._frames is not None:
            self._frames.want(everything=everything)
            self._parse()

    @property
    def has_unheard(self) -> bool:
        """Whether something of a WebSocket has come that its conversation has not dealt with."""
        return self._frames is not None and (not self._frames.wanted or self._may_parse())

    def charge(self, spend: Callable[[int], None] | None) -> None:
        """Tell from now on the CPU time, in nanoseconds, that it took to parse what came."""
        self._spend = spend

    def when_lost(self, tell: Callable[[], None]) -> None:
        """Tell once that the connection is lost, while its socket is still there."""
        self._lost = tell

    # What the transport, `Waiting` and `Inlet` say.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Wait for the first head."""
        super().connection_made(transport)
        self._waiting.begin(self, self._clock.mono_ns())
        if self._door is not None:
            self._too_often = self._door.knock_at_once(peer_of(transport), self._clock.mono_ns())

    def connection_lost(self, exc: BaseException | None) -> None:
        """Be forgotten."""
        if self._lost is not None:
            self._lost()
            self._lost = None
        self._waiting.end(self)
        self._unread, self._at = b"", 0
        self._spend = None
        super().connection_lost(exc)
        self._frames = None  # a circle, which would wait for one of the rare collections

    def give_up(self, why: TurnedAway) -> None:
        """End while the peer's request is not there; with words if it has begun one."""
        if why is TurnedAway.TIMEOUT and self._head.size_bytes:
            self._refuse(HTTPStatus.REQUEST_TIMEOUT, "the head of the request took too long")
        elif self.transport is not None and (self._frames is not None or self._answer_bytes):
            self._turned_away = True
            self.transport.abort()  # it may not read: a close would wait for that
        else:
            self._turned_away = True
            self.force_close()

    def data_received(self, data: bytes) -> None:
        """Parse data when it is their turn; without data go on with those that were held back."""
        if self._turned_away:
            return
        if not data:
            super().data_received(data)
        if self._too_often is not None:
            self._refuse_unread(data, self._too_often)
            return
        self._unread += data
        self._parse()

    def read_piece(self) -> bool:
        """Parse a piece: a head, a part of a body, or a message; tell whether there are more."""
        if self._may_parse():
            if self._frames is not None:
                piece, self._at = self._frames.take(self._unread, self._at)
                super().data_received(piece)
            elif self._body is None:
                self._at = self._read_head(self._unread, self._at)
            else:
                self._at = self._read_body(self._unread, self._at)
        if self._at >= len(self._unread) or self._turned_away:
            self._unread, self._at = b"", 0
            self._note_held()
        return self._may_parse()

    def note_spent(self, cpu_ns: int) -> None:
        """Tell whoever wants to know."""
        if self._spend is not None:
            self._spend(cpu_ns)

    def set_parser(
        self, parser: "WebSocketReader", data_received_cb: Callable[[], None] | None = None
    ) -> None:
        """Begin to read WebSocket frames, which are looked at before, and wait until wanted."""
        self._frames = Frames(parser)
        super().set_parser(cast("WebSocketReader", self._frames), data_received_cb)

    # Parts of these.

    @property
    def _is_answered(self) -> bool:
        """Whether every whole request has been answered."""
        return self._answered >= self._request_count

    def _parse(self) -> None:
        """Parse what may be parsed, in turns; nothing more is read from the socket meanwhile."""
        if self._unread:
            self._inlet.serve(self)
        self._note_held()

    def _may_parse(self) -> bool:
        """Tell whether there is something to parse, and somebody wants it."""
        if self._at >= len(self._unread) or self._turned_away:
            return False
        if self._frames is not None:
            return self._frames.wanted
        full = self._reading_paused or len(self._messages) >= self._max_msg_queue_size
        return not (full or self._upgraded)

    def _note_held(self) -> None:
        """Hold the socket back while something of it is not parsed, and tell how much is held."""
        if self._unread and not self._held_back:
            self._held_back = True
            self._pause_transport_reading()
        elif self._held_back and not self._unread:
            self._held_back = False
            if not (self._reading_paused or self._buffer_paused):
                self._resume_transport_reading()
        held_bytes = 0
        if self.transport is not None and not self._turned_away:
            held_bytes = len(self._unread) + self._head.size_bytes + self._answer_bytes
            if self._frames is not None:
                held_bytes += self._frames.unfinished_bytes
        self._waiting.hold(self, held_bytes)

    def _resume_transport_reading(self) -> None:
        """Read on, unless something is held back."""
        if not self._held_back:
            super()._resume_transport_reading()

    def _read_head(self, data: bytes, at: int) -> int:
        head, waiting = self._head, self._waiting
        began = not head.size_bytes
        end = head.read(data, at)
        if not head.fits:
            self._refuse_head()
            return end
        count = self._request_count
        super().data_received(data[at:end])
        taken = self._request_count != count
        if head.whole and taken:
            head.reset()
            waiting.end(self)
            self._expect_body()
        elif taken or (head.whole and (self._close or self._force_close)):  # no head; or too late
            self._turned_away = True
            waiting.end(self)
        elif head.whole:  # the parser waits for the rest of the preface
            self._turn_away(TurnedAway.MALFORMED)
            self._refuse(HTTPStatus.BAD_REQUEST, f"{NO_REQUEST}: the preface of HTTP/2")
        elif began and head.size_bytes and self._is_answered and self in waiting.idle:
            waiting.begin(self, self._clock.mono_ns())
        return end

    def _expect_body(self) -> None:
        message, payload = self._messages[-1]
        if isinstance(message, _ErrInfo):
            self._turned_away = True
            return
        if message.version not in _VERSIONS:
            self._messages.pop()
            self._request_count -= 1
            words = f"HTTP/{message.version.major}.{message.version.minor} is not spoken"
            self._refuse(HTTPStatus.HTTP_VERSION_NOT_SUPPORTED, f"{words}; accepted: HTTP/1.1")
            return
        self._messages[-1] = cast("RawRequestMessage", Message(message)), payload
        if not payload.is_eof():
            self._body = payload
            length = message.headers.get(hdrs.CONTENT_LENGTH)
            self._body_bytes = None if length is None else int(length)

    def _read_body(self, data: bytes, at: int) -> int:
        assert self._body is not None
        if self._body_bytes is None:
            end = min(at + _BODY_PIECE_BYTES, len(data))
        else:
            end = min(at + min(_COUNTED_PIECE_BYTES, self._body_bytes), len(data))
            self._body_bytes -= end - at
        count = self._request_count
        super().data_received(data[at:end])
        if self._request_count != count and not self._body.is_eof():  # the parser gave up within it
            self._turn_away(TurnedAway.MALFORMED)
            words = f"{NO_REQUEST}: its body is not in chunks, though it says so"
            self._body.set_exception(web.HTTPBadRequest(text=words))
            self._body.feed_eof()  # or aiohttp would linger for what cannot come
            self._body = None
            return len(data)
        if self._body.is_eof() or self._body_bytes == 0 or self._body.exception() is not None:
            self._body = None
        return end

    def _refuse_head(self) -> None:
        self._turn_away(TurnedAway.TOO_LARGE)
        if self._head.line_bytes > MAX_LINE_BYTES:
            words = f"the request line is longer than {MAX_LINE_BYTES} bytes"
            self._refuse(HTTPStatus.REQUEST_URI_TOO_LONG, words)
        else:
            words = f"the headers of the request are more than {MAX_REST_BYTES} bytes together"
            if self._head.rest_bytes <= MAX_REST_BYTES:
                words = f"the request has more than {MAX_HEADERS} headers"
            self._refuse(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, words)

    def _refuse_unread(self, data: bytes, error: TooOften) -> None:
        """Answer what comes too often, whatever it is."""
        self._turn_away(TurnedAway.RATE)
        if self.transport is not None:
            self.transport.write(answer_to(data, error))
        self.force_close()

    def _turn_away(self, why: TurnedAway) -> None:
        self._turned_away = True
        self._waiting.turned_away[why] += 1
        self._waiting.end(self)

    def _refuse(self, status: HTTPStatus, words: str) -> None:
        """Answer a problem after all requests that are whole, and read no more."""
        self._turned_away = True
        refusal = Refusal(code=status, message=words)
        self._messages.append((_ErrInfo(status, refusal, words), EMPTY_PAYLOAD))
        self._request_count += 1
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)
