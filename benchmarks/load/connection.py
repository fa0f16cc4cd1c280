"""One subscriber's connection: how it begins, and how its bytes are counted or looked at."""

import socket
from collections import Counter as Tally
from contextlib import suppress

from feed.wire.transport import Transport

from .ages import Ages
from .counters import ChunkCounter, Counter, EventCounter, WebSocketCounter
from .plan import Group, Look
from .sample import Findings, Sampler, SizeSampler, StampSampler, TickSampler, WordSampler
from .splitters import BodySplitter, Splitter, WebSocketSplitter
from .wire import (
    CLOSE,
    PING,
    PONG,
    Head,
    WireError,
    client_frame,
    stream_request,
    upgrade_request,
)

_TEXT = 0x1
_BINARY = 0x2


class Members:
    """The subscribers of one group, and the counts of all of them together.

    Attributes:
        group: how they subscribe and read.
        frames, received_bytes: since `restart`.
        newest, oldest: ages of ticks in the sampled messages.
        findings: of the sampled ones.
        lost: connections that ended, by reason.
        extensions: those that the server agreed to with the last of them.
        payloads: kept, as the group asked.
        connections: all of them.
    """

    def __init__(self, group: Group) -> None:
        self.group = group
        self.frames = 0
        self.received_bytes = 0
        self.newest = Ages()
        self.oldest = Ages()
        self.findings = Findings()
        self.lost: Tally[str] = Tally()
        self.extensions = ""
        self.payloads: list[bytes] = []
        self.connections = [Connection(self, index) for index in range(group.count)]

    def restart(self) -> None:
        """Begin the steady window; faults and losses from before it are kept."""
        self.frames = 0
        self.received_bytes = 0
        self.findings.messages = 0
        self.findings.ticks = 0
        self.findings.sizes.clear()
        self.newest.restart()
        self.oldest.restart()


class Connection:
    """One subscriber.

    Attributes:
        members: the group's account.
        sampled: its payloads are looked at.
        socket: None until it connects, and when it has ended.
        counter: of the frames; sampled connections have one as well.
        sampler: looks at its payloads; made when the server agrees, if it was not given before.
    """

    __slots__ = (
        "_head",
        "_index",
        "_keeps",
        "_splitter",
        "counter",
        "members",
        "open",
        "sampled",
        "sampler",
        "socket",
    )

    def __init__(self, members: Members, index: int) -> None:
        group = members.group
        self.members = members
        self.sampled = group.sampled(index)
        self.socket: socket.socket | None = None
        self.open = False  # the server has agreed
        self.counter: Counter = (
            WebSocketCounter() if group.transport is Transport.WEBSOCKET else ChunkCounter()
        )
        self._index = index
        self._head = b""
        self._keeps = index == 0 and group.keep_payloads > 0
        self._splitter: Splitter | None = None
        self.sampler: Sampler | None = None

    def begin(self) -> socket.socket:
        """Open the socket and start connecting, without blocking."""
        group = self.members.group
        self.socket = sock = socket.socket(
            socket.AF_INET, socket.SOCK_STREAM | socket.SOCK_NONBLOCK
        )
        if group.receive_buffer_bytes:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, group.receive_buffer_bytes)
        with suppress(BlockingIOError):
            sock.connect((group.host, group.port))
        return sock

    def ask(self) -> None:
        """Send the request; the socket is connected, and its buffer takes it whole."""
        group = self.members.group
        opening = group.openings[self._index % len(group.openings)]
        make = upgrade_request if group.transport is Transport.WEBSOCKET else stream_request
        self._send(make(f"{group.host}:{group.port}", opening.path, group.headers))

    def take_head(self, received: bytes) -> bytes | None:
        """Take the head of the answer; return the bytes after it, None while it is not whole.

        Raises:
            WireError: the server refused.
        """
        self._head += received
        parsed = Head.parse(self._head)
        if parsed is None:
            return None
        head, rest = parsed
        group = self.members.group
        websocket = group.transport is Transport.WEBSOCKET
        if head.status != (101 if websocket else 200):
            told = rest[:200].decode(errors="replace")
            raise WireError(f"the server answered {head.status}: {told}")
        agreed = "sec-websocket-extensions" if websocket else "content-encoding"
        self.members.extensions = head.headers.get(agreed, "")
        chunked = websocket or head.headers.get("transfer-encoding") == "chunked"
        if not chunked:
            if group.transport is not Transport.SSE or self.members.extensions:
                raise WireError("the server sends neither chunks nor plain events")
            self.counter = EventCounter()
        if self.sampled:
            self._look(self.members.extensions, chunked=chunked)
        self._head = b""
        self.open = True
        opening = group.openings[self._index % len(group.openings)]
        opcode = _BINARY if group.binary else _TEXT
        for message in opening.hello:
            self._send(client_frame(opcode, message))
        return rest

    def _look(self, agreed: str, *, chunked: bool) -> None:
        members, group = self.members, self.members.group
        if group.transport is Transport.WEBSOCKET:
            self._splitter = WebSocketSplitter(agreed)
        else:
            events = group.transport is Transport.SSE
            self._splitter = BodySplitter(events=events, chunked=chunked, encoding=agreed)
        if group.look is Look.RETURN:
            assert self.sampler is not None
        elif group.look is Look.SIZES:
            self.sampler = SizeSampler(members.findings)
        elif group.look is Look.WORDS:
            self.sampler = WordSampler(members.newest, members.oldest, members.findings)
        elif group.look is Look.TICKS:
            self.sampler = TickSampler(
                members.newest,
                members.oldest,
                members.findings,
                codec=group.codec,
                every_tick=group.every_tick,
                consecutive=group.consecutive,
            )
        else:
            self.sampler = StampSampler(members.newest, members.findings)

    def look(self, received: bytes, now_ns: int) -> None:
        """Look into the bytes of a sampled connection; the counter has counted them already."""
        assert self._splitter is not None
        assert self.sampler is not None
        for payload, position in self._splitter.split(received):
            if self._keeps and len(self.members.payloads) < self.members.group.keep_payloads:
                self.members.payloads.append(payload)
            self.sampler.take(payload, position, now_ns)

    def attend(self) -> str:
        """Answer pings; return why the server ended the stream, or "" if it has not."""
        for opcode, payload in self.counter.control:
            if opcode == PING:
                self._send(client_frame(PONG, payload))
            elif opcode == CLOSE:
                return f"close {int.from_bytes(payload[:2], 'big')}"
        self.counter.control.clear()
        return "end of body" if self.counter.ended else ""

    def end(self, reason: str = "") -> None:
        """Close the socket; a reason is counted as a loss."""
        if self.socket is None:
            return
        if reason:
            self.members.lost[reason] += 1
        self.socket.close()
        self.socket = None
        self.open = False

    def _send(self, data: bytes) -> None:
        assert self.socket is not None
        if self.socket.send(data) != len(data):
            raise WireError("the socket did not take a small message whole")
