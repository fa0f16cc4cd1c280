"""The link of a writer: a connection to NATS that comes back by itself, and what is asked over it.

Whatever is asked while it is away is not answered, rather than kept and sent later: what a writer
sends must not arrive when nobody waits for it any more. Publishing says by two errors what the
fence has to know: that the server refuses, or that nobody knows.
"""

import asyncio
import json
import random
from base64 import b64decode
from contextlib import suppress
from dataclasses import replace
from email.parser import BytesParser
from time import monotonic
from typing import TYPE_CHECKING, Any

from feed.cluster.address import BusAddress
from feed.cluster.batch import Batch, headers_of, read_batch
from feed.cluster.connecting import connect
from feed.cluster.errors import ApiError, BusAway
from feed.errors import InvalidMessage
from feed.logger import logger_of

if TYPE_CHECKING:
    from nats.aio.client import Client

PUBLISH_S = 2.0  # until what was sent counts as not answered
ASK_S = 2.0
_LOOK_S = 0.1  # at a connection that stands
_RETRY_S = 0.2  # between two rounds of trying all servers
_TELL_S = 10.0  # between two complaints that none is reached
_EXPECTED = "Nats-Expected-Last-Sequence"
_WRONG_SEQUENCE = frozenset({10071, 10164})
_NO_MESSAGE = 10037
_NO_STREAM = 10059
_HEADERS_LINE = b"NATS/1.0\r\n"

log = logger_of("feed.cluster")


class Refused(Exception):
    """The stream has another last sequence than was expected, or says so."""


