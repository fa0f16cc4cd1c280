"""What is read from the streams of other APIs, whatever a model says."""

from collections.abc import Callable, Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feed.market.generation_words import GenerationState, GenerationWord
from feed.wire.codec import Codec
from feed.wire.generations.openai_chat import ChatCodec
from feed.wire.generations.openai_responses import Record, ResponsesCodec
from feed.wire.generations.plain import PlainCodec
from feed.wire.generations.ui_messages import UiCodec
from tests.fakes.frame_reader import read_sse
from tests.fakes.numbered_ticks import numbered
from tests.wire.generations.logs import ENDS, FAILURES, PIECES, folded, log_of, objects, texts


def chat_text(stream: list[Any]) -> str:
    choices = [chunk["choices"] for chunk in stream if "choices" in chunk]
    return "".join(some[0]["delta"].get("content", "") for some in choices if some)


def responses_text(stream: list[Any]) -> str:
    return "".join(each["delta"] for each in stream if each["type"].endswith("text.delta"))


def ui_text(stream: list[Any]) -> str:
    return "".join(part["delta"] for part in stream if "delta" in part)


def plain_text(stream: list[Any]) -> str:
    return "".join(piece["content"] for piece in stream if "content" in piece)


class Api:
    """One API: its codec for a log, and how a client puts the text together."""

    def __init__(
        self,
        codec: Callable[[Sequence[GenerationWord]], Codec],
        text: Callable[[list[Any]], str],
        *,
        numbered: bool = True,
        says_done: bool = True,
    ) -> None:
        self.codec = codec
        self.numbered = numbered
        self.says_done = says_done
        self._text = text

    def text(self, stream: bytes) -> str:
        return self._text([each for each in objects(stream) if each != "[DONE]"])


APIS = {
    "chat": Api(lambda _: ChatCodec(), chat_text),
    "chat with usage": Api(lambda _: ChatCodec(include_usage=True), chat_text),
    "responses": Api(
        lambda log: ResponsesCodec(lambda _: Record(log)), responses_text, says_done=False
    ),
    "ui": Api(lambda _: UiCodec(), ui_text),
    "plain": Api(lambda _: PlainCodec(), plain_text, numbered=False),
    "numbered plain": Api(lambda _: PlainCodec(numbered=True), plain_text),
}
each_api = pytest.mark.parametrize("api", APIS.values(), ids=APIS)
FEW = settings(max_examples=25, deadline=None)


@each_api
@FEW
@given(texts, st.sampled_from(list(GenerationState)))
def test_the_text_of_a_stream_is_that_of_the_log(
    api: Api, said: list[str], state: GenerationState
) -> None:
    log = log_of(said, state, facts="AAPL 1.0")
    assert api.text(b"".join(api.codec(log).encode(log))) == "".join(said)


@each_api
@FEW
@given(texts, st.sampled_from(ENDS), st.data())
def test_a_state_and_the_rest_are_the_whole(
    api: Api, said: list[str], state: GenerationState, data: st.DataObject
) -> None:
    log = log_of(said, state)
    count = data.draw(st.integers(1, len(log)))
    late = [folded(log, count), *log[count:]]
    stream = b"".join(api.codec(log).encode(late))
    assert api.text(stream) == "".join(said)
    # It begins and ends as for those that were there from the beginning.
    whole = objects(b"".join(api.codec(log).encode(log)))
    assert objects(stream)[-1] == whole[-1]
    assert objects(stream)[0].keys() == whole[0].keys()


@each_api
def test_no_line_ends_within_an_object(api: Api) -> None:
    # Some clients take lines apart as Python does: by more ends than SSE has.
    log = log_of(PIECES)
    stream = b"".join(api.codec(log).encode(log))
    lines = [line for line in stream.split(b"\n") if line]
    assert stream.decode().splitlines() == stream.decode().split("\n")[:-1]
    assert all(line.startswith((b"data: ", b"id: ", b"event: ")) for line in lines)


@each_api
def test_a_word_is_never_nothing_and_a_tick_always_is(api: Api) -> None:
    # An empty HTTP chunk would be the last one.
    log = log_of(["", "x"])
    events = [numbered(1), *log]
    fragments = api.codec(log).encode(events)
    assert fragments[0] == b""
    assert all(fragments[1:])
    assert all(api.codec(log).encode([folded(log, count)])[0] for count in range(1, 5))


@each_api
def test_only_an_end_that_the_api_has_is_told(api: Api) -> None:
    for state in ENDS:
        log = log_of(["x"], state)
        fragments = api.codec(log).encode(log)
        assert (b"data: [DONE]\n\n" in fragments[-1]) == api.says_done
        assert not any(b"[DONE]" in fragment for fragment in fragments[:-1])


@each_api
def test_the_number_of_a_word_stands_on_its_last_event(api: Api) -> None:
    log = log_of(["x", "y"])
    fragments = api.codec(log).encode(log)
    if not api.numbered:
        assert b"id:" not in b"".join(fragments)
        return
    if not api.says_done:  # every event has a number of its own, held in test_openai_responses
        return
    for word, fragment in zip(log, fragments, strict=True):
        assert fragment.count(b"id: ") == 1
        assert read_sse(fragment)[-1].id == str(word.number)


@each_api
def test_feed_messages_have_no_place_in_a_foreign_stream(api: Api) -> None:
    codec = api.codec([])
    assert codec.fragment({"T": "mark"}) == b""
    assert codec.array([{"T": "gap"}, {"T": "bye"}]) == b""
    assert codec.join([b"data: 1\n\n", b"data: 2\n\n"]) == b"data: 1\n\ndata: 2\n\n"


def test_failures_are_told_in_each_api_s_own_way() -> None:
    for state in FAILURES:
        log = log_of(["x"], state, code="why", words="so")
        ends = {name: objects(b"".join(api.codec(log).encode(log))) for name, api in APIS.items()}
        error = {"message": "so", "type": "server_error", "param": None, "code": "why"}
        assert ends["chat"][-2] == {"error": error}
        response = ends["responses"][-1]
        assert response["type"] == "response.failed"
        assert response["response"]["status"] == "failed"
        assert response["response"]["error"] == {"code": "why", "message": "so"}
        assert ends["ui"][-2] == {"type": "error", "errorText": "why: so"}
        assert ends["plain"][-2] == {"error": "so", "code": "why"}


def test_a_failure_without_words_says_the_state() -> None:
    log = log_of([], GenerationState.INTERRUPTED)
    error = objects(ChatCodec().encode(log)[-1])[0]["error"]
    assert (error["code"], error["message"]) == ("interrupted", "the answer is interrupted")


def test_the_other_ends_are_told_apart() -> None:
    def ends(state: GenerationState) -> tuple[object, object, object]:
        log = log_of(["x"], state)
        streams = {
            name: objects(b"".join(api.codec(log).encode(log))) for name, api in APIS.items()
        }
        chat = streams["chat"][-2]["choices"][0]["finish_reason"]
        response = streams["responses"][-1]
        return chat, (response["type"], response["response"]["status"]), streams["ui"][-2]

    completed = ("response.completed", "completed")
    assert ends(GenerationState.STOP) == (
        "stop",
        completed,
        {"type": "finish", "finishReason": "stop"},
    )
    assert ends(GenerationState.LENGTH) == (
        "length",
        ("response.incomplete", "incomplete"),
        {"type": "finish", "finishReason": "length"},
    )
    assert ends(GenerationState.CANCELLED) == (
        "stop",
        ("response.incomplete", "cancelled"),
        {"type": "abort", "reason": "cancelled"},
    )
