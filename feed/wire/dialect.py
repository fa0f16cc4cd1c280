"""The dialect's conversation as bytes: frames of our messages, and reading those of a client.

Control messages are WebSocket messages in the codec of the ticks, and beside a codec that goes one
way only (Protobuf) in JSON, as text. Frames that are always the same are made once. Knows no
connection.

Source: Alpaca's streaming API, as its SDKs for Python and Node need it.
"""

from feed.errors import FeedError, InvalidMessage
from feed.wire.codec import CODECS, Codec
from feed.wire.control import Control, parse_control
from feed.wire.disconnect import Disconnect
from feed.wire.error_codes import ErrorCode
from feed.wire.json_codec import JSON
from feed.wire.messages import (
    AUTHENTICATED,
    CONNECTED,
    Message,
    connected_message,
    error_message,
    error_of,
)
from feed.wire.requests import MOST_SYMBOLS
from feed.wire.sdk import Sdk, final_error
from feed.wire.subscribed import NOTHING_SUBSCRIBED, Subscribed
from feed.wire.websocket_frame import Opcode, websocket_frame

_NOT_NOW = (
    f"{ErrorCode.ALREADY_AUTHENTICATED.words}, until that ends: "
    "the new token cannot be checked just now; say it again"
)
AUTHENTICATED_BEFORE = error_message(ErrorCode.ALREADY_AUTHENTICATED)
CANNOT_REFRESH = error_message(ErrorCode.ALREADY_AUTHENTICATED, _NOT_NOW)


class Dialect:
    """The conversation beside the ticks of one codec.

    Attributes:
        connected, authenticated: the steps of the greeting, as frames; the first one is for those
            that are not let in, `greet` for all others.
        authenticated_before: the answer to a second `auth`, as a frame.
        cannot_refresh: the answer to one whose token cannot be checked just now.
    """

    __slots__ = (
        "_acknowledged",
        "_codec",
        "_opcode",
        "authenticated",
        "authenticated_before",
        "cannot_refresh",
        "connected",
    )

    def __init__(self, codec: Codec) -> None:
        self._codec = codec if codec.is_both_ways else JSON
        self._opcode = opcode_of(self._codec)
        # The last answer: equal first requests are one object (`Subscribed.more`).
        self._acknowledged: tuple[Subscribed, bytes] = NOTHING_SUBSCRIBED, b""
        self.connected = self.say(CONNECTED)
        self.authenticated = self.say(AUTHENTICATED)
        self.authenticated_before = self.say(AUTHENTICATED_BEFORE)
        self.cannot_refresh = self.say(CANNOT_REFRESH)

    def hear(self, data: bytes | str, most_symbols: int = MOST_SYMBOLS) -> Control:
        """Read a control message that names at most so many symbols.

        JSON may be in a binary message, too: there is no other way to read it, and serializers that
        write bytes, and streams and buffers of Node, send it so.

        Raises:
            InvalidMessage: it is not of the codec, not a map, or text where that is binary.
            InvalidParameter: its action is unknown, or a field of it is not accepted.
            LimitExceeded: it names more symbols.
        """
        codec = self._codec
        if isinstance(data, str) and not codec.is_text:
            raise _wrong_kind("text", "binary", codec)
        try:
            decoded = codec.decode(data)
        except InvalidMessage:
            if isinstance(data, bytes) and codec.is_text:
                raise _wrong_kind("binary", "text", codec) from None
            raise
        return parse_control(decoded, most_symbols)

    def say(self, message: Message) -> bytes:
        """Return a control message as a frame, alone in its array."""
        return websocket_frame(self._opcode, self._codec.array([message]))

    def greet(self, connection: int) -> bytes:
        """Return the first step of the greeting, as a frame, for a connection with an id."""
        return self.say(connected_message(connection))

    def acknowledge(self, subscribed: Subscribed) -> bytes:
        """Return the answer to `subscribe` and `unsubscribe`, as a frame."""
        known, answer = self._acknowledged
        if subscribed is not known or not answer:
            answer = self.say(subscribed.message())
            self._acknowledged = subscribed, answer
        return answer

    def refuse(self, error: FeedError) -> bytes:
        """Return an error of ours as a frame; the conversation goes on."""
        return self.say(error_of(error))

    def last_words(self, reason: Disconnect, sdk: Sdk = Sdk.NONE) -> bytes:
        """Return the error of a reason as a frame; b"" where it does not have one."""
        code = reason.error_code
        return b"" if code is None else self.say(final_error(code, reason.words, sdk))


def _wrong_kind(got: str, due: str, codec: Codec) -> InvalidMessage:
    return InvalidMessage(f"a {got} message; accepted: {due} messages, as {codec.name}")


def opcode_of(codec: Codec) -> Opcode:
    """Return the opcode of a codec's messages."""
    return Opcode.TEXT if codec.is_text else Opcode.BINARY


DIALECTS: dict[str, Dialect] = {codec.name: Dialect(codec) for codec in CODECS.values()}
