"""The signals to end: the first one, and the second one, which is in a hurry.

And the time that leaving takes where others go on, for those that load nothing that serves.
"""

import asyncio
import signal
from collections.abc import Sequence

SPAN_S = 2.0  # in which subscribers are sent away whom others take in, where nothing else is said


class EndSignals:
    """Counts signals to end: SIGINT and SIGTERM.

    Attributes:
        first: the server shall end.
        second: at once.
    """

    def __init__(self) -> None:
        self.first = asyncio.Event()
        self.second = asyncio.Event()

    def listen(self, numbers: Sequence[signal.Signals] = (signal.SIGINT, signal.SIGTERM)) -> None:
        """Take these signals from now on."""
        loop = asyncio.get_running_loop()
        for number in numbers:
            try:
                loop.add_signal_handler(number, self.note)
            except NotImplementedError:  # Windows' loop has none; Ctrl-C raises there by itself
                signal.signal(number, lambda *_: loop.call_soon_threadsafe(self.note))

    def note(self) -> None:
        """Note one of them."""
        (self.second if self.first.is_set() else self.first).set()
