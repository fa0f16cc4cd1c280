"""The words of a server that takes ticks: its greeting, acknowledgements, refusals.

Objects of the wire into values; other kinds of messages are of no concern here. Knows no socket.
"""

from dataclasses import dataclass

from feed.client.errors import Malformed
from feed.client.events import Object
from feed.errors import shorten


@dataclass(frozen=True, slots=True)
class Greeting:
    """The first words of a connection.

    Attributes:
        last: the number of the newest batch that the server has applied; None: none of this name.
        keeps: what it acknowledges becomes durable, and it says when.
        most_ticks: in one batch.
    """

    last: int | None
    keeps: bool
    most_ticks: int


@dataclass(frozen=True, slots=True)
class Ack:
    """A batch was applied.

    Attributes:
        sequence: its number.
        position: of its last tick; None where the server does not remember.
        durable: it would survive a kill.
        duplicate: it was applied before, and not now.
    """

    sequence: int
    position: str | None
    durable: bool
    duplicate: bool


@dataclass(frozen=True, slots=True)
class Durable:
    """Every batch that was acknowledged on this connection, up to this one, would survive."""

    sequence: int


@dataclass(frozen=True, slots=True)
class Refusal:
    """A batch was not applied, and will not be; the connection goes on.

    Attributes:
        sequence: its number; None: the server could not read that, and it is none of ours.
        code: an HTTP status.
        row: the first tick that is wrong, from 1; None: it is not of one.
        words: the server's.
    """

    sequence: int | None
    code: int
    row: int | None
    words: str


Answer = Greeting | Ack | Durable | Refusal


def read(message: Object) -> Answer | None:
    """Read a message; None: it is of another kind.

    Raises:
        Malformed: it is one of these, and not as the protocol has it.
    """
    kind = message["T"]
    try:
        if kind == "ack":
            position = message.get("pos")
            return Ack(
                _number(message["sequence"]),
                None if position is None else str(position),
                message.get("durable") is True,
                message.get("duplicate") is True,
            )
        if kind == "durable":
            return Durable(_number(message["sequence"]))
        if kind == "refused":
            row, sequence = message.get("row"), message["sequence"]
            return Refusal(
                None if sequence is None else _number(sequence),
                _number(message["code"]),
                None if row is None else _number(row),
                str(message.get("msg", "")),
            )
        if kind == "producer":
            last = message.get("last")
            return Greeting(
                None if last is None else _number(last),
                message.get("keeps") is True,
                max(1, _number(message["most_ticks"])),
            )
    except (KeyError, TypeError) as error:
        raise Malformed(f"{shorten(message)} is no message of T {kind!r}: {error}") from None
    return None


def _number(value: object) -> int:
    if type(value) is not int or value < 0:
        raise TypeError(f"{shorten(value)} is not a number from 0")
    return value
