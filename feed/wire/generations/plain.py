"""The plain shape of streams: `data: {"content": …}` for each piece, and `data: [DONE]`.

It belongs to no library; pages read it with `fetch` and `getReader()`, and some of them take
whatever stands between two blank lines for one `data:`. So events have ids only where somebody asks
for them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from feed.market.generation_words import GenerationType, GenerationWord
from feed.wire.generations.asked import Asked, Turn
from feed.wire.generations.endings import (
    failure_code,
    failure_words,
    grounding,
    has_failed,
    whole,
)
from feed.wire.generations.fields import (
    MOST_PROMPT_BYTES,
    ChatRequest,
    Conversation,
    Request,
    Text,
    conversation,
    read_request,
)
from feed.wire.generations.foreign import DONE, ForeignCodec, event, events, json_line

_NAME = "plain"
# In silence, an empty piece: a comment would stand before the next `data:`. For `ForeignFraming`.
KEEPALIVE = event(json_line({"content": ""}))


class _Message(Request):
    role: Literal["system", "user", "assistant"]
    content: Text

    def turn(self) -> Turn:
        return Turn(self.role, self.content)


class _PlainRequest(ChatRequest):
    messages: Conversation[_Message]


def read(body: object, most_bytes: int = MOST_PROMPT_BYTES) -> Asked:
    """Return what a body asks for; see `openai_chat.read`."""
    request = read_request(_PlainRequest, body)
    turns = conversation((message.turn() for message in request.messages), most_bytes)
    return request.asked(turns)


@dataclass(frozen=True, slots=True)
class PlainCodec(ForeignCodec):
    """A piece of text is an object.

    Attributes:
        numbered: events have ids, for an EventSource that comes back with the last one.
    """

    numbered: bool = False
    name = _NAME

    def encode_word(self, word: GenerationWord) -> bytes:
        """Return the events of a word."""
        number = word.number if self.numbered else None
        if word.type is GenerationType.TOKEN:
            return event(json_line({"content": word.text}), number)
        datas = []
        if word.type is GenerationType.GENERATION:  # without text: that it has begun is news
            datas.append(json_line({"content": word.text} | grounding(word)))
        if word.is_over:
            if has_failed(word):
                datas.append(json_line(error(0, failure_code(word), failure_words(word))))
            datas.append(DONE)
        return events(datas, number)


def answer(log: Sequence[GenerationWord]) -> dict[str, Any]:
    """Return the body of an answer that is not streamed."""
    state = whole(log)
    return {"id": state.symbol, "content": state.text} | grounding(state)


def error(status: int, kind: str, words: str) -> dict[str, Any]:  # noqa: ARG001 - it stands on the answer
    """Return an error, as a body or inside of a stream."""
    return {"error": words, "code": kind} if kind else {"error": words}
