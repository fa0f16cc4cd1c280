"""A producer for `feed bench push`: batches of trades, ready to be posted over one connection."""

import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager

import msgpack
import orjson

from feed.wire.protobuf_codec import load_messages
from feed.wire.rfc3339 import rfc3339

SYMBOLS = 50
_STEP_NS = 1_000  # between two ticks of a batch
MEDIA_TYPES = {
    "NDJSON": "application/x-ndjson",
    "MessagePack": "application/msgpack",
    "Protobuf": "application/x-protobuf",
}


def batch(codec: str, first: int, count: int, event_ns: int) -> bytes:
    """Return trades with the numbers from `first` on, as a body."""
    rows = [
        {
            "T": "t",
            "S": f"SYM{number % SYMBOLS:02d}",
            "i": number,
            "x": "V",
            "p": 100 + number % 97 / 4,
            "s": float(1 + number % 9),
            "c": ["@", "I"],
            "z": "C",
        }
        for number in range(first, first + count)
    ]
    times = range(event_ns, event_ns + count * _STEP_NS, _STEP_NS)
    if codec == "NDJSON":
        told = [{**row, "t": rfc3339(at_ns)} for row, at_ns in zip(rows, times, strict=True)]
        return b"\n".join(map(orjson.dumps, told))
    if codec == "MessagePack":
        stamps = map(msgpack.Timestamp.from_unix_nano, times)
        packed: bytes = msgpack.packb(
            [{**row, "t": stamp} for row, stamp in zip(rows, stamps, strict=True)]
        )
        return packed
    classes = load_messages()
    message = classes["Batch"]()
    for row, at_ns in zip(rows, times, strict=True):
        trade = classes["Trade"](
            symbol=row["S"],
            trade_id=row["i"],
            exchange=row["x"],
            price=row["p"],
            size=row["s"],
            event_ns=at_ns,
            conditions=row["c"],
            tape=row["z"],
        )
        message.items.add().trade.CopyFrom(trade)
    return bytes(message.SerializeToString())


class Producer:
    """One connection that posts batches, one after the other."""

    def __init__(self, sock: socket.socket, port: int) -> None:
        self._socket = sock
        self._port = port
        self._sequence = 0

    def post(self, codec: str, body: bytes) -> None:
        """Post a batch, and wait for its acknowledgement.

        Raises:
            ConnectionError: it is not acknowledged.
        """
        self._sequence += 1
        head = (
            f"POST /v1/ingest?producer={codec}&sequence={self._sequence} HTTP/1.1\r\n"
            f"Host: 127.0.0.1:{self._port}\r\n"
            f"Content-Type: {MEDIA_TYPES[codec]}\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        self._socket.sendall(head.encode() + body)
        answer = self._socket.recv(4_096)
        if not answer.startswith(b"HTTP/1.1 200 "):
            raise ConnectionError(f"not acknowledged: {answer[:200]!r}")


@contextmanager
def producer(port: int) -> Iterator[Producer]:
    """Connect a producer to a server on this machine."""
    with socket.create_connection(("127.0.0.1", port)) as sock:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        yield Producer(sock, port)


class Reader:
    """One subscriber of all trades, whose socket is read until a trade is there."""

    def __init__(self, sock: socket.socket) -> None:
        self._socket = sock

    def drain(self) -> None:
        """Read all that comes, until `stop`."""
        while self._socket.recv(1 << 18):
            pass

    def stop(self) -> None:
        """Have `drain` return."""
        self._socket.shutdown(socket.SHUT_RDWR)

    def read_until(self, number: int) -> int:
        """Return the monotonic time when the trade with a number has come."""
        wanted, kept = b'"i":%d,' % number, b""
        while True:
            data = self._socket.recv(1 << 18)
            if not data:
                raise ConnectionError("the server has ended")
            if wanted in kept + data:
                return time.monotonic_ns()
            kept = data[-len(wanted) :]


@contextmanager
def reader(port: int) -> Iterator[Reader]:
    """Subscribe to all trades of a server on this machine, over one live lane."""
    with socket.create_connection(("127.0.0.1", port)) as sock:
        sock.sendall(f"GET /v1/stream?trades=* HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n".encode())
        while b'"mark"' not in sock.recv(1 << 16):
            pass
        yield Reader(sock)
