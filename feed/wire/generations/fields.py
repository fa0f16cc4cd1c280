"""The fields that requests of all APIs share: what each accepts, and how a request is read.

Fields that are not known are ignored, since clients send many; a field that is known and cannot be
followed is refused, where ignoring it would change what comes back.
"""

from collections.abc import Iterable
from typing import Annotated, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    FailFast,
    Field,
    PlainValidator,
    ValidationError,
)
from pydantic_core import ErrorDetails

from feed.errors import HIDDEN, InvalidMessage, InvalidParameter, LimitExceeded
from feed.market.symbols import ALL, SYMBOL_SHAPE, is_symbol
from feed.wire.generations.asked import Asked, Turn
from feed.wire.validation import Strict, refusal

MOST_PROMPT_BYTES = 262_144  # of all turns together
_MOST_TURNS = 10_000
_MOST_SYMBOLS = 10_000
_MOST_NAME_LENGTH = 256
_UNKNOWN = "extra_forbidden"
# What is accepted, in the words of JSON, by pydantic's type of the error.
_ACCEPTED = {
    "missing": "a value, which is required",
    "model_type": "an object",
    "dict_type": "an object",
    "list_type": "an array",
    "string_type": "a string",
    "bool_type": "true or false",
    "int_type": "a whole number",
    "float_type": "a number",
    "too_short": "at least {min_length} in it",
    "too_long": "at most {max_length} in it",
    "string_too_long": "at most {max_length} characters",
}

Model = TypeVar("Model", bound=BaseModel)


class Request(BaseModel):
    """A part of a request, which converts nothing and may have other fields too."""

    model_config = ConfigDict(extra="ignore", frozen=True, strict=True)


def check_text(text: str) -> str:
    """Return a text that can be written everywhere.

    Raises:
        PydanticCustomError: it has null characters, or halves of surrogate pairs.
    """
    if "\0" in text:
        raise refusal("text without null characters")
    try:
        text.encode()
    except UnicodeEncodeError:
        raise refusal("text without halves of surrogate pairs") from None
    return text


def _check_name(text: str) -> str:
    if not text.isprintable() or not 0 < len(text) <= _MOST_NAME_LENGTH:
        raise refusal(f"1 to {_MOST_NAME_LENGTH} printable characters")
    return text


def _check_symbol(text: str) -> str:
    if text != ALL and not is_symbol(text):
        raise refusal(f"'*' for every symbol, or {SYMBOL_SHAPE}")
    return text


def only(accepted: str, *values: object) -> PlainValidator:
    """Return the validator of a field that is ignored as long as it asks for what there is."""

    def check(value: object) -> object:
        if value not in values:
            raise refusal(accepted)
        return value

    return PlainValidator(check)


Text = Annotated[str, AfterValidator(check_text)]
Name = Annotated[str, AfterValidator(_check_name)]
MaxTokens = Annotated[int | None, Field(ge=1)]
ToolChoice = Annotated[
    object, only("'none' or 'auto', since no model here calls tools", None, "none", "auto")
]
Temperature = Annotated[float | None, Field(ge=0, le=2)]
_Symbol = Annotated[str, AfterValidator(_check_symbol)]
_Symbols = Annotated[list[_Symbol], FailFast(), Field(max_length=_MOST_SYMBOLS)]


class Feed(Strict):
    """Our addition to requests: what the prompt is to be grounded on.

    Attributes:
        symbols: whose facts; without any, or with `*`, those of all.
    """

    symbols: _Symbols = Field(default=[])

    def chosen(self) -> tuple[str, ...]:
        """Return the symbols in order, each once; () for all."""
        return () if ALL in self.symbols else tuple(dict.fromkeys(self.symbols))


class Shared(Request):
    """The fields that we add to requests of every API."""

    share: bool | None = None
    feed: Feed | None = None

    @property
    def is_shared(self) -> bool:
        """Whether others may watch."""
        return bool(self.share)

    @property
    def symbols(self) -> tuple[str, ...] | None:
        """What the prompt is grounded on, as `Asked` has it."""
        return None if self.feed is None else self.feed.chosen()


class ChatRequest(Shared):
    """The fields of requests to `/api/chat`, whatever its messages are.

    Attributes:
        chat_id: the page's own name of the conversation; `id` on the wire.
        stream: true where it is left out: nobody comes here for anything else.
    """

    chat_id: Name | None = Field(default=None, alias="id")
    model: Name | None = None
    max_tokens: MaxTokens = None
    temperature: Temperature = None
    stream: bool | None = None

    def asked(self, turns: tuple[Turn, ...]) -> Asked:
        """Return what is asked with a conversation."""
        return Asked(
            model=self.model or "",
            turns=turns,
            max_tokens=self.max_tokens,
            temperature=self.temperature,
            stream=self.stream is not False,
            share=self.is_shared,
            symbols=self.symbols,
            chat_id=self.chat_id,
        )


Message = TypeVar("Message")
Conversation = Annotated[list[Message], FailFast(), Field(min_length=1, max_length=_MOST_TURNS)]


def read_request(model: type[Model], body: object) -> Model:
    """Return the request that a body is.

    Raises:
        InvalidMessage: it is no JSON object.
        InvalidParameter: names the first field that is not accepted, as the APIs do:
            `messages[0].content`.
    """
    if not isinstance(body, dict):
        raise InvalidMessage(f"the body is {_json_type(body)}; accepted: a JSON object")
    try:
        return model.model_validate(body)
    except ValidationError as error:
        raise _refused(error.errors(include_url=False)[0]) from None


def conversation(
    turns: Iterable[Turn], most_bytes: int, name: str = "messages"
) -> tuple[Turn, ...]:
    """Return the turns that say something.

    Args:
        turns: the conversation, oldest first.
        most_bytes: of all of them together, in UTF-8.
        name: of the field that they came in.

    Raises:
        InvalidParameter: none of them does.
        LimitExceeded: they are longer.
    """
    said = tuple(turn for turn in turns if turn.content)
    if not said:
        raise InvalidParameter(name, "", "at least one message with text")
    size = sum(len(turn.content.encode()) for turn in said)
    if size > most_bytes:
        raise LimitExceeded("bytes of a prompt", size, most_bytes)
    return said


def _refused(error: ErrorDetails) -> InvalidParameter:
    """Return an error of pydantic's as ours."""
    name, kind = _path(error["loc"]), error["type"]
    if kind == _UNKNOWN:
        return InvalidParameter(name, HIDDEN, f"{', '.join(Feed.model_fields)} alone")
    accepted = error["msg"].removeprefix("Input should be ")
    if kind in _ACCEPTED:
        accepted = _ACCEPTED[kind].format_map(error.get("ctx", {}))
    return InvalidParameter(name, None if kind == "missing" else error["input"], accepted)


def _path(location: tuple[int | str, ...]) -> str:
    """Return where a field is, as JavaScript would write it."""
    names = (f"[{part}]" if isinstance(part, int) else f".{part}" for part in location)
    return "".join(names).removeprefix(".")


def _json_type(value: object) -> str:
    """Return what JSON calls a value."""
    if value is None:
        return "null"
    names = {list: "an array", str: "a string", bool: "a boolean", int: "a number"}
    return names.get(type(value), "a number")
