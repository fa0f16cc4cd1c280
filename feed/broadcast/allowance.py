"""The allowance of a connection: how many messages it may send, and how much work they may be.

A message of 300 bytes may inflate to 256 KiB, and be a thousand times the work of another, so all
are budgeted: messages by their number in each second, their bytes and the CPU time that they took
by buckets that leak. Knows no clock: all times are arguments.
"""

from dataclasses import dataclass

BURST_S = 5  # the work of so many seconds may come at once: a subscription to everything
_NS_PER_S = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Rates:
    """What one connection may send.

    Attributes:
        messages_per_s: pings and pongs among them.
        bytes_per_s: of them, inflated, on average over some seconds.
        work_ns_per_s: CPU time that they may take, on average over some seconds.
    """

    messages_per_s: int
    bytes_per_s: int
    work_ns_per_s: int


class Allowance:
    """The spending of one connection."""

    __slots__ = ("_in_second", "_leaked_ns", "_rates", "_second", "_spent_bytes", "_spent_ns")

    def __init__(self, rates: Rates, mono_ns: int) -> None:
        self._rates = rates
        self._second = 0  # the monotonic second in which messages are counted
        self._in_second = 0
        self._spent_ns = 0  # CPU time, less what has leaked away since
        self._spent_bytes = 0  # likewise
        self._leaked_ns = mono_ns

    def count(self, mono_ns: int) -> bool:
        """Count a message; tell whether it is within the allowance."""
        second = mono_ns // _NS_PER_S
        if second != self._second:
            self._second, self._in_second = second, 0
        self._in_second += 1
        return self._in_second <= self._rates.messages_per_s

    def weigh(self, size_bytes: int, mono_ns: int) -> bool:
        """Note the length of a message; tell whether it is within the allowance."""
        self._leak(mono_ns)
        self._spent_bytes += size_bytes
        return self._spent_bytes <= self._rates.bytes_per_s * BURST_S

    def spend(self, cpu_ns: int, mono_ns: int) -> bool:
        """Note the CPU time that a message took; tell whether it is within the allowance."""
        self._leak(mono_ns)
        self._spent_ns += cpu_ns
        return self._spent_ns <= self._rates.work_ns_per_s * BURST_S

    def _leak(self, mono_ns: int) -> None:
        passed_ns, rates = mono_ns - self._leaked_ns, self._rates
        self._leaked_ns = mono_ns
        self._spent_ns = max(0, self._spent_ns - passed_ns * rates.work_ns_per_s // _NS_PER_S)
        self._spent_bytes = max(0, self._spent_bytes - passed_ns * rates.bytes_per_s // _NS_PER_S)