class Link:
    """A connection that comes back.

    Attributes:
        address: of the bus.
        connections: how many there were.
        is_up: whether there is one now.
    """

    __slots__ = ("_client", "_key_pair", "_lost", "_name", "_up", "address", "connections")

    def __init__(
        self, address: BusAddress, key_pair: tuple[str, str] | None = None, name: str = "feed"
    ) -> None:
        """Begin without a connection.

        Args:
            address: of the bus.
            key_pair: user and password; None: neither.
            name: as NATS shows it.
        """
        self.address = address
        self.connections = 0
        self._key_pair = key_pair
        self._name = name
        self._client: Client | None = None
        self._up = asyncio.Event()
        self._lost = asyncio.Event()

    @property
    def is_up(self) -> bool:
        """Whether there is a connection now."""
        return self._up.is_set()

    async def run(self) -> None:
        """Connect, for ever again."""
        try:
            while True:
                self._client = await self._connected()
                self.connections += 1
                self._up.set()
                server = self._client.connected_url
                log.info("bus_connected", server=None if server is None else server.netloc)
                await self._over(self._client)
                self._up.clear()
                log.warning("bus_lost", bus=str(self.address))
        finally:
            self._up.clear()
            if self._client is not None and not self._client.is_closed:
                await self._client.close()

    async def client(self, patience_s: float = ASK_S) -> "Client":
        """Return the connection, once there is one.

        Raises:
            BusAway: there is none in time.
        """
        try:
            async with asyncio.timeout(patience_s):
                await self._up.wait()
        except TimeoutError:
            raise BusAway(f"{self.address}: no connection for {patience_s:g} s") from None
        assert self._client is not None
        return self._client

    async def ask(self, subject: str, **asked: object) -> dict[str, Any]:
        """Ask the API of JetStream, and return its answer.

        Raises:
            ApiError: it refuses.
            BusAway: it does not answer.
        """
        body = json.dumps(asked).encode() if asked else b""
        told = await self.request(f"$JS.API.{subject}", body)
        if error := told.get("error"):
            raise ApiError(subject, error)
        return told

    async def request(
        self,
        subject: str,
        payload: bytes,
        headers: dict[str, str] | None = None,
        patience_s: float = ASK_S,
    ) -> dict[str, Any]:
        """Send a message that is answered by JSON, and return that.

        Raises:
            BusAway: it is not answered in time.
        """
        from nats.errors import Error  # noqa: PLC0415 - an extra

        client = await self.client(patience_s)
        try:
            answer = await client.request(subject, payload, timeout=patience_s, headers=headers)
        except (Error, OSError, TimeoutError) as error:
            words = str(error) or type(error).__name__
            raise BusAway(f"NATS does not answer {subject}: {words}") from error
        told: dict[str, Any] = json.loads(answer.data)
        return told

    async def publish(self, batch: Batch, payload: bytes, expected: int) -> int:
        """Publish a batch behind a sequence of the stream; return its own.

        Raises:
            Refused: the stream ends elsewhere, or another one is on its way.
            ApiError: the server refuses it for another reason.
            BusAway: nobody knows what became of it.
        """
        headers = {**headers_of(batch), _EXPECTED: str(expected)}
        subject = self.address.names.subject
        told = await self.request(subject, payload, headers, PUBLISH_S)
        if error := told.get("error"):
            refused = ApiError(subject, error)
            if refused.code in _WRONG_SEQUENCE:
                raise Refused(str(refused))
            raise refused
        return int(told["seq"])

    async def last_sequence(self) -> int:
        """Return the last sequence of the stream, by its leader.

        Raises:
            BusAway: it does not say.
        """
        told = await self.ask(f"STREAM.INFO.{self.address.names.stream}")
        return int(told["state"]["last_seq"])

    async def look(self, sequence: int) -> tuple[Batch | None, int]:
        """Return what the stream's leader has at a sequence, and its last sequence before that.

        The other way round, what we sent could come between the two, and seem to be another's. What
        is no batch is nobody's of ours: it is returned as one of term 0. A stream that is not there
        any more ends at 0.

        Raises:
            BusAway: it does not say.
        """
        try:
            return await self._look(sequence)
        except ApiError as error:
            if error.code == _NO_STREAM:
                return None, 0
            raise

    async def _look(self, sequence: int) -> tuple[Batch | None, int]:
        last = await self.last_sequence()
        found = await self._get(seq=sequence)
        batch = None
        if found is not None:
            try:
                batch = read_batch(found[1])
            except InvalidMessage:
                batch = Batch("", 0, 1, 0, "somebody else", 0)
        return batch, last

    async def newest(self) -> tuple[int, Batch | None]:
        """Return the last sequence of the stream, and the newest batch in it.

        Raises:
            BusAway: its leader does not say.
            InvalidMessage: the newest message is no batch.
        """
        last = await self.last_sequence()
        found = await self._get(last_by_subj=self.address.names.subject)
        return (last, None) if found is None else (max(last, found[0]), read_batch(found[1]))

    async def _get(self, **asked: object) -> tuple[int, dict[str, str]] | None:
        """Return the sequence and the headers of a message; None: there is none."""
        stream = self.address.names.stream
        try:
            told = (await self.ask(f"STREAM.MSG.GET.{stream}", **asked))["message"]
        except ApiError as error:
            if error.code == _NO_MESSAGE:
                return None
            raise
        headers = b64decode(told.get("hdrs", "")).removeprefix(_HEADERS_LINE)
        said = BytesParser().parsebytes(headers, headersonly=True)
        return int(told["seq"]), {name: str(value) for name, value in said.items()}

    async def _over(self, client: "Client") -> None:
        """Wait for the end of a connection.

        The client tells nobody of it where it had something to send then (nats-py 2.16: writing
        that fails before its callbacks), so it is looked at as well.
        """
        while not client.is_closed:
            with suppress(TimeoutError):
                async with asyncio.timeout(_LOOK_S):
                    await self._lost.wait()
                    return

    async def _connected(self) -> "Client":
        """Return a connection to one of the servers, however long it takes."""
        told_s = -_TELL_S
        while True:
            servers = random.sample(self.address.servers, len(self.address.servers))
            error: BusAway | None = None
            for server in servers:
                lost = self._lost = asyncio.Event()
                try:
                    one = replace(self.address, servers=(server,))
                    return await connect(one, self._key_pair, lost.set, name=self._name)
                except BusAway as away:
                    error = away
            if monotonic() - told_s >= _TELL_S:
                told_s = monotonic()
                log.warning("bus_unreachable", bus=str(self.address), error=str(error))
            await asyncio.sleep(_RETRY_S)
