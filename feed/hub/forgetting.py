"""Forgetting: what nobody has selected any more is taken out of the indexes, between turns."""

import asyncio

from feed.broadcast.lanes import Lanes
from feed.hub.steps import Step, Steps

_FORGOTTEN_ENTRIES = 8_000  # of the indexes, in one step: 1.2 ms


class Forgetting:
    """Goes on as long as there is something to forget.

    Thousands that share hundreds of symbols may leave together.
    """

    def __init__(self, lanes: Lanes, steps: Steps) -> None:
        """Forget nothing yet; every piece is noted as a step."""
        self._lanes = lanes
        self._steps = steps
        self._handle: asyncio.Handle | None = None

    def begin(self) -> None:
        """See to it that it goes on; harmless when it does, or there is nothing to do."""
        if self._handle is None and self._lanes.forget(0):
            self._handle = asyncio.get_running_loop().call_soon(self._forget)

    def _forget(self) -> None:
        self._handle = None
        with self._steps.measured(Step.FORGET):
            self._lanes.forget(_FORGOTTEN_ENTRIES)
        self.begin()
