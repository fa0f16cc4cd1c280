"""The floor: a Python loop over non-blocking `socket.send`, and nothing else.

Its cost is that of the kernel and the interpreter, which every server has.
"""

import select
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from .base import HOST, REQUEST_TIMEOUT_S, Running, Work, python_peer, subscriber
from .sender import Options, Payloads, accept_key, options


class BarePython:
    """Python's `socket.send` in a loop."""

    name = "bare socket.send, Python"

    def missing(self, work: Work) -> str:
        """Return why it cannot do this work here, or ""."""
        return "it does not compress" if work.compress else ""

    @contextmanager
    def start(self, work: Work) -> Iterator[Running]:
        """Start it on this work."""
        with python_peer(__name__, work) as (started, port):
            yield Running(subscriber(self.name, port, work), started.pids)


def websocket(payload: bytes) -> bytes:
    """Return the frame of a text message."""
    length = len(payload)
    if length < 126:
        return b"\x81%c%b" % (length, payload)
    if length < 1 << 16:
        return b"\x81\x7e%b%b" % (length.to_bytes(2, "big"), payload)
    return b"\x81\x7f%b%b" % (length.to_bytes(8, "big"), payload)


def event(payload: bytes) -> bytes:
    """Return the chunk of a Server-Sent Event, its id as long as a position is."""
    return _chunk(b"id: abcdefgh-1234567\ndata: %b\n\n" % payload)


def line(payload: bytes) -> bytes:
    """Return the chunk of a line."""
    return _chunk(payload + b"\n")


def _chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


FRAMINGS = {"websocket": websocket, "sse": event, "stream": line}


def serve(chosen: Options) -> None:
    """Accept subscribers between two rounds of sending, for ever."""
    payloads = Payloads(chosen.payloads)
    framing = FRAMINGS[chosen.transport]
    frames = [framing(payloads.stamped(index)) for index in range(len(payloads))]
    subscribers: list[socket.socket] = []
    with socket.create_server((HOST, 0), backlog=4096) as listener:
        print("port", listener.getsockname()[1], flush=True)
        began_s = time.monotonic()
        number = 0
        while True:
            left_s = began_s + number / chosen.hz - time.monotonic()
            if select.select([listener], [], [], max(0.0, left_s))[0]:
                subscribers.append(_welcome(listener.accept()[0], chosen.transport))
                continue
            if chosen.rotate:
                turn = number % len(frames)
                gone = _send_each(subscribers, frames[turn:] + frames[:turn])
            else:
                gone = _send(subscribers, framing(payloads.stamped(number)))
            for sock in gone:
                subscribers.remove(sock)
                sock.close()
            number += 1


def _send(subscribers: list[socket.socket], frame: bytes) -> list[socket.socket]:
    """Send one frame to all; return those that cannot go on."""
    gone = []
    for sock in subscribers:
        try:
            sock.send(frame)
        except OSError:
            gone.append(sock)
    return gone


def _send_each(subscribers: list[socket.socket], frames: list[bytes]) -> list[socket.socket]:
    """Send to each the frame whose turn it is; return those that cannot go on."""
    gone = []
    count = len(frames)
    for index, sock in enumerate(subscribers):
        try:
            sock.send(frames[index % count])
        except OSError:
            gone.append(sock)
    return gone


def _welcome(sock: socket.socket, transport: str) -> socket.socket:
    """Answer a subscriber's request, which its first segment holds whole."""
    sock.settimeout(REQUEST_TIMEOUT_S)
    request = sock.recv(65536).decode("latin-1")
    if transport == "websocket":
        key = request.partition("Sec-WebSocket-Key: ")[2].partition("\r\n")[0]
        answer = (
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Accept: {accept_key(key)}\r\n\r\n"
        )
    else:
        answer = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    sock.sendall(answer.encode())
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    sock.setblocking(False)
    return sock


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        serve(options())
