"""aiohttp's WebSocket, as we need it: messages wanted one by one, and nothing behind a Close.

aiohttp answers a handshake and reads frames by it. Its own `send_*` are never used: they would
compress in a context of their own, which silently corrupts all that follows.
"""

import zlib
from collections.abc import Callable
from typing import Protocol

from aiohttp import WSCloseCode, WSMessage, web

from feed.wire.codec import CODECS

MAX_CONTROL_BYTES = 256 * 1024  # inflated; 5,000 symbols on three channels are 150 KiB
SUBPROTOCOLS = {f"feed.{name}": codec for name, codec in CODECS.items()}


class Incoming(Protocol):
    """Where the messages of a client come from, each when it is wanted."""

    @property
    def has_unheard(self) -> bool:
        """Whether something has come that was not dealt with."""

    def want(self, *, everything: bool = False) -> None:
        """Let the next message come; `everything`: from now on all of them."""


class Socket(web.WebSocketResponse):
    """A WebSocket that tells before it writes a Close frame, so that the hub is left before.

    Its messages are asked for one by one, so that a flood of them waits where it comes from.

    Attributes:
        client_forgets: the client offered to compress each of its messages by itself.
    """

    _before_close: Callable[[int], None] | None = None
    _incoming: Incoming | None = None

    def __init__(
        self,
        *,
        compress: bool,
        client_forgets: bool,
        last_words_s: float,
        most_bytes: int = MAX_CONTROL_BYTES,
    ) -> None:
        super().__init__(
            protocols=tuple(SUBPROTOCOLS),
            autoping=False,
            max_msg_size=most_bytes,
            compress=compress,
            timeout=last_words_s,
        )
        self.client_forgets = client_forgets

    def read_from(self, incoming: Incoming) -> None:
        """Ask for each message that is received."""
        self._incoming = incoming

    @property
    def has_unheard(self) -> bool:
        """Whether the client has said something that was not dealt with."""
        return self._incoming is not None and self._incoming.has_unheard

    async def receive(self, timeout: float | None = None) -> WSMessage:  # noqa: ASYNC109 - aiohttp's own
        """Receive the next message, of any kind."""
        if self._incoming is not None:
            self._incoming.want()
        return await super().receive(timeout)

    async def close(self, *, code: int = 1000, message: bytes = b"", drain: bool = True) -> bool:  # noqa: ARG002 - a stalled reader never drains
        """Close; also called by aiohttp when the peer closes or breaks the protocol."""
        if self._incoming is not None:
            self._incoming.want(everything=True)  # it looks for the peer's Close among all else
        if isinstance(self.exception(), zlib.error):  # to aiohttp a failure like any other: 1000
            code = WSCloseCode.INVALID_TEXT
        if self._before_close is not None:
            self._before_close(code)
        closed = await super().close(code=code, message=message, drain=False)
        _forget_frames(self.exception())
        return closed

    def tell_before_close(self, told: Callable[[int], None] | None) -> None:
        """Call this with the code before a Close frame is written; None: nobody any more."""
        self._before_close = told


def _forget_frames(error: BaseException | None) -> None:
    """Let go of the frames that an error came through, and those before it.

    aiohttp keeps the one by which a connection ended with the connection, which these lead to: so
    all of it would wait for the garbage collector.
    """
    while error is not None:
        error.__traceback__ = None
        error = error.__cause__ or error.__context__
