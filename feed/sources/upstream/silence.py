"""The watch over a connection that is open and silent.

Theory of operation: a market that is closed is silent, and so is a socket whose other end is gone.
Pings tell them apart. One is sent at once, while the server is evidently there, which shows whether
it answers any; later ones whenever nothing came for a while. A server that has ever answered, and
does not, is gone. A server can also answer pings and have stopped telling (the complaint that users
of such sockets make most): then only time tells, so that a connection on which nothing was told for
`limit_s` is given up as well. Where the next one tells nothing either, the market is closed, or has
little to tell: the limit doubles then, up to an hour. It is at least twice the last silence that
ended on one connection by itself, and shrinks to what it was as things are told.

Knows no clock and no socket: times are seconds that only grow.
"""

import math
from enum import Enum

PING_AFTER_S = 10.0  # without a frame
PONG_WITHIN_S = 10.0  # after a ping
LONGEST_LIMIT_S = 3_600.0  # of those that grew by doubling


class Due(Enum):
    """What is to be done about a connection."""

    NOTHING = "nothing"
    PING = "ping"
    GIVE_UP_UNANSWERED = "pings are not answered"
    GIVE_UP_SILENT = "nothing is told"


class SilenceWatch:
    """Watches the connections of one source, one after the other.

    Attributes:
        limit_s: how long this connection may tell nothing; infinite: for ever.
        answers_pings: the server has answered one, on this connection or before.
    """

    __slots__ = (
        "_first_limit_s",
        "_frame_s",
        "_is_new",
        "_longest_limit_s",
        "_ping_s",
        "_told",
        "_told_s",
        "answers_pings",
        "limit_s",
    )

    def __init__(self, limit_s: float) -> None:
        """Begin without a connection.

        Args:
            limit_s: how long one may tell nothing; 0: for ever.
        """
        self.limit_s = self._first_limit_s = limit_s or math.inf
        self._longest_limit_s = max(LONGEST_LIMIT_S, self._first_limit_s)
        self.answers_pings = False
        self._told = True  # something came on the connection before; there was none
        self._told_s = 0.0  # when something was told last, or the connection opened
        self._frame_s = 0.0  # when anything came
        self._is_new = False  # the connection has not been pinged
        self._ping_s: float | None = None  # when one was sent that is not answered yet

    def open(self, mono_s: float) -> None:
        """Note that a connection stands: a ping is due."""
        self._told = False
        self._told_s = self._frame_s = mono_s
        self._ping_s = None
        self._is_new = True

    def hear(self, mono_s: float, *, told: bool) -> None:
        """Note that a frame came.

        Args:
            mono_s: when.
            told: it tells something: not a mere sign of life.
        """
        self._frame_s = mono_s
        if told:
            silent_s = mono_s - self._told_s
            limit_s = max(2 * silent_s, self.limit_s / 2)
            self.limit_s = min(max(limit_s, self._first_limit_s), self._longest_limit_s)
            self._told_s = mono_s
            self._told = True

    def hear_pong(self, mono_s: float) -> None:
        """Note that a ping was answered."""
        self.answers_pings = True
        self._ping_s = None
        self._frame_s = mono_s

    def note_ping(self, mono_s: float) -> None:
        """Note that a ping was sent."""
        self._ping_s = mono_s
        self._is_new = False

    def due(self, mono_s: float) -> Due:
        """Return what is to be done now; a connection that is given up is not asked about again."""
        if mono_s - self._told_s >= self.limit_s:
            if not self._told:
                self.limit_s = min(2 * self.limit_s, self._longest_limit_s)
            return Due.GIVE_UP_SILENT
        if self._is_new:
            return Due.PING
        if self._ping_s is None:
            return Due.PING if mono_s - self._frame_s >= PING_AFTER_S else Due.NOTHING
        if mono_s - max(self._ping_s, self._frame_s) < PONG_WITHIN_S:
            return Due.NOTHING
        if self.answers_pings:
            return Due.GIVE_UP_UNANSWERED
        return Due.PING

    def wait_s(self, mono_s: float) -> float:
        """Return in how many seconds something may be due, at least 0; infinite: never."""
        if self._ping_s is None:
            next_s = self._frame_s + PING_AFTER_S
        else:
            next_s = max(self._ping_s, self._frame_s) + PONG_WITHIN_S
        return max(0.0, min(next_s, self._told_s + self.limit_s) - mono_s)
