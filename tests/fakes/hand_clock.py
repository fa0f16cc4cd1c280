"""Both clocks of a server, set by hand."""

from collections.abc import Callable

from feed.hub.clock import Clock
from feed.market.ticks import SECOND_NS
from tests.fakes.patience import until

_STEP_S = 0.005


class HandClock:
    """Time that passes when a test says so, and a time of day that steps when it says so.

    Attributes:
        mono_ns: the clock that only goes forward.
        wall_ns: the time of day.
    """

    def __init__(self) -> None:
        self.mono_ns = 5_000 * SECOND_NS
        self.wall_ns = 1_700_000_000 * SECOND_NS

    @property
    def clock(self) -> Clock:
        """What a server takes."""
        return Clock(mono_ns=lambda: self.mono_ns, wall_ns=lambda: self.wall_ns)

    def pass_s(self, seconds: float) -> None:
        """Let time pass, by both clocks."""
        self.mono_ns += int(seconds * SECOND_NS)
        self.wall_ns += int(seconds * SECOND_NS)

    async def pass_until(self, condition: Callable[[], object]) -> None:
        """Let time pass, a little between two looks, until a condition holds.

        A machine that is busy looks more rarely, and so does time pass more slowly.
        """

        def holds() -> object:
            self.pass_s(_STEP_S)
            return condition()

        await until(holds)

    def step_s(self, seconds: float) -> None:
        """Set the time of day forward, or back."""
        self.wall_ns += int(seconds * SECOND_NS)
