"""The SDKs of the dialect: the words by which each of them takes an error for the end.

An error's code says it all, and the SDK for Node reads no more. Others compare words: the one for
Go with those of its vendor, to the letter; the one for Python looks for one phrase, and comes back
for ever, every 30 s, after any other error. Knows no connection.

Source: alpaca-trade-api-go 3.9, `errors.go` and `client.go` (`errors.Is` of values); alpaca-py
0.44, `data/live/websocket.py` (`_run_forever`); @alpacahq/alpaca-trade-api 4.0,
`marketDataStream.ts`.
"""

from enum import Enum

from feed.wire.error_codes import Consequence, ErrorCode
from feed.wire.messages import Message, error_message

PYTHON_AGENT = "APCA-PY/"  # the beginning of its User-Agent
_STOPS_PYTHON = ErrorCode.INSUFFICIENT_SUBSCRIPTION.words


class Sdk(Enum):
    """The kinds of clients, as far as they differ in how they read an error."""

    NONE = "it shows the words"
    EXACT = "it compares them with its vendor's, as far as is known"
    PYTHON = "it stops at one phrase among them"


def final_error(code: ErrorCode, words: str, sdk: Sdk) -> Message:
    """Return the error that ends a connection, in the words that a client of this kind takes so.

    Args:
        code: of the error.
        words: what is to be said.
        sdk: who reads it.
    """
    is_final = code.consequence is Consequence.ENDS_FOR_GOOD
    if is_final and not words.startswith(code.words):
        words = f"{code.words}: {words}"
    if sdk is Sdk.EXACT and words != code.words:
        return {**error_message(code), "detail": words}
    if sdk is Sdk.PYTHON and is_final and _STOPS_PYTHON not in words:
        return error_message(code, f"{words} ({_STOPS_PYTHON})")
    return error_message(code, words)
