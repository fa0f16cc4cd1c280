"""Accepting from a socket that several workers share.

Whoever of them is idle takes what comes, and a loop that accepts until nothing is left would take a
burst whole. So few are taken in a turn, none while this worker has far more connections than the
others, and none from the moment on when it leaves: what nobody has taken waits in the queue of the
socket, which lives as long as any process holds it. A listener of asyncio can do none of this but
by closing.
"""

import asyncio
import errno
import os
import socket
import ssl
from collections.abc import Callable
from typing import TYPE_CHECKING

from aiohttp import web

from feed.logger import logger_of
from feed.program.listening import BACKLOG, HANDSHAKE_TIMEOUT_S, authority

if TYPE_CHECKING:
    from feed.http.protocol.handshakes import Handshakes
    from feed.http.protocol.runner import Runner

A_TURN = 8  # connections that are taken before the loop does other things
LOOK_S = 0.02  # between two looks whether others have as many by now
TURNS_OPEN = 8  # of the loop, for which the copy stays open after the last look at it
_REST_S = 0.5  # where there are no descriptors left
_NO_ROOM = {errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM}

log = logger_of("feed.workers")


class Acceptor:
    """Takes connections from one socket, and hands them to protocols.

    Attributes:
        sockets: that one, as a server of asyncio tells it.
        coming: how many are taken and have no protocol yet.
    """

    __slots__ = ("_factory", "_loop", "_may_accept", "_resting", "_tasks", "sockets")

    def __init__(
        self,
        listener: socket.socket,
        factory: Callable[[], asyncio.BaseProtocol],
        may_accept: Callable[[], bool],
    ) -> None:
        """Begin to accept.

        Args:
            listener: it is not blocking, and closed in the end.
            factory: makes the protocol of each connection.
            may_accept: tells whether one more is taken just now.
        """
        self._loop = asyncio.get_running_loop()
        self._factory = factory
        self._may_accept = may_accept
        self._resting: asyncio.TimerHandle | None = None
        self._tasks: set[asyncio.Task[object]] = set()
        self.sockets: tuple[socket.socket, ...] = (listener,)
        self._loop.add_reader(listener, self._accept)

    @property
    def coming(self) -> int:
        """How many connections are taken, and have no protocol yet."""
        return len(self._tasks)

    def close(self) -> None:
        """Take no more; the copy of the socket is closed some turns of the loop later."""
        if not self.sockets:
            return
        (listener,), self.sockets = self.sockets, ()
        if self._resting is not None:
            self._resting.cancel()
            self._resting = None
        self._loop.remove_reader(listener)
        self._close_later(listener, TURNS_OPEN)

    async def wait_closed(self) -> None:
        """Wait until all that were taken have their protocols."""
        while self._tasks:
            await asyncio.wait(self._tasks)

    def _close_later(self, listener: socket.socket, turns: int) -> None:
        if turns:
            self._loop.call_soon(self._close_later, listener, turns - 1)
        else:
            listener.close()

    def _accept(self) -> None:
        (listener,) = self.sockets
        for _ in range(A_TURN):
            if not self._may_accept():
                self._rest(LOOK_S)
                return
            try:
                taken, _ = listener.accept()
            except (BlockingIOError, InterruptedError, ConnectionAbortedError):
                return
            except OSError as error:
                if error.errno not in _NO_ROOM:
                    raise
                log.warning("accept_failed", error=os.strerror(error.errno))
                self._rest(_REST_S)
                return
            taken.setblocking(False)
            task = self._loop.create_task(self._begin(taken))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _begin(self, taken: socket.socket) -> None:
        try:
            await self._loop.connect_accepted_socket(self._factory, taken)
        except OSError as error:  # it was reset before anything came
            log.debug("accepted_in_vain", error=str(error))
            taken.close()

    def _rest(self, span_s: float) -> None:
        """Let others take what comes, for a while."""
        self._loop.remove_reader(self.sockets[0])
        self._resting = self._loop.call_later(span_s, self._look)

    def _look(self) -> None:
        """Accept again, if by now this worker may."""
        if self._may_accept():
            self._resting = None
            self._loop.add_reader(self.sockets[0], self._accept)
        else:
            self._resting = self._loop.call_later(LOOK_S, self._look)


class SharedSite(web.BaseSite):
    """A place that the workers of a server accept at together."""

    __slots__ = ("_acceptor", "_context", "_handshakes", "_listener", "_may_accept", "_ours")

    def __init__(
        self,
        runner: "Runner",
        listener: socket.socket,
        context: ssl.SSLContext | None,
        may_accept: Callable[[], bool],
    ) -> None:
        """Make a site that is not started; see `Acceptor`.

        Args:
            runner: of the worker.
            listener: the socket that is shared.
            context: of TLS.
            may_accept: tells whether one more is taken just now.
        """
        super().__init__(runner, ssl_context=context, backlog=BACKLOG)
        self._ours = runner
        self._listener = listener
        self._context = context
        self._may_accept = may_accept
        self._handshakes: Handshakes | None = None
        self._acceptor: Acceptor | None = None

    @property
    def name(self) -> str:
        """Its address."""
        host, port = self._listener.getsockname()[:2]
        return f"{'http' if self._context is None else 'https'}://{authority(host, port)}"

    @property
    def accepts(self) -> bool:
        """Whether it takes connections, now or as soon as others have as many."""
        return self._acceptor is not None and bool(self._acceptor.sockets)

    @property
    def coming(self) -> int:
        """How many connections are taken, and have no protocol yet."""
        return 0 if self._acceptor is None else self._acceptor.coming

    async def start(self) -> None:
        """Accept."""
        await super().start()
        factory: Callable[[], asyncio.BaseProtocol] | None = self._runner.server
        if self._context is not None:
            factory = self._handshakes = self._ours.handshakes(self._context, HANDSHAKE_TIMEOUT_S)
        assert factory is not None
        self._listener.setblocking(False)
        self._acceptor = Acceptor(self._listener, factory, self._may_accept)
        self._server = self._acceptor  # type: ignore[assignment]  # it is all that aiohttp asks

    async def pause(self) -> None:
        """Take no more, and let those whose handshake goes on finish it."""
        if self._acceptor is not None:
            self._acceptor.close()
            await self._acceptor.wait_closed()

    async def stop(self) -> None:
        """Take no more, and let those go whose handshake is not done."""
        if self._handshakes is not None:
            self._handshakes.end()
        await super().stop()
