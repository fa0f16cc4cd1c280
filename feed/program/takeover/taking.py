"""The new side: a server that takes over from one that runs, or begins where there is none."""

import socket
from pathlib import Path

from feed.errors import FeedError, InvalidMessage
from feed.logger import logger_of
from feed.program.takeover.words import MOST_BYTES, MOST_SOCKETS, VERSION, line_of, place_in, read

PATIENCE_S = 60.0  # with the old one, which may answer many requests before it gives its state

log = logger_of("feed.takeover")


class Taker:
    """Has asked a server that runs.

    Attributes:
        listeners: its sockets, which are ours too.
    """

    def __init__(self, connection: socket.socket, listeners: list[socket.socket]) -> None:
        self._connection = connection
        self.listeners = listeners

    def wait_for_state(self) -> None:
        """Say that all is loaded, and wait until the state is ours; it blocks.

        Raises:
            FeedError: the old one has gone, or does not let go of it.
        """
        try:
            self._connection.sendall(line_of(ready=True))
            position = read(_line(self._connection), "state")
        except (OSError, InvalidMessage) as error:
            raise FeedError(f"--takeover: the server that runs gave nothing: {error}") from error
        log.info("taking_over", pos=position)

    def serving(self, where: str) -> None:
        """Say that we serve, and where the old one follows us meanwhile."""
        try:
            self._connection.sendall(line_of(serving=where))
        except OSError as error:  # it has gone, and so have its subscribers
            log.warning("old_server_gone", error=str(error))


def take_over_in(state: Path) -> Taker | None:
    """Ask the server that has a state for its sockets; None: there is none.

    Raises:
        FeedError: there is one, and it does not give them.
    """
    place = place_in(state)
    if place is None:
        raise FeedError(f"--takeover: the path of {state} is too long for a Unix socket in it")
    connection = socket.socket(socket.AF_UNIX)
    connection.settimeout(PATIENCE_S)
    try:
        connection.connect(str(place))
    except (FileNotFoundError, ConnectionRefusedError):
        connection.close()
        log.info("nobody_to_take_over_from", state=str(state))
        return None
    except OSError as error:
        raise FeedError(f"--takeover: {place}: {error.strerror}") from error
    try:
        connection.sendall(line_of(takeover=VERSION))
        line, fds, _, _ = socket.recv_fds(connection, MOST_BYTES, MOST_SOCKETS)
        count = read(line, "listening")
    except (OSError, InvalidMessage) as error:
        raise FeedError(f"--takeover: the server that runs gave nothing: {error}") from error
    listeners = [socket.socket(fileno=fd) for fd in fds]
    if not listeners or len(listeners) != count:
        raise FeedError(f"--takeover: {len(listeners)} sockets came; accepted: {count}, 1 or more")
    return Taker(connection, listeners)


def _line(connection: socket.socket) -> bytes:
    line = b""
    while not line.endswith(b"\n") and len(line) < MOST_BYTES:
        piece = connection.recv(MOST_BYTES)
        if not piece:
            break
        line += piece
    return line
