"""Whether a worker hangs: it is silent for long, at several looks in a row. Pure.

One look would not do: after a while in which nobody ran, all seem to be silent.
"""

SILENT_NS = 10_000_000_000
LOOKS = 3


class Watchdog:
    """Remembers how often each worker was found silent."""

    __slots__ = ("_looks",)

    def __init__(self) -> None:
        """Begin."""
        self._looks: dict[int, int] = {}

    def hangs(self, serial: int, beat_ns: int, mono_ns: int) -> bool:
        """Look at a worker; tell whether it hangs.

        Args:
            serial: which.
            beat_ns: when it was well last; 0: it has just begun.
            mono_ns: now.
        """
        if not beat_ns or mono_ns - beat_ns < SILENT_NS:
            self._looks.pop(serial, None)
            return False
        self._looks[serial] = self._looks.get(serial, 0) + 1
        return self._looks[serial] >= LOOKS

    def forget(self, serial: int) -> None:
        """Forget a worker that has ended."""
        self._looks.pop(serial, None)
