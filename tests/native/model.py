"""Readers on real sockets, with a transport that is as simple as can be, and a peer that may go."""

import socket
import struct

from feed.broadcast.fan_out import Target

HIGH_WATER_BYTES = 20_000
_SMALL_BUFFER_BYTES = 4_608  # about the least that Linux allows


class ModelReader:
    """A reader, its transport and its peer.

    The transport keeps what it is given until `flush`, as uvloop's does until the turn ends.

    Attributes:
        owed: everything that it was given, in order: what its peer has to see, or begin to.
        seen: everything that its peer has read.
        taken: how often its socket took nothing, a part, and all of what was sent past it.
    """

    def __init__(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as server:
            self.peer = socket.socket()
            self.peer.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _SMALL_BUFFER_BYTES)
            self.peer.connect(server.getsockname())
            self.socket, _ = server.accept()
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SMALL_BUFFER_BYTES)
        self.socket.setblocking(False)
        self.peer.setblocking(False)
        self.closing = False
        self.broken = False  # its peer is gone; the rest may be lost
        self.kept = bytearray()
        self.owed = bytearray()
        self.seen = bytearray()
        self.target: Target | None = (
            self.socket.fileno(),
            lambda: self.closing,
            self.buffered_bytes,
            self,
        )

    # As a lane sees it.

    def write(self, data: bytes | memoryview) -> None:
        if self.closing:
            raise RuntimeError("the transport is closing")
        self.kept += data

    def buffered_bytes(self) -> int:
        return len(self.kept)

    # As its loop does.

    def flush(self) -> None:
        """Give the socket what the transport keeps; meet the error, if there is one."""
        while self.kept and not self.closing:
            try:
                sent = self.socket.send(self.kept)
            except BlockingIOError:
                return
            except OSError:
                self.close()
                return
            del self.kept[:sent]

    def close(self) -> None:
        """Close the socket at once, as an abort does; its number may be somebody else's now."""
        self.closing = True
        self.broken = True
        self.socket.close()

    # As its peer does.

    def read(self, most_bytes: int) -> int:
        """Read at most so many bytes; tell how many there were."""
        try:
            data = self.peer.recv(most_bytes)
        except BlockingIOError:
            return 0
        except OSError:
            self.broken = True
            return 0
        self.seen += data
        return len(data)

    def reset(self) -> None:
        """Reset the connection: what was on its way is lost."""
        self.broken = True
        self.peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.peer.close()

    def let_go(self) -> None:
        """Close both ends."""
        self.socket.close()
        self.peer.close()
