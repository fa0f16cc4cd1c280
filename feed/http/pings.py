"""Pings, both ways, of one WebSocket (RFC 6455 §5.5.2): whether its peer is there, and that we are.

Times are by a clock that stands still while the process sleeps (`AwakeClock`).
"""

from feed.hub.connection import Connection
from feed.wire.websocket_frame import Opcode, websocket_frame

_NS_PER_S = 1_000_000_000
_PING = websocket_frame(Opcode.PING, b"")


class Pings:
    """The pings of one connection.

    Attributes:
        awaits_pong: whether the peer owes an answer.
    """

    __slots__ = ("_connection", "_high_water_bytes", "_pinged_ns", "_pong_due", "awaits_pong")

    def __init__(self, connection: Connection, high_water_bytes: int, awake_ns: int) -> None:
        """Begin; nothing is answered while the socket holds more than `high_water_bytes`."""
        self.awaits_pong = False
        self._connection = connection
        self._high_water_bytes = high_water_bytes
        self._pong_due: bytes | None = None  # the newest ping that was not answered yet
        self._pinged_ns = awake_ns  # when the last one went out, or was not due

    def hear(self, payload: bytes) -> None:
        """Take a ping of the peer."""
        self._pong_due = payload
        self.answer()

    def hear_pong(self) -> None:
        """Take an answer of the peer, or a pong that nobody asked for."""
        self.awaits_pong = False

    def answer(self) -> None:
        """Answer the newest ping, if there is one, and room (RFC 6455 §5.5.3).

        A reader that sends pings and reads nothing would have us keep a pong for each.
        """
        if self._pong_due is not None and self.has_room():
            self._connection.write_last(websocket_frame(Opcode.PONG, self._pong_due))
            self._pong_due = None

    def has_room(self) -> bool:
        """Tell whether the socket takes more answers."""
        return self._connection.buffered_bytes() <= self._high_water_bytes

    def rest(self, awake_ns: int) -> None:
        """Ask nothing of a peer that is not written to."""
        self._pinged_ns, self.awaits_pong = awake_ns, False

    def beat(self, awake_ns: int, *, interval_s: float, timeout_s: float) -> bool:
        """Ping when it is time; tell whether the peer is there, as far as that is known."""
        silent_ns = awake_ns - self._pinged_ns
        if self.awaits_pong:
            return silent_ns <= timeout_s * _NS_PER_S
        if silent_ns > interval_s * _NS_PER_S:
            self._pinged_ns, self.awaits_pong = awake_ns, True
            self._connection.write_last(_PING)
        return True
