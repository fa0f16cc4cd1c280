"""Messages to a producer: what is remembered of it, and what became of each of its batches.

Knows no transport and no codec.
"""

from collections.abc import Iterable
from typing import Annotated, Literal, NotRequired

from pydantic import Field
from typing_extensions import TypedDict

from feed.wire.message_models import PositionText

_Number = Annotated[int, Field(description="the number of a batch", ge=1)]
_Name = Annotated[str | None, Field(description="of the producer; null where it has none")]
_Run = Annotated[list[int], Field(min_length=2, max_length=2)]


class ProducerMessage(TypedDict):
    """The greeting of a producer: what is remembered of it, and what it may send."""

    T: Literal["producer"]
    producer: _Name
    last: Annotated[int | None, Field(description="the greatest number that was applied")]
    missing: Annotated[
        list[_Run], Field(description="the runs below it that were not, both ends included")
    ]
    durable: Annotated[
        int | None, Field(description="the greatest number below which all would survive a kill")
    ]
    keeps: Annotated[bool, Field(description="whether batches become durable here")]
    most_ticks: Annotated[int, Field(description="that a batch may have", ge=1)]


class AckMessage(TypedDict):
    """A batch has its sequences, all of it in one cut."""

    T: Literal["ack"]
    producer: _Name
    sequence: Annotated[int | None, Field(description="its number; null where it has none")]
    pos: Annotated[
        PositionText | None,
        Field(description="of its last tick; null where that is not remembered of a duplicate"),
    ]
    count: Annotated[int, Field(description="of its ticks", ge=0)]
    durable: Annotated[bool, Field(description="whether it would survive a kill by now")]
    duplicate: Annotated[bool, Field(description="whether it was applied before, and not again")]
    line: NotRequired[
        Annotated[int, Field(description="of a body without a producer: the last that is in it")]
    ]


class DurableMessage(TypedDict):
    """All batches that were acknowledged up to this one would survive a kill."""

    T: Literal["durable"]
    sequence: _Number


class RefusedMessage(TypedDict):
    """A batch is not applied; those after it are not concerned."""

    T: Literal["refused"]
    sequence: Annotated[int | None, Field(description="its number, as far as it can be read")]
    code: Annotated[int, Field(description="as HTTP has it")]
    reason: Annotated[str, Field(description="in a word")]
    row: Annotated[int | None, Field(description="the tick that it is about, from 1")]
    msg: Annotated[str, Field(description="what was wrong, where, and what is accepted")]
    line: NotRequired[
        Annotated[int, Field(description="of a batch whose number is not known: its last line")]
    ]


def producer_message(
    producer: str | None,
    last: int | None,
    missing: Iterable[tuple[int, int]],
    durable: int | None,
    *,
    keeps: bool,
    most_ticks: int,
) -> ProducerMessage:
    """Return the greeting of a producer; see `ProducerMessage`."""
    return {
        "T": "producer",
        "producer": producer,
        "last": last,
        "missing": [list(run) for run in missing],
        "durable": durable,
        "keeps": keeps,
        "most_ticks": most_ticks,
    }


def ack_message(
    producer: str | None,
    sequence: int | None,
    pos: str | None,
    count: int,
    *,
    durable: bool,
    duplicate: bool,
) -> AckMessage:
    """Return the acknowledgement of a batch; see `AckMessage`."""
    return {
        "T": "ack",
        "producer": producer,
        "sequence": sequence,
        "pos": pos,
        "count": count,
        "durable": durable,
        "duplicate": duplicate,
    }


def durable_message(sequence: int) -> DurableMessage:
    """Return the announcement that batches up to one would survive a kill."""
    return {"T": "durable", "sequence": sequence}


def refused_message(
    sequence: int | None, code: int, reason: str, row: int | None, words: str
) -> RefusedMessage:
    """Return the refusal of a batch; see `RefusedMessage`."""
    return {
        "T": "refused",
        "sequence": sequence,
        "code": code,
        "reason": reason,
        "row": row,
        "msg": words,
    }
