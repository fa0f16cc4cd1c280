"""One reader of the chaos: it connects, reads, stalls, changes its mind, is cut off and returns."""

import asyncio
import random
from collections import Counter, deque
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

from tests.chaos.conflated import Wrong
from tests.chaos.ledger import Ledger
from tests.chaos.market import Key, Market
from tests.chaos.times import Times
from tests.chaos.wishes import Wish, draw_channels, draw_wish, written
from tests.fakes.deflated_readers import MEDIA_TYPES, GzipHttp, connect_deflated
from tests.fakes.messages import Message
from tests.fakes.raw_http import RawHttp
from tests.fakes.readers import Reader as Connection
from tests.fakes.sse_reader import SseReader
from tests.fakes.stream_readers import ArrayReader, BatchReader, LineReader
from tests.fakes.websocket_reader import WebSocketReader
from tests.fakes.wire import Address, Ended

LIFE_S = 6.0  # of a connection, on average
STALLS_PER_S = 0.12
CHANGES_PER_S = 0.8
STORY = 30
LAST_READ_S = 60.0  # after the market has closed
_MAY_END = {"slow", "lagging"}
_MAY_CLOSE = {None, 1013}
_SLOW = 407


class Reader:
    """A reader, over all of its connections.

    Attributes:
        name: its number.
        ledger: what was due to it.
        wish: what it asked for last.
        counts: of what it did.
        story: the last of what it said and heard, but for ticks.
    """

    def __init__(self, number: int, seed: int, market: Market, times: Times) -> None:
        self.name = number
        self.ledger = Ledger(market, times)
        self.wish: Wish | None = None
        self.counts: Counter[str] = Counter()
        self.story: deque[str] = deque(maxlen=STORY)
        self._market = market
        self._chance = random.Random(seed * 10_007 + number)
        self._waiting: deque[tuple[str, dict[str, Any]]] = deque()  # to be acknowledged
        self._channels: dict[str, list[str]] = {}
        self._conflate: dict[str, int] = {}
        self._ended = False
        self._past: deque[int] = deque(maxlen=400)  # positions of this connection

    async def live(self, address: Address, newest: Callable[[], int | None]) -> None:
        """Read until the market has closed, and everything was told.

        Args:
            address: of the server.
            newest: returns the last number once the market has closed.

        Raises:
            Wrong: something came that was not due, or did not come.
        """
        chance = self._chance
        await asyncio.sleep(chance.random() * 2)  # not all at once: they are no storm
        while not self._ended:
            closed = newest() is not None
            self.wish = draw_wish(chance, self.wish, has_position=self.ledger.position is not None)
            if closed and self.ledger.position is not None:
                self.wish.start = "return"
            try:
                connection = await self._connect(address, self.wish)
                try:
                    await self._read(connection, newest)
                finally:
                    connection.abort()
            except Ended as end:
                self._note_end(end)
            except ConnectionError:
                self.counts["reset"] += 1
            if newest() is None:
                away_s = 5 if chance.random() < 0.1 else 0.3
                await asyncio.sleep(chance.random() * away_s)

    # Connecting.

    async def _connect(self, address: Address, wish: Wish) -> Connection:
        name, _, codec = wish.transport.partition("-")
        returns = wish.start == "return"
        after = self._position if returns else "0" if wish.start == "0" else None
        self.counts[f"{wish.transport}{' ' if wish.offer else ''}{wish.offer[:4]}"] += 1
        self.counts[f"start {wish.start}"] += 1
        self._waiting.clear()
        self._past.clear()
        self.story.append(f"connects: {wish} after {after}")
        keys = self._market.resolve(wish.channels)
        if name != "websocket":
            self.ledger.connect(keys, self._intervals(keys, wish.conflate), returns=returns)
            return await self._request(address, wish, after)
        self.ledger.connect(frozenset(), {}, returns=returns)
        # What is acknowledged later is a subscription like any other, but for a returning reader.
        self._channels, self._conflate = {}, {}
        socket = await connect_deflated(
            address, wish.offer or None, codec=codec, receive_buffer_bytes=wish.buffer_bytes
        )
        asked = {**written(wish), "marks": True} | ({} if after is None else {"after": after})
        socket.say({"action": "subscribe", **asked})
        acknowledgement = await socket.message()
        self._note_subscription(acknowledgement)
        self.ledger.connect(keys, self._intervals(keys, wish.conflate), returns=returns)
        return socket

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
        http = await (GzipHttp if wish.offer else RawHttp).get(
            address,
            f"/v1/{name}?{urlencode(query)}",
            headers,
            receive_buffer_bytes=wish.buffer_bytes,
        )
        if http.status != 200:
            raise Wrong(f"status {http.status}: {await http.body()!r}")
        if name == "sse":
            return SseReader(http, codec)
        if codec == "protobuf":
            return BatchReader(http)
        return LineReader(http) if codec == "json" else ArrayReader(http)

    @property
    def _position(self) -> str:
        return f"{self.ledger.epoch}-{self.ledger.position}"

    def _intervals(self, keys: frozenset[Key], conflate: dict[str, int]) -> dict[Key, int]:
        by_kind = {channel[0]: interval_ms for channel, interval_ms in conflate.items()}
        return {key: by_kind[key[0]] for key in keys if key[0] in by_kind}

    # Reading.

    async def _read(self, connection: Connection, newest: Callable[[], int | None]) -> None:
        chance, now_s = self._chance, asyncio.get_running_loop().time
        ends_s = now_s() + chance.expovariate(1 / LIFE_S)
        slow_until_s, closed_s = 0.0, None
        looked_s = now_s()
        while True:
            messages, position = await connection.read()
            self._hear(messages, position)
            last, passed_s = newest(), now_s() - looked_s
            if last is not None:
                closed_s = now_s() if closed_s is None else closed_s
                if self._has_all(last):
                    self._ended = True
                    return
                if now_s() - closed_s > LAST_READ_S:
                    untold = self.ledger.conflated.untold(last)[:3]
                    raise Wrong(f"at {self.ledger.at} of {last} at the end; never told: {untold}")
                continue
            if now_s() > ends_s:
                self.counts["cut"] += 1
                return
            looked_s += passed_s
            if chance.random() < STALLS_PER_S * passed_s:
                self.counts["stall"] += 1
                await asyncio.sleep(chance.random() * 6)
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

    def _has_all(self, last: int) -> bool:
        at = self.ledger.at
        return at is not None and at >= last and not self.ledger.conflated.untold(last)

    def _hear(self, messages: list[Message], position: str | None) -> None:
        ledger = self.ledger
        for message in messages:
            if message["T"] not in {"t", "q", "b", "s", "mark"}:
                self.story.append(f"hears {message}")
            match message["T"]:
                case "t" | "q" | "b" | "s":
                    ledger.hear(message)
                case "mark":
                    position = message["pos"]
                case "snapshot" if message["state"] == "end":
                    ledger.end_snapshot(_parse(message["pos"])[1])
                    position = message["pos"]
                case _:
                    self._hear_words(message)
        if position is not None:
            epoch, number = _parse(position)
            ledger.reach(epoch, number)
            self.story.append(f"{len(messages)} up to {number}")
            self._past.append(number)

    def _hear_words(self, message: Message) -> None:
        match message["T"]:
            case "gap":
                first, last = _parse(message["from"])[1], _parse(message["to"])[1]
                self.ledger.gap(first, last, message["reason"])
            case "snapshot":
                self.ledger.begin_snapshot()
            case "subscription":
                self._acknowledge(message)
            case "bye" if message["reason"] in _MAY_END:
                self.counts[f"bye {message['reason']}"] += 1
            case "error" if message["code"] == _SLOW:
                self.counts["error 407"] += 1
            case _:
                raise Wrong(f"unexpected: {message}")

    def _note_end(self, end: Ended) -> None:
        code = end.args[0] if end.args else None
        self.counts["ended by the server"] += 1
        if code not in _MAY_CLOSE:
            raise Wrong(f"closed with {code}")

    # Changing its mind, over a WebSocket.

    def _change(self, socket: WebSocketReader) -> None:
        chance = self._chance
        if self._waiting:
            return
        if chance.random() < 0.35 and self._channels:
            asked: dict[str, Any] = {
                channel: chance.sample(names, chance.randint(1, len(names)))
                for channel, names in self._channels.items()
                if names and chance.random() < 0.5
            }
            if any(
                set(self._channels[channel]) - {*asked.get(channel, ())}
                for channel in self._channels
            ):
                self._say(socket, "unsubscribe", asked)
            return
        asked = {**draw_channels(chance, most=3)}
        at = self.ledger.at
        if at is not None and chance.random() < 0.4 and not self.ledger.is_spread and self._past:
            after = chance.choice(list(self._past))
            if after <= at:
                asked["after"] = f"{self.ledger.epoch}-{after}"
        if chance.random() < 0.25:
            asked["snapshot"] = True
        if chance.random() < 0.25:
            channel = chance.choice(["trades", "quotes", "bars"])
            asked["conflate"] = {channel: f"{chance.choice([0, 50, 250, 1_000])}ms"}
        if chance.random() < 0.2:
            asked["on_lag"] = chance.choice(["gap", "conflate", "disconnect"])
        if chance.random() < 0.2:
            asked["compress"] = chance.random() < 0.7
        self._say(socket, "subscribe", asked)

    def _say(self, socket: WebSocketReader, action: str, asked: dict[str, Any]) -> None:
        self.counts[action] += 1
        self._waiting.append((action, asked))
        self.story.append(f"says {action} {asked}")
        socket.say({"action": action, **asked})

    def _note_subscription(self, message: Message) -> None:
        if message["T"] != "subscription":
            raise Wrong(f"unexpected: {message}")
        self._channels = {
            channel: message[channel] for channel in ("trades", "quotes", "bars", "statuses")
        }
        self._conflate = {
            channel: int(interval.removesuffix("ms"))
            if interval.endswith("ms")
            else 1_000 * int(interval.removesuffix("s"))
            for channel, interval in message.get("conflate", {}).items()
        }

    def _acknowledge(self, message: Message) -> None:
        action, asked = self._waiting.popleft()
        self._note_subscription(message)
        keys = self._market.resolve(self._channels)
        intervals_ms = self._intervals(keys, self._conflate)
        if action == "unsubscribe":
            self.ledger.unsubscribe(keys, intervals_ms)
            return
        named = {channel: names for channel, names in asked.items() if channel in self._channels}
        after = asked.get("after")
        self.ledger.subscribe(
            self._market.resolve(named),
            keys,
            intervals_ms,
            None if after is None else _parse(after)[1],
        )


def _parse(position: str) -> tuple[str, int]:
    epoch, _, sequence = position.rpartition("-")
    return epoch, int(sequence)
