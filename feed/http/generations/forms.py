"""The forms of questions and answers of language models, for documents.

They say what matters here. What else the APIs of others have is in their own references, and what
is read and written in `feed.wire.generations`.
"""

from typing import Annotated, Any, Literal, NotRequired

from pydantic import BaseModel, ConfigDict, Field
from typing_extensions import TypedDict

from feed.market.words import ID_PATTERN, GenerationState

_Id = Annotated[str, Field(pattern=ID_PATTERN)]
_Messages = Annotated[list[dict[str, Any]], Field(min_length=1)]
_Tokens = Annotated[int | None, Field(ge=1)]


class Grounding(BaseModel):
    """What a prompt is to be grounded on: facts of the market, as they are now."""

    symbols: list[str] = Field(default=[], description="whose facts; those of all by default")


class _Question(BaseModel):
    model_config = ConfigDict(extra="allow")

    share: bool = Field(default=False, description="whether others may watch")
    feed: Grounding | None = None


class ChatQuestion(_Question):
    """A question to OpenAI's chat completions; other fields of theirs are accepted."""

    model: str
    messages: _Messages
    stream: bool = False
    max_tokens: _Tokens = None


class ResponseQuestion(_Question):
    """A question to OpenAI's Responses API; other fields of theirs are accepted."""

    model: str
    input: str | _Messages
    stream: bool = False
    max_output_tokens: _Tokens = None


class ConversationQuestion(_Question):
    """A question of a page: messages with `content`, or with `parts` as the AI SDK has them."""

    id: str | None = Field(default=None, description="of the conversation, to read it again")
    model: str | None = None
    messages: _Messages


class ChatAnswer(TypedDict):
    """An answer of OpenAI's chat completions."""

    id: _Id
    object: Literal["chat.completion"]
    created: int
    model: str
    choices: list[dict[str, Any]]
    usage: dict[str, Any]


class ResponseAnswer(TypedDict):
    """An answer of OpenAI's Responses API, whether it is written or being written."""

    id: _Id
    object: Literal["response"]
    created_at: float
    status: str
    model: str
    output: list[dict[str, Any]]


class DeletedAnswer(TypedDict):
    """An answer that is kept no longer."""

    id: _Id
    object: Literal["response"]
    deleted: Literal[True]


class ConversationAnswer(TypedDict):
    """An answer to a page: `content`, or `parts` as the AI SDK has them."""

    id: _Id
    content: NotRequired[str]
    parts: NotRequired[list[dict[str, Any]]]


class StoppedAnswer(TypedDict):
    """How an answer ended."""

    id: _Id
    state: GenerationState


class ModelsAnswer(TypedDict):
    """The models that may be asked."""

    object: Literal["list"]
    data: list[dict[str, Any]]


class _OpenAiError(TypedDict):
    message: str
    type: str
    param: str | None
    code: str | None


class OpenAiError(TypedDict):
    """An error as OpenAI's APIs have it."""

    error: _OpenAiError


class PlainError(TypedDict):
    """An error for a page."""

    error: str
    code: NotRequired[str]
