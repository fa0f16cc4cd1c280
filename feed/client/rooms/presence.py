"""Being in a room: said again before it ends, and taken back when one leaves."""

import asyncio
from collections.abc import Callable
from contextlib import suppress

from feed.client.calls import Call, Caller
from feed.client.clock import Clock
from feed.client.errors import Expired, Malformed, NotAFeed, Refused
from feed.client.events import Disconnected
from feed.client.link import Lost

RENEW_S = 10.0  # a third of the time for which a server takes it as said
TYPING_EVERY_S = 1.0  # others take somebody as typing for three seconds
LEAVE_TIMEOUT_S = 2.0  # whoever leaves waits for no longer
_NO_ANSWER = (Lost, NotAFeed, Malformed)


class Presence:
    """Being in one room."""

    def __init__(self, room: str, name: str, caller: Caller, clock: Clock) -> None:
        """Be nowhere yet.

        Args:
            room: which.
            name: what an anonymous one calls itself; "": nothing.
            caller: calls the server.
            clock: the time.
        """
        self._path = ("v1", "rooms", room)
        self._body = {"name": name} if name else {}
        self._caller = caller
        self._clock = clock
        self._typed_s = float("-inf")
        self._is_there = False

    async def stay(self, tell_refused: Callable[[Refused], object]) -> None:
        """Be there until it is cancelled, or the server says no; what fails is tried again."""
        call = Call("POST", (*self._path, "presence"), self._body)
        while True:
            try:
                # What is lost of this the stream loses too, and tells.
                self._is_there = True
                await self._caller.until_answered(call, _ignore)
            except Refused as refused:
                self._is_there = False
                tell_refused(refused)
                return
            await self._clock.sleep(RENEW_S)

    async def leave(self) -> None:
        """Be there no more; where the server does not hear it, that ends by itself."""
        if not self._is_there:
            return
        self._is_there = False
        call = Call("DELETE", (*self._path, "presence"), query=self._body)
        with suppress(*_NO_ANSWER, Refused, Expired, TimeoutError):
            async with asyncio.timeout(LEAVE_TIMEOUT_S):
                await self._caller.once(call)

    async def type(self) -> None:
        """Tell that somebody types here; what is lost of this is no loss.

        Raises:
            Refused: the server says no.
        """
        mono_s = self._clock.mono_s()
        if mono_s - self._typed_s < TYPING_EVERY_S:
            return
        self._typed_s = mono_s
        with suppress(*_NO_ANSWER):
            await self._caller.once(Call("POST", (*self._path, "typing"), self._body))


def _ignore(event: Disconnected) -> None:
    del event
