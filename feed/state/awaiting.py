"""Those who wait until a kill would leave what was cut, so that they can acknowledge it.

In the tail that is so right after the cut. Where it has no room there, the thread that writes the
log is looked at every 25 ms, as often as it may have got further.
"""

import asyncio
from collections import deque
from collections.abc import Callable

LOOK_S = 0.025


class Awaiting:
    """Calls back in the order in which it was asked."""

    __slots__ = ("_durable", "_is_over", "_look", "_waiting")

    def __init__(self, durable: Callable[[], int | None]) -> None:
        """Begin with nobody who waits.

        Args:
            durable: tells the newest sequence that a kill would leave; None: a new epoch.
        """
        self._durable = durable
        self._waiting: deque[tuple[int, Callable[[], None]]] = deque()
        self._look: asyncio.Handle | None = None
        self._is_over = False

    def add(self, sequence: int, call: Callable[[], None]) -> None:
        """Have somebody called once all up to a sequence is durable; see `Keeper.when_durable`."""
        durable = self._durable()
        if durable is not None and durable >= sequence and not self._waiting:
            call()
            return
        self._waiting.append((sequence, call))
        if self._look is None:
            self._look_later()

    def note_cut(self) -> None:
        """Look soon: there was a cut, of which nothing is written to anybody yet."""
        if self._waiting:
            if self._look is not None:
                self._look.cancel()
            self._look = asyncio.get_running_loop().call_soon(self._tell)

    def end(self) -> None:
        """Call those who wait for what is durable at the end; nobody else is called any more."""
        self._is_over = True
        self._tell()

    def _look_later(self) -> None:
        self._look = asyncio.get_running_loop().call_later(LOOK_S, self._tell)

    def _tell(self) -> None:
        if self._look is not None:
            self._look.cancel()
            self._look = None
        waiting, durable = self._waiting, self._durable()
        while waiting and durable is not None and waiting[0][0] <= durable:
            waiting.popleft()[1]()
        if waiting and not self._is_over and self._look is None:
            self._look_later()
