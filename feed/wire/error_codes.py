"""The dialect's error codes: their words, and the consequence of each for a connection.

The server says them in `{"T":"error","code","msg"}`; whether coming back can succeed is read here
by the table of disconnect reasons, by the Python client, and by the browser's, whose file
`errorcodes.ts` is made from this table.

Source: Alpaca's streaming API, "Error messages"; the consequences are those that its clients draw.
"""

from enum import Enum, IntEnum
from typing import Self


class Consequence(Enum):
    """The consequence of an error for a connection."""

    GOES_ON = "the connection goes on as it was"
    REQUEST_REFUSED = "what was asked for has no effect; the connection goes on"
    ENDS_FOR_NOW = "the connection ends; coming back may succeed"
    ENDS_FOR_GOOD = "the connection ends; coming back is useless"


class ErrorCode(IntEnum):
    """The table of error codes.

    Attributes:
        words: the beginning of its `msg`.
        meaning: when it is said, for a person.
        consequence: for the connection.
    """

    words: str
    meaning: str
    consequence: Consequence

    def __new__(cls, code: int, words: str, meaning: str, consequence: Consequence) -> Self:
        """Make a member that is its number."""
        member = int.__new__(cls, code)
        member._value_ = code
        member.words = words
        member.meaning = meaning
        member.consequence = consequence
        return member

    INVALID_SYNTAX = (
        400,
        "invalid syntax",
        "a control message is not understood, or the WebSocket protocol was broken",
        Consequence.REQUEST_REFUSED,
    )
    NOT_AUTHENTICATED = (
        401,
        "not authenticated",
        "a control message came before `auth`, where identities are required",
        Consequence.ENDS_FOR_GOOD,
    )
    AUTH_FAILED = (
        402,
        "auth failed",
        "the credential is not accepted, or not any more",
        Consequence.ENDS_FOR_GOOD,
    )
    ALREADY_AUTHENTICATED = (
        403,
        "already authenticated",
        (
            "`auth` came a second time: of another identity, where nobody has one, or with a token "
            "that cannot be checked just now"
        ),
        Consequence.GOES_ON,
    )
    AUTH_TIMEOUT = (404, "auth timeout", "`auth` did not come in time", Consequence.ENDS_FOR_GOOD)
    SYMBOL_LIMIT = (
        405,
        "symbol limit exceeded",
        "more symbols than a connection, or all together, may name",
        Consequence.REQUEST_REFUSED,
    )
    CONNECTION_LIMIT = (
        406,
        "connection limit exceeded",
        "as many subscribers are connected as are let in, in all or of one identity or address",
        Consequence.ENDS_FOR_NOW,
    )
    SLOW_CLIENT = (
        407,
        "slow client",
        "the socket took nothing for too long, or the ring overran what was due",
        Consequence.ENDS_FOR_NOW,
    )
    INSUFFICIENT_SUBSCRIPTION = (
        409,
        "insufficient subscription",
        "nothing of what was asked for is granted, or the path is not served here",
        Consequence.ENDS_FOR_GOOD,
    )
    INTERNAL = (500, "internal error", "the server failed", Consequence.ENDS_FOR_NOW)


_BY_NUMBER: dict[object, ErrorCode] = {code.value: code for code in ErrorCode}


def consequence_of(code: int) -> Consequence | None:
    """Return the consequence of a code that was received; None: the code is unknown."""
    known = _BY_NUMBER.get(code)
    return None if known is None else known.consequence
