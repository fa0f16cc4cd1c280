"""What goes wrong with an exchange, in one line: ccxt's errors, and those that it did not expect.

An error of ccxt names itself by its class, and its text is the exchange's id with whatever the
exchange has answered, or the URL that was asked for. Knows the names and no module of ccxt.
"""

import re
from enum import Enum, auto

# By class of ccxt, the most particular first in each error's own order of classes.
_WORDS = {
    "OnMaintenance": "is in maintenance",
    "RateLimitExceeded": "says that it was asked too often",
    "DDoSProtection": "does not let us in (protection against floods)",
    "RequestTimeout": "does not answer in time",
    "ExchangeNotAvailable": "cannot be reached",
    "InvalidNonce": "does not accept our clock",
    "ChecksumError": "sent an order book with a wrong checksum",
    "NetworkError": "has lost the connection",
    "RestrictedLocation": "does not serve this place",
    "PermissionDenied": "does not permit it",
    "AuthenticationError": "wants to know who asks",
    "BadSymbol": "does not know the symbol",
    "ArgumentsRequired": "wants more than a symbol",
    "NotSupported": "does not have it in ccxt",
    "BadRequest": "does not accept the request",
    "BadResponse": "answered something that ccxt cannot read",
    "NullResponse": "answered nothing",
    "ExchangeError": "refuses",
}
_FOR_GOOD = frozenset(
    {"AuthenticationError", "PermissionDenied", "ArgumentsRequired", "NotSupported"}
)
_MAX_DETAIL = 300
# How ccxt tells what aiohttp found on a WebSocket.
_OF_WEBSOCKET = re.compile(r"WSMessage\(.*?WebSocketError\(<[^>]*>, ['\"](.*?)['\"]\).*", re.DOTALL)
_TAGS = re.compile(r"<[^>]*>")
_SPACES = re.compile(r"\s+")


class Remedy(Enum):
    """What helps."""

    AGAIN = auto()  # the same thing later
    ANOTHER_WAY = auto()  # nothing but another way to the same


def remedy_of(error: BaseException) -> Remedy:
    """Return what helps against an error."""
    classes = {each.__name__ for each in type(error).__mro__}
    return Remedy.ANOTHER_WAY if classes & _FOR_GOOD else Remedy.AGAIN


def words_of(error: BaseException, exchange: str) -> str:
    """Return an error as a sentence about the exchange, with what it said itself."""
    classes = [each.__name__ for each in type(error).__mro__]
    what = next((_WORDS[name] for name in classes if name in _WORDS), None)
    detail = detail_of(error, exchange)
    if what is None:
        return f"ccxt fails at {exchange}: {type(error).__name__}{detail and f': {detail}'}"
    return f"{exchange} {what}{detail and f': {detail}'}"


def detail_of(error: BaseException, exchange: str) -> str:
    """Return an error's text as one line, without tags of HTML and the exchange's name."""
    text = _OF_WEBSOCKET.sub(r"\1", str(error)[: 4 * _MAX_DETAIL])
    text = _SPACES.sub(" ", _TAGS.sub(" ", text)).strip()
    text = text.removeprefix(exchange).strip()
    if error.__cause__ is not None and str(error.__cause__):
        cause = _SPACES.sub(" ", str(error.__cause__)[:_MAX_DETAIL]).strip()
        text = f"{text} ({cause})" if text else cause
    return text if len(text) <= _MAX_DETAIL else f"{text[: _MAX_DETAIL - 1]}…"
