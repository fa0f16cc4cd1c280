"""What a reader wishes, says and hears: all of its life but for the connection itself."""

import random
from collections import Counter, deque
from typing import Any, ClassVar, Protocol

from feed.wire.grants import ALL_GRANTS
from tests.chaos.conflated import Wrong
from tests.chaos.ledger import Ledger
from tests.chaos.market import CHANNELS, Key, Market
from tests.chaos.times import Times
from tests.chaos.wishes import Wish, draw_channels, draw_wish
from tests.fakes.messages import Message

STORY = 30
_SLOW = 407
CHANNEL_OF = {letter: channel for channel, letter in CHANNELS.items()}


class Socket(Protocol):
    """What a reader can say something over."""

    def say(self, message: object) -> None: ...


class MayRead(Protocol):
    """Grants: what a reader may read."""

    def may_read(self, channel: str, key: str) -> bool: ...


class Listener:
    """A reader, over all of its connections, but for these.

    Attributes:
        may_end: reasons for which a connection may be ended.
        name: its number.
        ledger: what was due to it.
        wish: what it asked for last.
        counts: of what it did.
        grants: what it may read, as far as it was told.
        story: the last of what it said and heard, but for ticks.
    """

    may_end: ClassVar[frozenset[str]] = frozenset({"slow", "lagging"})

    def __init__(self, number: int, seed: int, market: Market, times: Times) -> None:
        self.name = number
        self.ledger = Ledger(market, times)
        self.wish: Wish | None = None
        self.counts: Counter[str] = Counter()
        self.story: deque[str] = deque(maxlen=STORY)
        self.grants: MayRead = ALL_GRANTS
        self._market = market
        self._chance = random.Random(seed * 10_007 + number)
        self._waiting: deque[tuple[str, dict[str, Any]]] = deque()  # to be acknowledged
        self._channels: dict[str, list[str]] = {}
        self._conflate: dict[str, int] = {}
        self._past: deque[int] = deque(maxlen=400)  # positions of this connection

    @property
    def _position(self) -> str:
        return f"{self.ledger.epoch}-{self.ledger.position}"

    # Connecting.

    def _begin(self, *, closed: bool) -> tuple[Wish, str | None]:
        """Draw what the next connection asks for; return it, and the position to give."""
        wish = self._draw(has_position=self.ledger.position is not None)
        if closed and self.ledger.position is not None:
            wish.start = "return"
        self.wish = wish
        after = {"return": self._position, "0": "0"}.get(wish.start)
        self.counts[f"{wish.transport}{' ' if wish.offer else ''}{wish.offer[:4]}"] += 1
        self.counts[f"start {wish.start}"] += 1
        self._waiting.clear()
        self._past.clear()
        self._channels, self._conflate = {}, {}
        self.grants = self._granted()
        self.story.append(f"connects: {wish} after {after}")
        return wish, after

    def _draw(self, *, has_position: bool) -> Wish:
        """Draw what the next connection asks for."""
        return draw_wish(self._chance, self.wish, has_position=has_position)

    def _granted(self) -> MayRead:
        """Return what the next connection may read."""
        return ALL_GRANTS

    def _expect(self, wish: Wish) -> None:
        """Expect from now on what a connection has asked for."""
        keys = self._resolve(wish.channels)
        intervals_ms = self._intervals(keys, wish.conflate)
        self.ledger.connect(keys, intervals_ms, returns=wish.start == "return")

    def _resolve(self, channels: dict[str, list[str]]) -> frozenset[Key]:
        """Return the keys that are granted of those that channels with symbols, or `*`, select."""
        return self._may_read(self._market.resolve(channels))

    def _may_read(self, keys: frozenset[Key]) -> frozenset[Key]:
        may_read = self.grants.may_read
        return frozenset(key for key in keys if may_read(CHANNEL_OF[key[0]], key[1]))

    def _intervals(self, keys: frozenset[Key], conflate: dict[str, int]) -> dict[Key, int]:
        by_kind = {channel[0]: interval_ms for channel, interval_ms in conflate.items()}
        return {key: by_kind[key[0]] for key in keys if key[0] in by_kind}

    # Hearing.

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
                    ledger.end_snapshot()
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
                self.ledger.begin_snapshot(_parse(message["pos"])[1])
            case "subscription":
                self._acknowledge(message)
            case "bye" if message["reason"] in self.may_end:
                self.counts[f"bye {message['reason']}"] += 1
            case "error" if message["code"] == _SLOW:
                self.counts["error 407"] += 1
            case _:
                raise Wrong(f"unexpected: {message}")

    # Changing its mind, over a WebSocket.

    def _change(self, socket: Socket) -> None:
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
            # The past of what has no ticks holds positions back, and nobody can tell.
            listed = self._listed(asked)
            if after <= at and listed:
                asked = {**listed, "after": f"{self.ledger.epoch}-{after}"}
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

    def _listed(self, channels: dict[str, list[str]]) -> dict[str, list[str]]:
        """Return the part of channels with symbols that is granted, and has ticks."""
        return {
            channel: known
            for channel, symbols in channels.items()
            if (known := [name for name in symbols if self._resolve({channel: [name]})])
        }

    def _say(self, socket: Socket, action: str, asked: dict[str, Any]) -> None:
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
        if action == "is granted":
            self.grants = asked["grants"]
        keys = self._resolve(self._channels)
        intervals_ms = self._intervals(keys, self._conflate)
        if action == "is granted":
            self.ledger.revoke(self._may_read(frozenset(self._market.keys)), keys, intervals_ms)
            return
        if action == "unsubscribe":
            self.ledger.unsubscribe(keys, intervals_ms)
            return
        named = {channel: names for channel, names in asked.items() if channel in self._channels}
        after = asked.get("after")
        self.ledger.subscribe(
            self._resolve(named),
            keys,
            intervals_ms,
            None if after is None else _parse(after)[1],
        )


def _parse(position: str) -> tuple[str, int]:
    epoch, _, sequence = position.rpartition("-")
    return epoch, int(sequence)
