"""Who the client says it is: a key, or a token that is asked for anew for each connection."""

import inspect
from collections.abc import Awaitable, Callable

from feed.client.arguments import check_identity, check_token
from feed.client.clock import Clock
from feed.client.errors import Expired
from feed.client.link import Lost
from feed.client.shown import Shown

TOKEN_TIMEOUT_S = 10.0  # for the caller's function, each time

TokenSource = str | Callable[[], str | Awaitable[str]]


class NoToken(Lost):
    """The caller's function has no token now; the message says why."""


class Papers:
    """What a stream shows on each of its connections.

    Attributes:
        can_renew: there is a function that may know another token.
    """

    __slots__ = ("_clock", "_ending", "_ends_s", "_shown", "_token", "can_renew")

    def __init__(
        self, key: str | None, secret: str | None, token: TokenSource | None, clock: Clock
    ) -> None:
        """Take a key, or a token, or a function that returns one, a coroutine function too.

        Raises:
            InvalidParameter: one of them is not accepted, or there are both.
        """
        check_identity(key, secret)
        check_token(token, key)
        self._clock = clock
        self._token = token if callable(token) else None
        self._shown = Shown(token=token) if isinstance(token, str) else Shown.of(key, secret)
        self._ending: Shown | None = None  # the server said that it ends
        self._ends_s = 0.0  # when that is, in seconds that only grow
        self.can_renew = self._token is not None

    def note_end(self, shown: Shown, ends_s: float) -> None:
        """Note that what is shown is not good after a time."""
        self._ending, self._ends_s = shown, ends_s

    async def show(self) -> Shown:
        """Return what to show on the next connection.

        Raises:
            NoToken: the caller's function has none; it may later.
            Expired: it has none, and what was shown has ended.
        """
        has_ended = self._ending is not None and self._clock.mono_s() >= self._ends_s
        if not has_ended:
            return await self._ask()
        try:
            return await self.renew()
        except NoToken as error:
            raise Expired(str(error)) from error.__cause__

    async def renew(self) -> Shown:
        """Return what to show in place of what ends.

        Raises:
            NoToken: the caller's function has none, or still the one that ends.
        """
        shown = await self._ask()
        if shown == self._ending:
            raise NoToken("there is no token but the one that ends")
        self._ending = None
        return shown

    async def _ask(self) -> Shown:
        if self._token is None:
            return self._shown
        try:
            async with self._clock.timeout(TOKEN_TIMEOUT_S):
                return await _ask(self._token)
        except TimeoutError:
            words = f"there is no token: no answer within {TOKEN_TIMEOUT_S:g} s"
            raise NoToken(words) from None


async def _ask(token: Callable[[], str | Awaitable[str]]) -> Shown:
    try:
        told = token()
        text = await told if inspect.isawaitable(told) else told
    except Exception as error:  # it is the caller's, and may be any
        raise NoToken(f"there is no token: {type(error).__name__}: {error}") from error
    if not (isinstance(text, str) and text and text.isprintable()):
        raise NoToken(f"there is no token: a {type(text).__name__} that is not printable text")
    return Shown(token=text)
