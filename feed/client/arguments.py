"""The arguments of a stream, checked at the call: a bad one is refused before any connection."""

import math
from collections.abc import Collection
from typing import TypeGuard

import aiohttp

from feed.errors import InvalidParameter
from feed.wire.beginning import MOST_LAST

MAX_HEARTBEAT_S = 86_400.0


def check_choice(name: str, value: object, accepted: Collection[str]) -> None:
    """See that a value is one of a few texts.

    Raises:
        InvalidParameter: it is none of them.
    """
    if not isinstance(value, str) or value not in accepted:
        raise InvalidParameter(name, value, " or ".join(accepted))


def check_switch(name: str, value: object) -> None:
    """See that a value is True or False: "no" would be true.

    Raises:
        InvalidParameter: it is neither.
    """
    if not isinstance(value, bool):
        raise InvalidParameter(name, value, "True or False")


def check_heartbeat(value: object) -> None:
    """See that a time is one after which a silent connection can be given up.

    Raises:
        InvalidParameter: it is not.
    """
    if not (_is_number(value) and 0 < value <= MAX_HEARTBEAT_S):
        accepted = f"seconds, more than 0 and at most {MAX_HEARTBEAT_S:g}"
        raise InvalidParameter("heartbeat_s", value, accepted)


def check_patience(value: object) -> None:
    """See that a time is one to give up after; None for never.

    Raises:
        InvalidParameter: it is not.
    """
    if value is not None and not (_is_number(value) and 0 <= value < math.inf):
        raise InvalidParameter("give_up_after_s", value, "seconds from 0, or None for never")


def check_last(value: object, after: object) -> None:
    """See that a number of ticks is one to begin back; None for none.

    Raises:
        InvalidParameter: it is not, or there is a place to begin at as well.
    """
    if value is None:
        return
    if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= MOST_LAST:
        raise InvalidParameter("last", value, f"a whole number from 1 to {MOST_LAST}, or None")
    if after is not None:
        raise InvalidParameter("last", value, "`after` or `last`, and not both")


def check_identity(key: object, secret: object) -> None:
    """See that an identity can be sent in headers.

    Raises:
        InvalidParameter: it cannot, or there is a secret without a key.
    """
    for name, value in (("key", key), ("secret", secret)):
        if value is not None and not (isinstance(value, str) and value and value.isprintable()):
            # Not the value itself: it is nobody's business but its owner's.
            raise InvalidParameter(name, f"<{type(value).__name__}>", "printable text, or None")
    if secret is not None and key is None:
        raise InvalidParameter("secret", "<str>", "only beside a key")


def check_token(token: object, key: object) -> None:
    """See that a token can be sent in a header, or is a function that returns one.

    Raises:
        InvalidParameter: it cannot, or there is a key as well.
    """
    if token is None:
        return
    if not (callable(token) or (isinstance(token, str) and token and token.isprintable())):
        accepted = "printable text, a function that returns it, or None"
        raise InvalidParameter("token", f"<{type(token).__name__}>", accepted)
    if key is not None:
        raise InvalidParameter("token", f"<{type(token).__name__}>", "only without a key")


def check_session(value: object) -> None:
    """See that a session is one to connect with.

    Raises:
        InvalidParameter: it is none, or it is closed.
    """
    if value is not None and not (isinstance(value, aiohttp.ClientSession) and not value.closed):
        raise InvalidParameter("session", value, "an aiohttp.ClientSession that is open, or None")


def _is_number(value: object) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool)
