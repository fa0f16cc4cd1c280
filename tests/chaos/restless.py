"""Actors that change intervals all the time, amid whatever they are being told.

They let the ladder conflate what they miss, of which they may miss little, and have a channel told
at another interval, or tick by tick (0 ms), while a stretch is being made for them or waits. In a
hundred rehearsals the others come to that a few times.
"""

from tests.chaos.listener import Socket
from tests.chaos.rehearsal import Actor
from tests.chaos.wishes import Wish, draw_channels
from tests.fakes.readers import TRANSPORTS

LAGS_TICKS = (100, 300, 600, None)  # that a reader may be behind; None: as many as the ring holds
_INTERVALS_MS = (0, 0, 50, 250, 1_000)
_SOCKETS = [name for name in TRANSPORTS if name.startswith("websocket")]


class Restless(Actor):
    """A reader that is content with no interval for long."""

    def _draw(self, *, has_position: bool) -> Wish:
        wish = super()._draw(has_position=has_position)
        chance = self._chance
        wish.on_lag = chance.choice(["gap", "conflate", "conflate", "conflate"])
        if chance.random() < 0.6:
            wish.transport = chance.choice(_SOCKETS)
        return wish

    def _change(self, socket: Socket) -> None:
        chance = self._chance
        if self._waiting or chance.random() < 0.3:
            super()._change(socket)
            return
        asked: dict[str, object] = {**draw_channels(chance, most=3)}
        if chance.random() < 0.5:  # nothing new but the interval
            known = self._channels.items()
            asked = {
                channel: [chance.choice(names)]
                for channel, names in known
                if names and channel != "statuses"
            } or asked
        asked["conflate"] = {
            chance.choice(["trades", "quotes", "bars"]): f"{chance.choice(_INTERVALS_MS)}ms"
            for _ in range(2)
        }
        if chance.random() < 0.5:
            asked["on_lag"] = "conflate"
        if chance.random() < 0.2:
            asked["snapshot"] = True
        self._say(socket, "subscribe", asked)
