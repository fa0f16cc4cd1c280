"""The audit: the stream as it grows, read past the switch into the ledger of the stream."""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from feed.cluster.address import BusAddress
from feed.cluster.batch import Batch, read_batch
from feed.cluster.batch_stream import BatchStream
from feed.cluster.connecting import connect
from feed.cluster.errors import BusAway
from feed.cluster.ordered_read import HEARTBEAT_S, Inbox, ask
from tests.cluster.rig.stream_ledger import StreamLedger

if TYPE_CHECKING:
    from nats.aio.client import Client

_AGAIN_S = 0.1

Stored = tuple[int, Batch, bytes]


class Audit:
    """Reads the stream.

    Attributes:
        ledger: takes it.
        longest_s: the longest time between two batches.
    """

    def __init__(self, address: BusAddress) -> None:
        self.ledger = StreamLedger()
        self.longest_s = 0.0
        self._address = address
        self._last_s = 0.0

    async def run(self) -> None:
        """Read for ever, from one server or another."""
        while True:
            try:
                async for sequence, batch, payload in self._messages(self.ledger.read + 1):
                    self._note_time(batch)
                    self.ledger.take(sequence, batch, payload)
            except BusAway:
                self.ledger.counts["audit: came from another server"] += self.ledger.read > 0
            await asyncio.sleep(_AGAIN_S)

    def begin_times(self) -> None:
        """Look at times from now on: the cluster is up."""
        self.longest_s, self._last_s = 0.0, asyncio.get_running_loop().time()

    def _note_time(self, batch: Batch) -> None:
        now_s = asyncio.get_running_loop().time()
        if batch.count:
            self.longest_s = max(self.longest_s, now_s - (self._last_s or now_s))
            self._last_s = now_s

    async def read_again(self) -> None:
        """Read all of it once more, and see that it is what it was.

        Raises:
            BusAway: it cannot be read.
        """
        last = await self.last()
        if last != self.ledger.read:
            words = f"the stream ends at message {last}, and {self.ledger.read} were read"
            self.ledger.findings.append(words)
        async for sequence, batch, payload in self._messages(1):
            self.ledger.compare(sequence, batch, payload)
            if sequence >= min(last, self.ledger.read):
                return

    async def last(self) -> int:
        """Return the last message of the stream.

        Raises:
            BusAway: no server says.
        """
        return int((await self._info())["state"]["last_seq"])

    async def leader(self) -> str | None:
        """Return which server leads the stream; None: nobody says."""
        try:
            leader = (await self._info())["cluster"].get("leader")
        except BusAway:
            return None
        return leader or None

    async def replicas_have_all(self) -> bool:
        """Tell whether the stream has a leader, and its replicas all that there is."""
        try:
            cluster = (await self._info())["cluster"]
        except BusAway:
            return False
        replicas = cluster.get("replicas", [])
        return bool(cluster.get("leader")) and all(
            each["current"] and not each.get("offline") for each in replicas
        )

    async def _info(self) -> dict[str, Any]:
        async with self._client(Inbox()) as client:
            return await ask(client, f"STREAM.INFO.{self._address.names.stream}")

    async def _messages(self, start: int) -> AsyncIterator[Stored]:
        """Yield the messages of the stream, for ever.

        Raises:
            BusAway: the connection ends.
        """
        inbox = Inbox()
        async with self._client(inbox) as client:
            read = await BatchStream(client, self._address.names).read(start, inbox)
            while True:
                for _, message in await inbox.take(HEARTBEAT_S):
                    if (stored := await read.read(message)) is not None:
                        yield stored.sequence, read_batch(stored.headers), stored.payload
                read.check()

    @asynccontextmanager
    async def _client(self, inbox: Inbox) -> "AsyncIterator[Client]":
        """Connect to one of the servers."""
        one = replace(self._address, servers=(random.choice(self._address.servers),))
        client = await connect(one, None, inbox.lose, name="audit")
        try:
            yield client
        finally:
            await client.close()
