"""The answer of an upstream, read: the bytes of a stream of chat completions in, pieces out.

The format is Server-Sent Events whose data are objects `chat.completion.chunk`, and in the end
`[DONE]`; servers differ in nearly everything else, so that only what is needed is looked at. Knows
no socket and no clock.
"""

import json
from collections.abc import Mapping
from typing import Any

import orjson

from feed.client.errors import Malformed
from feed.client.sse import SseEvent, SseParser
from feed.generations.mended_text import TextMender
from feed.generations.model import Finish, ModelError, ModelFault, Piece, Usage
from feed.generations.refusals import Refusal, broken_off
from feed.market.generation_words import GenerationState

MAX_EVENT_BYTES = 1 << 20  # of one token and all that is said beside it

_DONE = b"[DONE]"
# Beside its text a model may think aloud, or call tools; nobody is told, but it is at work.
_SIGNS_OF_WORK = ("content", "reasoning_content", "reasoning", "refusal", "tool_calls")
_BROKE_OFF = {"content_filter", "error", "abort"}  # reasons of an end that is none


class AnswerReader:
    """Reads one answer.

    Attributes:
        signs: how many tokens came, those of thoughts included.
        is_over: whether nothing more is expected.
        failure: what the upstream did wrong; what was read before is good.
    """

    __slots__ = (
        "_ended",
        "_events",
        "_finish",
        "_key",
        "_looked",
        "_mender",
        "_parser",
        "_usage",
        "failure",
        "is_over",
        "signs",
    )

    def __init__(self, key: str = "") -> None:
        """Begin; `key` is the secret that no error shows."""
        self._key = key
        self.signs = 0
        self.is_over = False
        self.failure: ModelError | None = None
        self._parser = SseParser(MAX_EVENT_BYTES)
        self._mender = TextMender()
        self._looked = False  # at how it begins
        self._ended = False  # so that what is cut is left out, and not complained about
        self._events = 0
        self._finish: str | None = None
        self._usage: Usage | None = None

    @property
    def is_finished(self) -> bool:
        """Whether the model has said that it is done; its usage may follow."""
        return self.is_over or self._finish is not None

    def read(self, data: bytes) -> list[str]:
        """Return the pieces of text in the next bytes, which may be cut anywhere."""
        texts: list[str] = []
        if self._is_done():
            return texts
        if not self._looked and (begun := data.lstrip()):
            self._looked = True
            if begun.startswith(b"<"):
                self._fail("the upstream answers a page (HTML) and no event stream")
                return texts
        try:
            events = self._parser.feed(data)
        except Malformed:
            self._fail(f"the upstream says more than {MAX_EVENT_BYTES} bytes about one token")
            return texts
        for event in events:
            if self._is_done():
                break
            self._events += 1
            self._read_event(event, texts)
        return texts

    def end(self) -> list[str]:
        """Return the last pieces of text, where nothing more comes; see whether it was all."""
        self._ended = True
        texts = self.read(b"\n\n")  # the last event may lack its empty line
        if self._is_done():
            return texts
        if self._finish is None:
            no_events = not self._events and self._parser.ignored
            self._fail(
                "the upstream answers something else than an event stream"
                if no_events
                else "the upstream ended in mid-answer"
            )
        self._finish_text(texts)
        return texts

    def closing(self) -> list[Piece]:
        """Return the pieces behind the text of an answer that is whole."""
        state = GenerationState.LENGTH if self._finish == "length" else GenerationState.STOP
        usage: list[Piece] = [] if self._usage is None else [self._usage]
        return [*usage, Finish(state)]

    def read_whole(self, body: bytes) -> list[str]:
        """Return the text of an answer that came as one object, from a server that streams none."""
        said = _object(body)
        if said is None or not _first_choice(said):
            self._fail_by(said, "the upstream answers something else than an event stream")
            return []
        texts: list[str] = []
        self._read_chunk(said, "message", texts)
        self._finish = self._finish or "stop"
        return texts + self.end()

    def _is_done(self) -> bool:
        return self.is_over or self.failure is not None

    def _read_event(self, event: SseEvent, texts: list[str]) -> None:
        data = event.data.strip()
        if data == _DONE:
            self._finish_text(texts)
        elif data:
            said = _object(data)
            if said is None and self._ended:
                return
            if said is None or event.name == "error" or _is_error(said):
                self._fail_by(said, "the upstream says something that is not JSON")
            else:
                self._read_chunk(said, "delta", texts)

    def _read_chunk(self, said: Mapping[str, Any], key: str, texts: list[str]) -> None:
        if isinstance(usage := said.get("usage"), dict):
            self._usage = _usage(usage) or self._usage
        choice = _first_choice(said)
        delta = choice.get(key)
        if isinstance(delta, dict):
            self.signs += any(delta.get(sign) for sign in _SIGNS_OF_WORK)
            if text := self._mender.mend(_text(delta.get("content"))):
                texts.append(text)
        finish = choice.get("finish_reason")
        if isinstance(finish, str) and finish:
            self._finish = finish
            if finish in _BROKE_OFF:
                self._fail(f"the upstream broke off its answer: {finish.replace('_', ' ')}")

    def _finish_text(self, texts: list[str]) -> None:
        self.is_over = True
        if rest := self._mender.end():
            texts.append(rest)

    def _fail_by(self, said: Mapping[str, Any] | None, words: str) -> None:
        if said is not None and (_is_error(said) or "message" in said):
            self.failure = broken_off(Refusal.of(said, key=self._key))
        else:
            self._fail(words)

    def _fail(self, words: str) -> None:
        self.failure = ModelError(ModelFault.UPSTREAM_ANSWER, words)


def _is_error(said: Mapping[str, Any]) -> bool:
    return bool(said.get("error")) or said.get("object") == "error"


def _object(data: bytes) -> dict[str, Any] | None:
    """Return an object in JSON, bytes that are not UTF-8 in it as surrogates; None: it is none."""
    try:
        said = orjson.loads(data)
    except orjson.JSONDecodeError:
        try:
            said = json.loads(data.decode(errors="surrogateescape"))
        except (ValueError, RecursionError):
            return None
    return said if isinstance(said, dict) else None


def _first_choice(said: Mapping[str, Any]) -> dict[str, Any]:
    """Return the answer in a chunk; of several only the first is read, for one was asked for."""
    choices = said.get("choices")
    choice = choices[0] if isinstance(choices, list) and choices else None
    return choice if isinstance(choice, dict) else {}


def _text(content: object) -> str:
    """Return the text of a content, which some servers send in parts."""
    if isinstance(content, str):
        return content
    parts = content if isinstance(content, list) else []
    texts = (part.get("text") for part in parts if isinstance(part, dict))
    return "".join(text for text in texts if isinstance(text, str))


def _usage(said: Mapping[str, Any]) -> Usage | None:
    counts = [said.get(name) for name in ("prompt_tokens", "completion_tokens")]
    numbers = [count for count in counts if type(count) is int and 0 <= count < 1 << 53]
    return Usage(*numbers) if len(numbers) == len(counts) else None
