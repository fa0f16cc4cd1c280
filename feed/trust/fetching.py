"""The fetching of a small document over HTTP, whole within a deadline, and from nowhere else.

A timeout of a socket begins anew with every byte; so the connection is shut down at the deadline,
in its handshake, its head or its body, and what waits there fails.
"""

import socket
import ssl
import urllib.request
from email.message import Message
from functools import partial
from http.client import HTTPConnection, HTTPResponse, HTTPSConnection
from threading import Timer
from time import monotonic
from typing import IO, Any


class TooLate(OSError):
    """The document was not there in time."""


class _Deadline:
    """Shuts down every connection of one fetch when its time is over."""

    def __init__(self, within_s: float) -> None:
        self._ends_at = monotonic() + within_s
        self._sockets: list[socket.socket] = []
        self._timer = Timer(within_s, self._end)
        self._timer.daemon = True
        self._timer.start()

    @property
    def is_over(self) -> bool:
        """By the clock: what times out by itself may fail before the timer's thread has a turn."""
        return monotonic() >= self._ends_at

    def watch(self, connection: socket.socket) -> None:
        """Shut this one down too; a copy, since TLS takes the descriptor of the other."""
        self._sockets.append(connection.dup())
        if self.is_over:
            self._end()

    def close(self) -> None:
        """End nothing any more."""
        self._timer.cancel()
        for each in self._sockets:
            each.close()

    def _end(self) -> None:
        for each in list(self._sockets):
            try:
                each.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue  # it has ended by itself


class _Connection(HTTPConnection):
    deadline: _Deadline

    def connect(self) -> None:
        super().connect()
        self.deadline.watch(self.sock)


class _EncryptedConnection(HTTPSConnection, _Connection):
    """HTTPSConnection connects by the class after it, then shakes hands."""


def _open(
    kind: type[_Connection],
    deadline: _Deadline,
    host: str,
    **options: Any,  # noqa: ANN401 - urllib's own
) -> HTTPConnection:
    connection = kind(host, **options)
    connection.deadline = deadline
    return connection


class _Http(urllib.request.HTTPHandler):
    def __init__(self, deadline: _Deadline) -> None:
        super().__init__()
        self._connect = partial(_open, _Connection, deadline)

    def http_open(self, req: urllib.request.Request) -> HTTPResponse:
        return self.do_open(self._connect, req)


class _Https(urllib.request.HTTPSHandler):
    def __init__(self, deadline: _Deadline) -> None:
        super().__init__()
        context = ssl.create_default_context()
        self._connect = partial(_open, _EncryptedConnection, deadline, context=context)

    def https_open(self, req: urllib.request.Request) -> HTTPResponse:
        return self.do_open(self._connect, req)


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """Follows nobody to another place: that one was not checked."""

    def redirect_request(  # noqa: PLR0917 - urllib's own
        self,
        req: urllib.request.Request,
        fp: IO[bytes],
        code: int,
        msg: str,
        headers: Message,
        newurl: str,
    ) -> None:
        """Follow nowhere; the redirection is then an error."""


def fetch(url: str, *, within_s: float, most_bytes: int) -> bytes:
    """Return the document at a URL; of a longer one, one byte more than the most.

    Raises:
        TooLate: the time is over.
        OSError, http.client.HTTPException: it cannot be had.
    """
    deadline = _Deadline(within_s)
    opener = urllib.request.build_opener(_NoRedirects, _Http(deadline), _Https(deadline))
    try:
        with opener.open(url, timeout=within_s) as answer:
            data: bytes = answer.read(most_bytes + 1)
    except Exception:
        if deadline.is_over:
            raise TooLate(f"not there within {within_s:g} s") from None
        raise
    finally:
        deadline.close()
    if deadline.is_over:
        raise TooLate(f"not there within {within_s:g} s")
    return data
