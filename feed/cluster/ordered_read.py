"""An ordered read: the messages of a stream from one on, as they are, and as they come.

Theory of operation: a push consumer without acknowledgements, which NATS forgets when its
connection ends. It counts what it delivers, so that a message that is lost on the way is noticed,
and ends the read. NATS sends a window of bytes at most until it is told that all of it was taken:
that is said only when whoever reads has come to it, so that what waits here is bounded. Heartbeats
tell silence from a cut.
"""

import asyncio
import json
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from feed.cluster.errors import BusAway, BusLost

if TYPE_CHECKING:
    from nats.aio.client import Client
    from nats.aio.msg import Msg

HEARTBEAT_S = 1.0
SILENT_HEARTBEATS = 4  # so many that do not come are a cut
ANSWER_S = 5.0
_STATUS, _STALLED, _DELIVERED = "Status", "Nats-Consumer-Stalled", "Nats-Last-Consumer"
_SEQUENCE = "Nats-Sequence"
_CONTROL, _NOT_FOUND = "100", "404"
_NO_STREAM = "(10059)"
_NS = 1_000_000_000
_SHORT_REPLY = 9  # $JS.ACK.stream.consumer.deliveries.sequence.delivered.time.pending
_NO_HEADERS: Mapping[str, str] = {}


@dataclass(frozen=True, slots=True)
class Stored:
    """A message of a stream.

    Attributes:
        sequence: its own, in the stream.
        subject: where it was published.
        headers: as they are.
        payload: its bytes.
        pending: how many more the stream had when it was sent.
    """

    sequence: int
    subject: str
    headers: Mapping[str, str]
    payload: bytes
    pending: int


async def ask(
    client: "Client", subject: str, *, domain: str = "", **asked: object
) -> dict[str, Any]:
    """Ask JetStream, where the connection leads or in another domain, and return its answer.

    Raises:
        BusAway: it refuses, or does not answer.
    """
    from nats.errors import Error  # noqa: PLC0415 - an extra

    try:
        body = json.dumps(asked).encode() if asked else b""
        prefix = f"$JS.{domain}.API" if domain else "$JS.API"
        answer = await client.request(f"{prefix}.{subject}", body, timeout=ANSWER_S)
    except (Error, OSError, TimeoutError) as error:
        words = str(error) or type(error).__name__
        raise BusAway(f"JetStream does not answer {subject}: {words}") from error
    told: dict[str, Any] = json.loads(answer.data)
    if refusal := told.get("error"):
        words = f"{refusal.get('description')} ({refusal.get('err_code')})"
        raise BusAway(f"JetStream refuses {subject}: {words}")
    return told


async def is_there(client: "Client", stream: str) -> bool:
    """Tell whether there is a stream of a name.

    Raises:
        BusAway: JetStream does not say.
    """
    try:
        await ask(client, f"STREAM.INFO.{stream}")
    except BusAway as error:
        if _NO_STREAM in str(error):
            return False
        raise
    return True


async def direct(client: "Client", stream: str, **asked: object) -> Stored | None:
    """Return a message of a stream by a direct get; None: there is none.

    Raises:
        BusAway: it cannot be asked.
    """
    from nats.errors import Error  # noqa: PLC0415 - an extra

    subject, body = f"$JS.API.DIRECT.GET.{stream}", json.dumps(asked).encode()
    try:
        answer = await client.request(subject, body, timeout=ANSWER_S)
    except (Error, OSError, TimeoutError) as error:
        words = str(error) or type(error).__name__
        raise BusAway(
            f"the stream {stream} cannot be asked for a message: {words}; "
            "accepted: a stream that is there, and has allow_direct"
        ) from error
    headers = answer.headers or {}
    if headers.get(_STATUS) == _NOT_FOUND:
        return None
    if _SEQUENCE not in headers:
        raise BusAway(f"the stream {stream} refuses a direct get: {headers}")
    sequence, pending = int(headers[_SEQUENCE]), int(headers.get("Nats-Num-Pending", 0))
    return Stored(sequence, headers.get("Nats-Subject", ""), headers, answer.data, pending)


class Inbox:
    """What came of several reads, in the order in which it came."""

    __slots__ = ("_arrived", "_messages", "lost")

    def __init__(self) -> None:
        """Begin with nothing."""
        self._messages: deque[tuple[OrderedRead, Msg]] = deque()
        self._arrived = asyncio.Event()
        self.lost = False  # the connection has ended

    def put(self, read: "OrderedRead", message: "Msg") -> None:
        """Take a message."""
        self._messages.append((read, message))
        self._arrived.set()

    def lose(self) -> None:
        """Learn that the connection has ended: nothing more comes."""
        self.lost = True
        self._arrived.set()

    async def take(self, longest_s: float) -> "deque[tuple[OrderedRead, Msg]]":
        """Return what has come, once something has; nothing, where nothing comes for long.

        Raises:
            BusLost: the connection has ended, and all that came before was returned.
        """
        if not self._messages:
            if self.lost:
                raise BusLost("the connection to NATS has ended")
            self._arrived.clear()
            try:
                async with asyncio.timeout(longest_s):
                    await self._arrived.wait()
            except TimeoutError:
                return deque()
        taken, self._messages = self._messages, deque()
        if not taken:
            raise BusLost("the connection to NATS has ended")
        return taken


