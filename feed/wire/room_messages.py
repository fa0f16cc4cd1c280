"""Messages to whoever says something in a room: that it is published, or why not.

Knows no transport and no codec.
"""

from typing import Annotated, Any, Literal, NotRequired

from pydantic import Field
from typing_extensions import TypedDict

from feed.wire.message_models import PositionText, Words

_Room = Annotated[str, Field(description="which")]
_Durable = Annotated[
    bool, Field(description="whether a kill would leave it; only where anything is kept")
]


class PublishedMessage(TypedDict):
    """What was said has a position."""

    T: Literal["published"]
    room: _Room
    id: Annotated[str, Field(description="of the message; of a list that of the request")]
    pos: Annotated[
        PositionText | None, Field(description="null: it was so already, and nothing was published")
    ]
    durable: NotRequired[_Durable]


class UnpublishedMessage(TypedDict):
    """What was said is not published."""

    T: Literal["unpublished"]
    room: NotRequired[_Room]
    id: NotRequired[Annotated[str, Field(description="of the message, or of the request")]]
    status: Annotated[int, Field(description="as HTTP would have it", ge=400, le=599)]
    msg: Words
    accepted: NotRequired[Annotated[str, Field(description="what is, in words")]]
    retry_s: NotRequired[Annotated[float, Field(description="when it may be said again", ge=0)]]
    version: NotRequired[Annotated[int, Field(description="that the entry has by now", ge=0)]]
    entry: NotRequired[
        Annotated[dict[str, Any], Field(description="the entry as it is by now, where it is there")]
    ]


def published_message(
    room: str, id_: str, position: str | None, *, durable: bool | None = None
) -> PublishedMessage:
    """Return that something is published; `durable`: None where nothing is kept."""
    message: PublishedMessage = {"T": "published", "room": room, "id": id_, "pos": position}
    if durable is not None:
        message["durable"] = durable
    return message


def unpublished_message(
    room: object,
    id_: object,
    status: int,
    words: str,
    **more: Any,  # noqa: ANN401 - keys of the form
) -> UnpublishedMessage:
    """Return that something is not published; room and id come back if they are texts."""
    message: UnpublishedMessage = {"T": "unpublished", "status": status, "msg": words}
    if isinstance(room, str):
        message["room"] = room[:_MOST_LETTERS]
    if isinstance(id_, str):
        message["id"] = id_[:_MOST_LETTERS]
    message.update(more)  # type: ignore[typeddict-item]  # they are of the form
    return message


_MOST_LETTERS = 64
