"""OpenAI's Responses API: answers, streams of events, and the rest of a stream after an event.

The number of an event follows from that of its word alone: the beginning has 0 to 3, the token n
has 3 + n, and the end what follows. So whoever resumes after a number gets exactly the rest, on any
server that has the log. A state with the text so far is one event with the number of its last
token. Source: the API reference, "Responses" and "Streaming events".
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from feed.errors import InvalidParameter
from feed.market.generation_words import GenerationState, GenerationType, GenerationWord
from feed.wire.generations.asked import NO_ECHO, Echo
from feed.wire.generations.endings import has_failed, whole
from feed.wire.generations.foreign import ForeignCodec, event, json_line
from feed.wire.generations.openai_errors import error
from feed.wire.generations.response_objects import item, item_id, part, response
from feed.wire.generations.response_request import read

__all__ = ["Record", "ResponsesCodec", "answer", "error", "events_after", "read"]

_NAME = "openai-responses"
BEGUN = 3  # the number of the last event of the beginning
_MORE_AT_END = 3  # events of an end before its last; one that has failed has one alone
# A cancelled response says so in its status: there is no event of that name.
_ENDS = {
    GenerationState.STOP: "response.completed",
    GenerationState.FAILED: "response.failed",
    GenerationState.INTERRUPTED: "response.failed",
}
_PARAMETER = "starting_after"
_NEED_TEXT = frozenset({GenerationState.STOP, GenerationState.LENGTH})


@dataclass(frozen=True, slots=True)
class Record:
    """What is kept of a generation.

    Attributes:
        log: its words, in order; the first of them may be a state.
        echo: what its answers repeat of its request.
    """

    log: Sequence[GenerationWord]
    echo: Echo = NO_ECHO


@dataclass(frozen=True, slots=True)
class ResponsesCodec(ForeignCodec):
    """A word is one event or several, each with a `sequence_number`, which is its id too.

    Attributes:
        record_of: what is kept of a generation, by its id; None: nothing. The last events repeat
            the whole text, which their word does not have.
    """

    record_of: Callable[[str], Record | None] = field(compare=False)
    name = _NAME

    def encode_word(self, word: GenerationWord) -> bytes:
        """Return the events of a word."""
        if word.type is GenerationType.TOKEN:
            return _encode(_delta(word))
        return b"".join(map(_encode, _events(word, self.record_of(word.symbol))))


def answer(log: Sequence[GenerationWord], echo: Echo = NO_ECHO) -> dict[str, Any]:
    """Return the response as it stands after a log, whether it goes on, is over, or has failed.

    Args:
        log: its words so far.
        echo: what it repeats of its request.
    """
    state = whole(log)
    return response(state, state.text, log[0], echo)


def events_after(
    log: Sequence[GenerationWord], starting_after: int | None = None, echo: Echo = NO_ECHO
) -> bytes:
    """Return the events of a log after one of them; those of later words follow them.

    Args:
        log: the words so far; the first of them may be a state.
        starting_after: the number of the last event that was read; None: of none.
        echo: what the events repeat of the request.

    Raises:
        InvalidParameter: there is no event of this number, or those after it are kept as one text.
    """
    after = -1 if starting_after is None else _checked(starting_after, log)
    record = Record(log, echo)
    return b"".join(
        _encode(each)
        for word in log
        if word.type is not GenerationType.TOKEN or _number_of_token(word) > after
        for each in _events(word, record)
        if each["sequence_number"] > after
    )


def words_upto(starting_after: int, last: GenerationWord) -> int:
    """Return how many words an event is the last of, of a log so far; an end begins with one."""
    return max(0, min(starting_after - BEGUN, last.number) + 1)


def _checked(starting_after: int, log: Sequence[GenerationWord]) -> int:
    """Return the number of an event, if what follows it is exactly in a log."""
    last = _last_number(log[-1])
    if log[-1].state is GenerationState.INTERRUPTED:
        # What was read may have been lost with the server: the end is told to all that come.
        return min(starting_after, last - 1)
    if not 0 <= starting_after <= last:
        raise InvalidParameter(_PARAMETER, starting_after, f"a sequence_number from 0 to {last}")
    state = _number_of_token(log[0])
    if BEGUN < starting_after < state:
        accepted = f"0 to {BEGUN}, or {state} and more: what is between is kept as one text"
        raise InvalidParameter(_PARAMETER, starting_after, accepted)
    return starting_after


def _number_of_token(word: GenerationWord) -> int:
    """Return the number of the event of a token, or of the last one within a state."""
    return BEGUN + word.number - word.is_over


def _last_number(word: GenerationWord) -> int:
    """Return the number of the last event of a word."""
    if not word.is_over:
        return _number_of_token(word)
    return BEGUN + word.number + (0 if has_failed(word) else _MORE_AT_END)


def _events(word: GenerationWord, record: Record | None) -> Iterator[dict[str, Any]]:
    """Yield the events of a word."""
    if word.type is GenerationType.GENERATION:
        yield from _beginning(word, record)
    if word.text or word.type is GenerationType.TOKEN:
        yield _delta(word)
    if word.is_over:
        yield from _end(word, record)


def _beginning(word: GenerationWord, record: Record | None) -> Iterator[dict[str, Any]]:
    running = replace(word, state=GenerationState.RUNNING)
    begun, echo = _kept(word, record)
    for number, kind in enumerate(("response.created", "response.in_progress")):
        yield {
            "type": kind,
            "sequence_number": number,
            "response": response(running, None, begun, echo),
        }
    yield {
        "type": "response.output_item.added",
        "sequence_number": 2,
        "output_index": 0,
        "item": item(running, None),
    }
    yield {
        "type": "response.content_part.added",
        "sequence_number": BEGUN,
        **_place(word),
        "part": part(""),
    }


def _delta(word: GenerationWord) -> dict[str, Any]:
    return {
        "type": "response.output_text.delta",
        "sequence_number": _number_of_token(word),
        **_place(word),
        "delta": word.text,
        "logprobs": [],
    }


def _end(word: GenerationWord, record: Record | None) -> Iterator[dict[str, Any]]:
    """Yield the last events; of an answer whose text is not kept, the one that says so."""
    begun, echo = _kept(word, record)
    text = None if record is None else _text_before(word, record)
    if text is None and word.state in _NEED_TEXT:
        word = replace(
            word, state=GenerationState.FAILED, code="not_kept", words="the text is not kept"
        )
    number = BEGUN + word.number
    if text is not None and not has_failed(word):
        yield from _done(word, text, number)
        number += _MORE_AT_END
    yield {
        "type": _ENDS.get(word.state, "response.incomplete"),
        "sequence_number": number,
        "response": response(word, text, begun, echo),
    }


def _done(word: GenerationWord, text: str, number: int) -> Iterator[dict[str, Any]]:
    """Yield what closes the part and the message of an answer."""
    yield {
        "type": "response.output_text.done",
        "sequence_number": number,
        **_place(word),
        "text": text,
        "logprobs": [],
    }
    yield {
        "type": "response.content_part.done",
        "sequence_number": number + 1,
        **_place(word),
        "part": part(text),
    }
    yield {
        "type": "response.output_item.done",
        "sequence_number": number + 2,
        "output_index": 0,
        "item": item(word, text),
    }


def _place(word: GenerationWord) -> dict[str, Any]:
    """Return where the one text of a response is."""
    return {"item_id": item_id(word), "output_index": 0, "content_index": 0}


def _kept(word: GenerationWord, record: Record | None) -> tuple[GenerationWord, Echo]:
    """Return the first word of a generation, as far as that is known, and what is repeated."""
    if record is None:
        return word, NO_ECHO
    return record.log[0] if record.log else word, record.echo


def _text_before(word: GenerationWord, record: Record) -> str:
    """Return the whole text at the end of a generation."""
    if word.type is GenerationType.GENERATION:
        return word.text
    return "".join(each.text for each in record.log if each.number < word.number)


def _encode(fields: dict[str, Any]) -> bytes:
    """Return an event with its type as name, as the API sends it."""
    return event(json_line(fields), fields["sequence_number"], fields["type"].encode())
