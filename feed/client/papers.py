"""Who the client says it is: a key, or a token that is asked for anew for each connection."""

import inspect
from collections.abc import Awaitable, Callable

from feed.client.arguments import check_identity, check_token
from feed.client.link import Lost
from feed.client.shown import Shown

TokenSource = str | Callable[[], str | Awaitable[str]]


class Papers:
    """What a stream shows on each of its connections."""

    __slots__ = ("_shown", "_token")

    def __init__(self, key: str | None, secret: str | None, token: TokenSource | None) -> None:
        """Take a key, or a token, or a function that returns one, a coroutine function too.

        Raises:
            InvalidParameter: one of them is not accepted, or there are both.
        """
        check_identity(key, secret)
        check_token(token, key)
        self._token = token if callable(token) else None
        self._shown = Shown(token=token) if isinstance(token, str) else Shown.of(key, secret)

    async def show(self) -> Shown:
        """Return what to show on the next connection.

        Raises:
            Lost: the function that knows has failed; it may know later.
        """
        if self._token is None:
            return self._shown
        try:
            told = self._token()
            token = await told if inspect.isawaitable(told) else told
        except Exception as error:  # it is the caller's, and may be any
            raise Lost(f"there is no token: {type(error).__name__}: {error}") from error
        if not (isinstance(token, str) and token and token.isprintable()):
            raise Lost(f"there is no token: a {type(token).__name__} that is not printable text")
        return Shown(token=token)
