"""The reading of an upstream's answer: bytes in, pieces out, however bad the bytes are."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feed.generations.chat_answer import MAX_EVENT_BYTES, AnswerReader
from feed.generations.model import Finish, ModelError, ModelFault, Piece, Usage
from feed.market.generation_words import GenerationState
from tests.fakes.upstream import DONE, event, token, usage

WHOLE = [token("Hel"), token("lo ☃", finish="stop"), usage(3, 2), DONE]


def read(data: bytes, step: int = 1 << 20, reader: AnswerReader | None = None) -> list[Piece]:
    """Return the pieces of an answer that comes in steps of so many bytes."""
    reader = reader or AnswerReader()
    texts: list[Piece] = []
    for start in range(0, len(data), step):
        texts += reader.read(data[start : start + step])
    texts += reader.end()
    if reader.failure is not None:
        raise reader.failure
    return texts + reader.closing()


def failure(data: bytes) -> ModelError:
    with pytest.raises(ModelError) as error:
        read(data)
    return error.value


@pytest.mark.parametrize("step", [1, 2, 7, 1 << 20])
def test_bytes_may_be_cut_anywhere(step: int) -> None:
    pieces = ["Hel", "lo ☃", Usage(3, 2), Finish(GenerationState.STOP)]
    assert read(b"".join(WHOLE), step) == pieces
    raw = json.dumps({"choices": [{"delta": {"content": "☃"}}]}, ensure_ascii=False)
    assert read(f"data:{raw}\r\n\r\ndata: [DONE]".encode(), step)[0] == "☃"


PARTS = st.sampled_from(
    [*WHOLE, *[part[:-2] for part in WHOLE], b"data: ", b"\n", b"\r", b"\xe2\x98", b"<", b": x\n\n"]
)


@settings(max_examples=60, deadline=None)
@given(st.lists(PARTS | st.binary(max_size=9), max_size=9).map(b"".join), st.integers(1, 9))
def test_whatever_comes_is_an_answer_or_an_error_wherever_it_is_cut(data: bytes, step: int) -> None:
    found = []
    for size in (step, len(data) or 1):
        reader = AnswerReader()
        texts = [
            text for at in range(0, len(data), size) for text in reader.read(data[at : at + size])
        ]
        texts += reader.end()
        found.append(("".join(texts), str(reader.failure), reader.closing()))
    assert found[0] == found[1]


def test_tokens_are_read_as_soon_as_they_are_there() -> None:
    reader = AnswerReader()
    assert reader.read(token("a") + token("b")[:-1]) == ["a"]
    assert reader.read(b"\n") == ["b"]
    assert (reader.signs, reader.is_finished) == (2, False)
    reader.read(token("", finish="stop"))
    assert (reader.is_finished, reader.is_over) == (True, False)
    reader.read(DONE)
    assert reader.is_over


@pytest.mark.parametrize(
    ("data", "state"),
    [
        (token("a") + DONE, "stop"),
        (token("a", finish="stop"), "stop"),
        (token("a", finish="stop")[:-2], "stop"),
        (token("a", finish="length") + DONE, "length"),
        (token("a") + token(None, finish="tool_calls"), "stop"),
        (token("a") + token(None, finish="a new reason") + DONE, "stop"),
        (token("a") + DONE + token("b"), "stop"),
        (token("a", finish="stop") + b"data: {", "stop"),
        (token("a") + DONE + b"data: {", "stop"),
    ],
)
def test_an_answer_ends_by_its_reason_or_by_done(data: bytes, state: str) -> None:
    assert read(data) == ["a", Finish(GenerationState(state))]


@pytest.mark.parametrize(
    "said",
    [
        {"choices": [{"delta": {"role": "assistant"}}]},
        {"choices": [{"delta": {"content": None, "reasoning_content": "hm"}}]},
        {"choices": [{"delta": None, "finish_reason": None}]},
        {"choices": [None]},
        {"choices": {}},
        {"choices": [], "usage": None},
        {"choices": [], "usage": {"prompt_tokens": "3", "completion_tokens": True}},
        {"prompt_filter_results": []},
    ],
)
def test_what_has_no_text_is_no_piece(said: object) -> None:
    assert read(event(said) + DONE) == [Finish(GenerationState.STOP)]


@pytest.mark.parametrize("said", [": ping\n\n", "data:\n\n", "event: ping\ndata: {}\n\n", "\n\n"])
def test_signs_of_life_are_no_tokens(said: str) -> None:
    reader = AnswerReader()
    assert read(said.encode() + b"".join(WHOLE), reader=reader)[0] == "Hel"
    assert reader.signs == 2


def test_a_thought_is_a_sign_of_work() -> None:
    reader = AnswerReader()
    assert reader.read(token(None, reasoning_content="hm")) == []
    assert reader.signs == 1


def test_the_last_usage_counts() -> None:
    assert read(usage(3, 1) + usage(3, 2) + DONE) == [Usage(3, 2), Finish(GenerationState.STOP)]


def test_content_in_parts_is_text() -> None:
    parts = [{"type": "text", "text": "a"}, {"type": "image"}, None, {"text": "b"}]
    assert read(event({"choices": [{"delta": {"content": parts}}]}) + DONE)[0] == "ab"


@pytest.mark.parametrize("end", [b"", token("b")[:-9], token("b")[:20], b": ping\n\n"])
def test_an_end_in_mid_answer_is_told_and_what_was_read_is_kept(end: bytes) -> None:
    reader = AnswerReader()
    assert reader.read(token("a") + end) == ["a"]
    reader.end()
    assert reader.failure is not None
    assert reader.failure.kind is ModelFault.UPSTREAM_ANSWER
    assert reader.failure.words == "the upstream ended in mid-answer"


def test_tokens_before_an_error_are_kept_and_none_after_it() -> None:
    reader = AnswerReader()
    texts = reader.read(token("a") + event({"error": {"message": "oops"}}) + token("b"))
    assert texts == ["a"]
    assert reader.failure is not None
    assert str(reader.failure) == "the upstream broke off its answer: oops"
    assert reader.read(token("c")) == []


@pytest.mark.parametrize(
    ("data", "kind", "words"),
    [
        (b"<!DOCTYPE html><p>", ModelFault.UPSTREAM_ANSWER, "a page (HTML)"),
        (b"\r\n <html>", ModelFault.UPSTREAM_ANSWER, "a page (HTML)"),
        (b"hello\nworld\n", ModelFault.UPSTREAM_ANSWER, "something else than an event stream"),
        (b"", ModelFault.UPSTREAM_ANSWER, "ended in mid-answer"),
        (b"data: hello\n\n", ModelFault.UPSTREAM_ANSWER, "that is not JSON"),
        (b"data: []\n\n", ModelFault.UPSTREAM_ANSWER, "that is not JSON"),
        (b"data: " + b"[" * 100_000 + b"\n\n", ModelFault.UPSTREAM_ANSWER, "that is not JSON"),
        (event({"error": "oops"}), ModelFault.UPSTREAM_ANSWER, "broke off its answer: oops"),
        (event({"error": {"code": 500}}), ModelFault.UPSTREAM_ANSWER, "broke off its answer"),
        (
            event({"object": "error", "message": "oops"}),
            ModelFault.UPSTREAM_ANSWER,
            "broke off its answer: oops",
        ),
        (
            b'event: error\ndata: {"message": "oops"}\n\n',
            ModelFault.UPSTREAM_ANSWER,
            "broke off its answer: oops",
        ),
        (
            event({"error": {"type": "rate_limit_exceeded", "message": "slow down"}}),
            ModelFault.RATE_LIMITED,
            "the upstream refuses it: slow down",
        ),
        (token("a", "content_filter"), ModelFault.UPSTREAM_ANSWER, "its answer: content filter"),
    ],
)
def test_what_is_no_answer_is_told(data: bytes, kind: ModelFault, words: str) -> None:
    error = failure(data)
    assert error.kind is kind
    assert words in error.words


@pytest.mark.parametrize("line", [b"data: ", b": ", b"", b"data: a\ndata: "])
def test_a_line_without_an_end_is_not_kept(line: bytes) -> None:
    reader = AnswerReader()
    endless = line + b"x" * (MAX_EVENT_BYTES + 1)
    reader.read(endless)
    assert reader.failure is not None
    assert reader.failure.words == "the upstream says more than 1048576 bytes about one token"


def test_no_error_shows_the_key() -> None:
    reader = AnswerReader(key="sk-1234")
    reader.read(event({"error": {"message": "bad key sk-1234"}}))
    assert str(reader.failure) == "the upstream broke off its answer: bad key …"


def test_invalid_utf_8_is_replaced_and_a_character_of_two_tokens_is_joined() -> None:
    halves = [
        b'{"choices":[{"delta":{"content":"%b"}}]}' % half for half in (b"a\xe2", b"\x98\x83")
    ]
    data = b"".join(b"data: " + half + b"\n\n" for half in halves)
    for step in (1, 1 << 20):
        assert "".join(map(str, read(data + DONE, step)[:-1])) == "a☃"
    assert read(data[: len(data) // 2] + DONE)[:2] == ["a", "\ufffd"]


def test_an_answer_that_came_as_one_object_is_read() -> None:
    said = {
        "choices": [{"message": {"role": "assistant", "content": "Hi"}, "finish_reason": "length"}],
        "usage": {"prompt_tokens": 1, "completion_tokens": 2},
    }
    reader = AnswerReader()
    assert reader.read_whole(json.dumps(said).encode()) == ["Hi"]
    assert reader.closing() == [Usage(1, 2), Finish(GenerationState.LENGTH)]


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", "something else than an event stream"),
        (b"{}", "something else than an event stream"),
        (b'{"error": {"message": "oops"}}', "broke off its answer: oops"),
        (b'{"choices": []}', "something else than an event stream"),
    ],
)
def test_an_object_that_is_no_answer_is_told(body: bytes, words: str) -> None:
    reader = AnswerReader()
    assert reader.read_whole(body) == []
    assert reader.failure is not None
    assert words in reader.failure.words