@dataclass(slots=True, eq=False)
class OrderedRead:
    """One read of a stream.

    Attributes:
        client: the connection.
        stream: which.
        inbox: takes what comes; others may come there too.
        pending: how many messages there were when it began.
    """

    client: "Client"
    stream: str
    inbox: Inbox
    pending: int = 0
    _subscription: Any = None
    _consumer: str = ""
    _delivered: int = 0
    _heard_s: float = field(default=0.0)

    async def open(self, **start: object) -> None:
        """Begin.

        Args:
            **start: where, as fields of the consumer: `deliver_policy`, `opt_start_seq` …

        Raises:
            BusAway: there is no such stream, or JetStream does not answer.
        """
        from nats.errors import Error  # noqa: PLC0415 - an extra

        subject = self.client.new_inbox()
        try:
            self._subscription = await self.client.subscribe(subject, cb=self._hear)
        except (Error, OSError) as error:
            words = str(error) or type(error).__name__
            raise BusAway(f"the stream {self.stream} cannot be read: {words}") from error
        try:
            told = await ask(
                self.client,
                f"CONSUMER.CREATE.{self.stream}",
                stream_name=self.stream,
                config={
                    "deliver_subject": subject,
                    "ack_policy": "none",
                    "max_deliver": 1,
                    "replay_policy": "instant",
                    "flow_control": True,
                    "idle_heartbeat": int(HEARTBEAT_S * _NS),
                    "mem_storage": True,
                    "num_replicas": 1,
                    **start,
                },
            )
        except BusAway:
            await self.close()
            raise
        self._consumer, self.pending = told["name"], int(told.get("num_pending", 0))
        self._heard_s = asyncio.get_running_loop().time()

    async def _hear(self, message: "Msg") -> None:
        self.inbox.put(self, message)

    async def read(self, message: "Msg") -> Stored | None:
        """Return what a message is; None: a word between NATS and this read.

        Raises:
            BusLost: one before it has been lost on the way.
        """
        self._heard_s = asyncio.get_running_loop().time()
        headers = message.headers
        if headers is not None and headers.get(_STATUS) == _CONTROL:
            await self._answer(message, headers)
            return None
        tokens = message.reply.split(".")
        at = 5 if len(tokens) == _SHORT_REPLY else 7  # else a domain and an account stand before
        sequence, delivered, pending = int(tokens[at]), int(tokens[at + 1]), int(tokens[at + 3])
        self._delivered += 1
        if delivered != self._delivered:
            raise BusLost(f"a message of {self.stream} before {sequence} was lost on the way")
        return Stored(sequence, message.subject, headers or _NO_HEADERS, message.data, pending)

    async def _answer(self, message: "Msg", headers: Mapping[str, str]) -> None:
        """Say that all before it was taken, where that is asked; see that nothing is missing."""
        if int(headers.get(_DELIVERED, 0)) > self._delivered:
            raise BusLost(f"messages of {self.stream} were lost on the way")
        reply = message.reply or headers.get(_STALLED, "")
        if not reply:
            return
        from nats.errors import Error  # noqa: PLC0415 - an extra

        try:
            await self.client.publish(reply)
        except (Error, OSError) as error:
            raise BusLost(f"the connection to NATS has ended: {error}") from error

    def check(self) -> None:
        """See that it is heard of.

        Raises:
            BusLost: no heartbeat came for long.
        """
        silent_s = asyncio.get_running_loop().time() - self._heard_s
        if silent_s > SILENT_HEARTBEATS * HEARTBEAT_S:
            raise BusLost(f"nothing was heard of {self.stream} for {silent_s:.0f} s")

    async def close(self) -> None:
        """End it, where the connection stands."""
        subscription, self._subscription = self._subscription, None
        if subscription is None or self.client.is_closed:
            return
        from nats.errors import Error  # noqa: PLC0415 - an extra

        try:
            await subscription.unsubscribe()
            if self._consumer:
                subject = f"$JS.API.CONSUMER.DELETE.{self.stream}.{self._consumer}"
                await self.client.publish(subject)
        except (Error, OSError):
            return  # it has ended by itself
