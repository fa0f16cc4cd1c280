"""Connections that have not sent a whole request: how many, since when, and the bytes they hold.

They are not subscribers yet, so `max_connections` does not count them. They have limits of their
own, at which the one that waited longest goes: whoever sends a request at once is never locked out
by those that stay silent. The limit of bytes is for WebSockets too, whose messages may come in
fragments, as slowly as their peers like. Knows no socket.
"""

from collections import Counter
from collections.abc import Iterator
from enum import StrEnum
from typing import Protocol


class TurnedAway(StrEnum):
    """Why a connection ended before a request of it was answered by a handler."""

    TIMEOUT = "timeout"
    CROWDED = "crowded"
    TOO_LARGE = "too_large"
    MALFORMED = "malformed"
    HOST = "host"
    PIPELINED = "pipelined"
    RATE = "rate"
    HANDSHAKE = "handshake"


class Waiter(Protocol):
    """A connection that waits for its peer."""

    def give_up(self, why: TurnedAway) -> None:
        """End: its peer took too long, or others need the room."""


class Waiting:
    """The connections whose next request has not come yet.

    A connection is `heads` from its beginning, or from the first byte of a next request, until the
    head is whole; it is `idle` between two requests.

    Attributes:
        heads: since when each connection waits for a whole head, monotonic; longest first.
        idle: connections between two requests, longest first.
        held_bytes: of what is not whole, or not parsed yet, and of answers that are not taken.
        turned_away: connections that ended before a handler answered, by reason.
        handshakes: of TLS, that are going on.
    """

    __slots__ = (
        "_head_timeout_ns",
        "_held",
        "_max_bytes",
        "_max_connections",
        "handshakes",
        "heads",
        "held_bytes",
        "idle",
        "turned_away",
    )

    def __init__(self, *, max_connections: int, max_bytes: int, head_timeout_ns: int) -> None:
        self._max_connections = max_connections
        self._max_bytes = max_bytes
        self._head_timeout_ns = head_timeout_ns
        self._held: dict[Waiter, int] = {}
        self.heads: dict[Waiter, int] = {}
        self.idle: dict[Waiter, None] = {}
        self.held_bytes = 0
        self.handshakes = 0
        self.turned_away: Counter[TurnedAway] = Counter()

    def begin(self, waiter: Waiter, mono_ns: int) -> None:
        """Wait for a head from now on; the longest waiting goes if there are too many."""
        self.idle.pop(waiter, None)
        self.heads[waiter] = mono_ns
        self._make_room()

    def rest(self, waiter: Waiter) -> None:
        """Wait for the first byte of another request."""
        self.end(waiter)
        self.idle[waiter] = None
        self._make_room()

    def hold(self, waiter: Waiter, held_bytes: int) -> None:
        """Note how many bytes a connection holds by now that are not a whole request or message.

        If all hold too many together, the one that held some first has to go.
        """
        known_bytes = self._held.get(waiter, 0)
        if held_bytes == known_bytes:
            return
        if held_bytes:
            self._held[waiter] = held_bytes
        else:
            del self._held[waiter]
        self.held_bytes += held_bytes - known_bytes
        while self.held_bytes > self._max_bytes:
            self._turn_away(next(iter(self._held)), TurnedAway.CROWDED)

    def end(self, waiter: Waiter) -> None:
        """Forget a connection: its head is whole, or it is gone."""
        self.heads.pop(waiter, None)
        self.idle.pop(waiter, None)
        self.held_bytes -= self._held.pop(waiter, 0)

    def note_handshakes(self, count: int) -> None:
        """Note how many handshakes are going on."""
        self.handshakes = count

    def sweep(self, mono_ns: int) -> Iterator[None]:
        """End connections whose head takes too long, one at each step."""
        while self.heads:
            waiter, since_ns = next(iter(self.heads.items()))
            if mono_ns - since_ns < self._head_timeout_ns:
                return
            self._turn_away(waiter, TurnedAway.TIMEOUT)
            yield

    def _make_room(self) -> None:
        while len(self.heads) + len(self.idle) > self._max_connections:
            self._turn_away(next(iter(self.idle or self.heads)), TurnedAway.CROWDED)

    def _turn_away(self, waiter: Waiter, why: TurnedAway) -> None:
        self.end(waiter)
        self.turned_away[why] += 1
        waiter.give_up(why)
