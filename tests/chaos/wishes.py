"""What readers wish for: selections, intervals and ways to be served, drawn at random."""

import random
from dataclasses import dataclass, field
from typing import Any

from tests.chaos.market import SYMBOLS
from tests.fakes.readers import TRANSPORTS

Channels = dict[str, list[str]]
_CHANCES = {"trades": 0.7, "quotes": 0.6, "bars": 0.3, "statuses": 0.3}
_INTERVALS_MS = (50, 100, 250, 500, 1_000, 1_000, 2_000)
OFFERS = (
    "permessage-deflate",
    "permessage-deflate; server_no_context_takeover",
    "permessage-deflate; server_max_window_bits=10; client_max_window_bits",
)


@dataclass
class Wish:
    """What one connection asks for.

    Attributes:
        transport: of `tests.fakes.readers.TRANSPORTS`, with its codec.
        offer: the compression that it offers; "": none.
        channels: symbols by channel.
        conflate: intervals in milliseconds by channel.
        on_lag: what shall happen when the ring overruns it; "": as by default.
        start: "now", "return" (after its position) or "0".
        snapshot: whether it wants the last known state first.
        buffer_bytes: SO_RCVBUF.
    """

    transport: str
    offer: str
    channels: Channels
    conflate: dict[str, int] = field(default_factory=dict)
    on_lag: str = ""
    start: str = "now"
    snapshot: bool = False
    buffer_bytes: int = 16_384


def draw_channels(chance: random.Random, *, most: int = 6) -> Channels:
    """Draw a selection: seldom all of a channel, mostly a few symbols."""
    if chance.random() < 0.04:
        return {chance.choice(["trades", "quotes"]): ["*"]}
    channels: Channels = {}
    while not channels:
        for channel, likely in _CHANCES.items():
            if chance.random() < likely:
                names = chance.sample(SYMBOLS, chance.randint(1, most))
                rare = channel in {"bars", "statuses"}
                channels[channel] = ["*"] if rare and chance.random() < 0.5 else names
    return channels


def draw_conflate(chance: random.Random) -> dict[str, int]:
    """Draw intervals by channel; a third of all readers has some."""
    if chance.random() > 0.35:
        return {}
    return {
        channel: chance.choice(_INTERVALS_MS)
        for channel in ("trades", "quotes", "bars")
        if chance.random() < 0.6
    }


def draw_wish(chance: random.Random, before: Wish | None, *, has_position: bool) -> Wish:
    """Draw what the next connection asks for: often what the one before had."""
    transport = chance.choice(TRANSPORTS)
    offer = ""
    if chance.random() < 0.6:
        offer = chance.choice(OFFERS) if transport.startswith("websocket") else "gzip"
    wish = Wish(transport, offer, draw_channels(chance), draw_conflate(chance))
    if before is not None and chance.random() < 0.7:
        wish.channels, wish.conflate = before.channels, before.conflate
    wish.on_lag = chance.choice(["", "gap", "conflate", "conflate", "disconnect"])
    wish.start = "return" if has_position and chance.random() < 0.85 else "now"
    if wish.start == "now" and chance.random() < 0.3:
        wish.start = "0"
    wish.snapshot = chance.random() < 0.25
    wish.buffer_bytes = chance.choice([4_096, 16_384, 16_384, 65_536])
    return wish


def written(wish: Wish) -> dict[str, Any]:
    """Return the keys of a subscribe message, but for `after`."""
    keys: dict[str, Any] = {**wish.channels}
    if wish.conflate:
        keys["conflate"] = {channel: f"{ms}ms" for channel, ms in wish.conflate.items()}
    if wish.on_lag:
        keys["on_lag"] = wish.on_lag
    if wish.snapshot:
        keys["snapshot"] = True
    return keys


def subscription(wish: Wish, after: str | None) -> dict[str, Any]:
    """Return the message that subscribes to a wish, after a position."""
    asked = {"action": "subscribe", **written(wish), "marks": True}
    return asked if after is None else {**asked, "after": after}
