"""Windows that move along: the largest move of a price, and the volume, within the last stretch."""

from collections import deque
from typing import Any

SLOTS = 256  # of a window, the one that is not over included: its resolution, and its memory


class MoveWindow:
    """The lowest and the highest price of a window, by monotonic deques of slots."""

    __slots__ = ("_highs", "_lows", "_slot_ns")

    def __init__(self, window_ns: int) -> None:
        self._slot_ns = max(1, window_ns // SLOTS)
        self._lows: deque[tuple[int, float]] = deque()  # ascending in slot and price
        self._highs: deque[tuple[int, float]] = deque()  # ascending in slot, descending in price

    def take(self, price: float, _: float, mono_ns: int) -> float:
        """Take a price in; return the larger of rise and (negative) fall to it, in %."""
        slot = mono_ns // self._slot_ns
        lows, highs = self._lows, self._highs
        while lows and lows[-1][1] >= price:
            lows.pop()
        while highs and highs[-1][1] <= price:
            highs.pop()
        # Of one slot only the extreme is kept, which is the older one here.
        if not lows or lows[-1][0] < slot:
            lows.append((slot, price))
        if not highs or highs[-1][0] < slot:
            highs.append((slot, price))
        while lows[0][0] <= slot - SLOTS:
            lows.popleft()
        while highs[0][0] <= slot - SLOTS:
            highs.popleft()
        low, high = lows[0][1], highs[0][1]
        if low <= 0:  # per cent of nothing
            return 0.0
        rise, fall = (price - low) / low * 100, (price - high) / high * 100
        return rise if rise >= -fall else fall

    def state(self) -> list[Any]:
        """Return all of it, as plain data, with slots as times."""
        return [
            [[slot * self._slot_ns, price] for slot, price in slots]
            for slots in (self._lows, self._highs)
        ]

    def restore(self, state: list[Any], later_ns: int) -> None:
        """Take up what was saved by a clock; ours shows `later_ns` more at the same moment."""
        self._lows, self._highs = (
            deque(((at_ns + later_ns) // self._slot_ns, price) for at_ns, price in slots)
            for slots in state
        )


class VolumeWindow:
    """The volume of a window, by slots; summed anew with every slot, so that no error grows."""

    __slots__ = ("_slot_ns", "_slots", "_sum", "_volume")

    def __init__(self, window_ns: int) -> None:
        self._slot_ns = max(1, window_ns // SLOTS)
        self._slots: deque[tuple[int, float]] = deque()  # those that are over
        self._sum = 0.0  # of these
        self._volume = (0, 0.0)  # of the slot that is not over

    def take(self, _: float, size: float, mono_ns: int) -> float:
        """Take the size of a trade in; return the volume of the window."""
        slot = mono_ns // self._slot_ns
        if slot != self._volume[0]:
            self._slots.append(self._volume)
            while self._slots and self._slots[0][0] <= slot - SLOTS:
                self._slots.popleft()
            self._sum = sum([volume for _, volume in self._slots])
            self._volume = (slot, size)
        else:
            self._volume = (slot, self._volume[1] + size)
        return self._sum + self._volume[1]

    def state(self) -> list[Any]:
        """Return all of it, as plain data, with slots as times."""
        return [[slot * self._slot_ns, volume] for slot, volume in (*self._slots, self._volume)]

    def restore(self, state: list[Any], later_ns: int) -> None:
        """Take up what was saved by a clock; ours shows `later_ns` more at the same moment."""
        slots = [((at_ns + later_ns) // self._slot_ns, volume) for at_ns, volume in state]
        *over, self._volume = slots
        self._slots = deque(over)
        self._sum = sum([volume for _, volume in over])
