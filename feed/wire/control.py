"""Control messages: what a client says over a WebSocket, and in the body of a report, validated.

Knows no codec: messages are plain dicts. Those of the server stand in `messages`.

Source: Alpaca's streaming API, as its SDKs for Python and Node need it.
"""

from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field

from feed.errors import InvalidInput, InvalidParameter
from feed.wire.request_fields import Ages
from feed.wire.requests import MOST_SYMBOLS, Channels, Request, check_count
from feed.wire.room_requests import ROOM_ACTIONS, RoomAction
from feed.wire.transport import Transport
from feed.wire.validation import Strict, map_of, validate


class InvalidAction(InvalidInput):
    """What was said in a room is not accepted.

    Attributes:
        room, id: as they were given, whatever that is.
        error: why.
    """

    def __init__(self, room: object, id_: object, error: InvalidParameter) -> None:
        self.room = room
        self.id = id_
        self.error = error
        super().__init__(str(error))


class Auth(BaseModel):
    """`{"action":"auth","key","secret"}`, or `token`, or `ticket`; other keys may stand beside."""

    model_config = ConfigDict(extra="ignore", frozen=True, strict=True)

    action: Literal["auth"]
    key: str = ""
    secret: str = Field(default="", repr=False)
    token: str = Field(default="", repr=False)
    ticket: str = Field(default="", repr=False)


class Subscribe(Request):
    """`{"action":"subscribe", …}`."""

    action: Literal["subscribe"]


class Unsubscribe(Channels):
    """`{"action":"unsubscribe", …}`."""

    action: Literal["unsubscribe"]


class Feedback(Strict):
    """`{"action":"feedback","ages_ms":[…]}`: the ages of some ticks when they were received."""

    action: Literal["feedback"]
    ages_ms: Ages


class Report(Strict):
    """The same from a subscriber whose transport goes one way: the body of `POST /v1/feedback`."""

    transport: Annotated[Transport, Field(strict=False)]  # JSON has its name
    ages_ms: Ages

    @classmethod
    def of(cls, document: object) -> Self:
        """Validate a decoded body.

        Raises:
            InvalidMessage: it is not a map of texts.
            InvalidParameter: a field of it is not accepted.
        """
        return validate(cls, map_of(document, "ages_ms"))


Control = Auth | Subscribe | Unsubscribe | Feedback | RoomAction
_ACTIONS: dict[str, type[Control]] = {
    "auth": Auth,
    "subscribe": Subscribe,
    "unsubscribe": Unsubscribe,
    "feedback": Feedback,
    **ROOM_ACTIONS,
}

_OF_ROOMS = frozenset(ROOM_ACTIONS.values())
_CHANNEL_NAMES = tuple(Channels.model_fields)


def parse_control(message: object, most_symbols: int = MOST_SYMBOLS) -> Control:
    """Validate a decoded control message.

    Args:
        message: decoded.
        most_symbols: the most that it may name, over all channels.

    Raises:
        InvalidMessage: it is not a map, or its action is unknown.
        InvalidParameter: a field of it is not accepted.
        InvalidAction: likewise, of what is said in a room.
        LimitExceeded: there are more symbols; none of them was looked at.
    """
    fields = map_of(message, "action")
    action = fields.get("action")
    model = _ACTIONS.get(action) if isinstance(action, str) else None
    if model is None:
        raise InvalidParameter("action", action, ", ".join(_ACTIONS))
    if issubclass(model, Channels):
        lists = [fields[name] for name in _CHANNEL_NAMES if name in fields]
        check_count(sum(len(some) for some in lists if isinstance(some, list)), most_symbols)
    try:
        return validate(model, fields)
    except InvalidParameter as error:
        if model in _OF_ROOMS:
            raise InvalidAction(fields.get("room"), fields.get("id"), error) from error
        if model is not Auth or error.value is None:
            raise
        kind = type(error.value).__name__  # what stands there may be a secret
        raise InvalidParameter(error.parameter, f"<{kind}>", error.accepted) from None
