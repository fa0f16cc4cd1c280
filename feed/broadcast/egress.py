"""Egress: the bytes that one identity may be written, over all of its connections.

They go into a bucket that leaks at the rate that is granted. Once it runs over, the identity's
subscribers get no frames of their lanes any more, but every second the newest of each symbol, as
far as the bucket takes it, behind a gap that names what is not coming. After ten seconds they are
let live again: for as long as a lower rate may be what is due. Knows no clock and no subscriber.
"""

from enum import Enum

BURST_S = 2  # a snapshot may come at once
LIMITED_S = 10  # at least: whoever is over its rate would be over it again at once
_NS_PER_S = 1_000_000_000


class Throttle(Enum):
    """What a subscriber is given."""

    NONE = "whatever it is due"
    WAITS = "nothing"
    ONCE = "the newest of each symbol, and then nothing"


class Egress:
    """The bucket of one identity.

    Attributes:
        is_limited: it has run over.
    """

    __slots__ = ("_held_bytes", "_leaked_ns", "_limited_ns", "_once_ns", "_per_s", "is_limited")

    def __init__(self, per_s: int, mono_ns: int) -> None:
        """Begin with an empty one that leaks so much a second."""
        self._held_bytes = 0
        self._per_s = per_s
        self._leaked_ns = mono_ns
        self._limited_ns = 0  # since when it is limited
        self._once_ns = 0  # when it was given something last
        self.is_limited = False

    def look(self, sent_bytes: int, per_s: int, mono_ns: int) -> Throttle:
        """Return what its subscribers are given from now on.

        Args:
            sent_bytes: that were written to them since the last look.
            per_s: that they may be written.
            mono_ns: now.
        """
        self._leak(mono_ns)
        self._per_s = per_s
        self._held_bytes += sent_bytes
        runs_over = self._held_bytes > per_s * BURST_S
        if not self.is_limited:
            if not runs_over:
                return Throttle.NONE
            self.is_limited = True
            self._limited_ns = self._once_ns = mono_ns
            return Throttle.WAITS
        if runs_over or mono_ns - self._once_ns < _NS_PER_S:
            return Throttle.WAITS
        if mono_ns - self._limited_ns >= LIMITED_S * _NS_PER_S and self._held_bytes <= per_s:
            self.is_limited = False
            return Throttle.NONE
        self._once_ns = mono_ns
        return Throttle.ONCE

    def rest(self, mono_ns: int) -> bool:
        """Leak while nobody is there; tell whether it is empty, and may be forgotten."""
        self._leak(mono_ns)
        return not self._held_bytes

    def _leak(self, mono_ns: int) -> None:
        leak = (mono_ns - self._leaked_ns) * self._per_s // _NS_PER_S
        self._leaked_ns = mono_ns
        self._held_bytes = max(0, self._held_bytes - leak)
