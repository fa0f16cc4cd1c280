"""One reader of the chaos: it connects, reads, stalls, changes its mind, is cut off and returns."""

import asyncio
from collections.abc import Callable
from typing import ClassVar
from urllib.parse import urlencode

from tests.chaos.conflated import Wrong
from tests.chaos.listener import Listener
from tests.chaos.wishes import Wish, subscription, written
from tests.fakes.deflated_readers import MEDIA_TYPES, GzipHttp, connect_deflated
from tests.fakes.messages import Message
from tests.fakes.raw_http import RawHttp
from tests.fakes.readers import Reader as Connection
from tests.fakes.sse_reader import SseReader
from tests.fakes.stream_readers import ArrayReader, BatchReader, LineReader
from tests.fakes.websocket_reader import WebSocketReader
from tests.fakes.wire import Address, Ended

STALLS_PER_S = 0.12
CHANGES_PER_S = 0.8
LAST_READ_S = 60.0  # after the market has closed


class Reader(Listener):
    """A reader with connections to a server.

    Attributes:
        life_s: of a connection, on average.
        longest_away_s: between two connections.
        longest_stall_s: in which it reads nothing.
        may_close: codes with which the server may close one; None: it is gone without a word.
    """

    life_s: float = 6.0
    longest_away_s: ClassVar[float] = 5.0
    longest_stall_s: ClassVar[float] = 6.0
    may_close: ClassVar[frozenset[int | None]] = frozenset({None, 1013})

    async def live(self, address: Address, newest: Callable[[], int | None]) -> None:
        """Read until the market has closed, and everything was told.

        Args:
            address: of the server.
            newest: returns the last number once the market has closed.

        Raises:
            Wrong: something came that was not due, or did not come.
        """
        chance, ended = self._chance, False
        await asyncio.sleep(chance.random() * 2)  # not all at once: they are no storm
        while not ended:
            wish, after = self._begin(closed=newest() is not None)
            try:
                connection = await self._connect(address, wish, after)
                try:
                    ended = await self._read(connection, newest)
                finally:
                    connection.abort()
            except Ended as end:
                self._note_end(end)
            except ConnectionError:
                self.counts["reset"] += 1
            if newest() is None:
                away_s = self.longest_away_s if chance.random() < 0.1 else 0.3
                await asyncio.sleep(chance.random() * away_s)

    # Connecting.

    async def _connect(self, address: Address, wish: Wish, after: str | None) -> Connection:
        name, _, codec = wish.transport.partition("-")
        if name != "websocket":
            self._expect(wish)
            return await self._request(address, wish, after)
        # What is acknowledged later is a subscription like any other, but for a returning reader.
        self.ledger.connect(frozenset(), {}, returns=wish.start == "return")
        headers: dict[str, str] = {}
        await self._sign(address, headers, None)
        socket = await connect_deflated(
            address,
            wish.offer or None,
            codec=codec,
            headers=headers,
            receive_buffer_bytes=wish.buffer_bytes,
        )
        await self._introduce(socket)
        socket.say(subscription(wish, after))
        self._note_subscription(await self._answer(socket))
        self._expect(wish)
        return socket

    async def _sign(
        self, address: Address, headers: dict[str, str], query: dict[str, str] | None
    ) -> None:
        """Put into a request what shows who asks; `query`: None where nothing may stand there."""

    async def _introduce(self, socket: WebSocketReader) -> None:
        """Say who it is, where the handshake did not."""

    async def _answer(self, socket: WebSocketReader) -> Message:
        """Return the answer to the first subscription."""
        return await socket.message()

    def _refusal(self, status: int, body: bytes) -> Exception:
        """Return what an answer means that is not 200."""
        return Wrong(f"status {status}: {body!r}")

    async def _request(self, address: Address, wish: Wish, after: str | None) -> Connection:
        name, _, codec = wish.transport.partition("-")
        asked = written(wish)
        query = {channel: ",".join(names) for channel, names in wish.channels.items()}
        query |= {key: asked[key] for key in ("on_lag",) if key in asked}
        if wish.snapshot:
            query["snapshot"] = "1"
        if wish.conflate:
            pairs = asked["conflate"].items()
            query["conflate"] = ",".join(f"{channel}:{interval}" for channel, interval in pairs)
        headers = {"Accept": "text/event-stream" if name == "sse" else MEDIA_TYPES[codec]}
        if wish.offer:
            headers["Accept-Encoding"] = wish.offer
        if name == "sse":
            query["codec"] = codec
        if after is not None and name == "sse" and after != "0" and self._chance.random() < 0.5:
            headers["Last-Event-ID"] = after
        elif after is not None:
            query["after"] = after
        await self._sign(address, headers, query)
        http = await (GzipHttp if wish.offer else RawHttp).get(
            address,
            f"/v1/{name}?{urlencode(query)}",
            headers,
            receive_buffer_bytes=wish.buffer_bytes,
        )
        if http.status != 200:
            refusal = self._refusal(http.status, await http.body())
            http.wire.abort()
            raise refusal
        if name == "sse":
            return SseReader(http, codec)
        if codec == "protobuf":
            return BatchReader(http)
        return LineReader(http) if codec == "json" else ArrayReader(http)

    # Reading.

    async def _read(self, connection: Connection, newest: Callable[[], int | None]) -> bool:
        """Read until it is cut off, or was told everything, which is returned."""
        chance, now_s = self._chance, asyncio.get_running_loop().time
        ends_s = now_s() + chance.expovariate(1 / self.life_s)
        slow_until_s, closed_s = 0.0, None
        looked_s = now_s()
        while True:
            messages, position = await connection.read()
            self._hear(messages, position)
            last, passed_s = newest(), now_s() - looked_s
            if last is not None:
                closed_s = now_s() if closed_s is None else closed_s
                if self._has_all(last):
                    return True
                if now_s() - closed_s > LAST_READ_S:
                    untold = self.ledger.conflated.untold(last)[:3]
                    raise Wrong(f"at {self.ledger.at} of {last} at the end; never told: {untold}")
                continue
            if now_s() > ends_s or self._is_called_away():
                self.counts["cut"] += 1
                return False
            looked_s += passed_s
            if chance.random() < STALLS_PER_S * passed_s:
                self.counts["stall"] += 1
                await asyncio.sleep(chance.random() * self.longest_stall_s)
                looked_s = now_s()
            elif chance.random() < STALLS_PER_S * passed_s:
                self.counts["slow"] += 1
                slow_until_s = now_s() + 2
            if now_s() < slow_until_s:
                await asyncio.sleep(0.03)
            if isinstance(connection, WebSocketReader) and (
                chance.random() < CHANGES_PER_S * passed_s
            ):
                self._change(connection)

    def _is_called_away(self) -> bool:
        """Tell whether it has to leave now."""
        return False

    def _note_end(self, end: Ended) -> None:
        code = end.args[0] if end.args else None
        self.counts["ended by the server"] += 1
        if code not in self.may_close:
            raise Wrong(f"closed with {code}")
