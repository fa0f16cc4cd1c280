"""The end of a connection that somebody else's handler has.

Under `feed serve` our own handler says when a connection is lost, and aiohttp cancels what answers.
Under a runner of a host neither happens: by default a handler that waits learns nothing of a client
that left (aiohttp, `handler_cancellation`). So what the transport says is overheard on its way to
aiohttp's handler, by the public `set_protocol` alone.
"""

import asyncio
from collections.abc import Callable


class Overheard(asyncio.Protocol):
    """Passes on whatever the transport says, and tells when the connection ends."""

    __slots__ = ("_handler", "_tell")

    def __init__(self, handler: asyncio.Protocol, tell: Callable[[], None]) -> None:
        """Stand before a handler.

        Args:
            handler: aiohttp's, to which everything goes.
            tell: called once, while the socket is still there.
        """
        self._handler = handler
        self._tell: Callable[[], None] | None = tell

    def tell_instead(self, tell: Callable[[], None]) -> None:
        """Tell somebody else: another request is answered on the same connection."""
        self._tell = tell

    def forget(self) -> None:
        """Tell nobody: the answer has ended before the connection."""
        self._tell = None

    # What the transport says.

    def data_received(self, data: bytes) -> None:
        """Pass on data."""
        self._handler.data_received(data)

    def eof_received(self) -> bool | None:
        """Pass on that the peer sends no more; the transport closes unless that is refused."""
        stays = self._handler.eof_received()
        if not stays:
            self._end()
        return stays

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell that it is lost, and pass that on."""
        self._end()
        self._handler.connection_lost(exc)

    def pause_writing(self) -> None:
        """Pass on that the socket takes no more for now."""
        self._handler.pause_writing()

    def resume_writing(self) -> None:
        """Pass on that it has room again."""
        self._handler.resume_writing()

    def _end(self) -> None:
        tell, self._tell = self._tell, None
        if tell is not None:
            tell()


def overhear(transport: asyncio.Transport, tell: Callable[[], None]) -> Callable[[], None]:
    """Have the end of a connection told, once; return what makes that forgotten.

    A connection that is kept alive is overheard once, however many answers follow each other on it.
    """
    heard = transport.get_protocol()
    if isinstance(heard, Overheard):
        heard.tell_instead(tell)
    else:
        assert isinstance(heard, asyncio.Protocol)
        heard = Overheard(heard, tell)
        transport.set_protocol(heard)
    return heard.forget
