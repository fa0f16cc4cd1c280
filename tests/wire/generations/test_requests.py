"""What requests of each API ask for, and what is said of those that are not accepted."""

import contextlib
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feed.errors import FeedError, InvalidMessage, InvalidParameter, LimitExceeded
from feed.wire.generations import openai_chat, openai_responses, plain, ui_messages
from feed.wire.generations.asked import Asked, Echo, Turn

USER = {"role": "user", "content": "what moved?"}
ASKED = Turn("user", "what moved?")
PART = {"type": "text", "text": "what moved?"}
READERS = {
    "chat": openai_chat.read,
    "responses": openai_responses.read,
    "plain": plain.read,
    "ui": ui_messages.read,
}
LEAST: dict[str, dict[str, Any]] = {
    "chat": {"model": "market", "messages": [USER]},
    "responses": {"input": "what moved?"},
    "plain": {"messages": [USER]},
    "ui": {"messages": [{"role": "user", "parts": [PART]}]},
}


def read(api: str, **fields: object) -> Asked:
    return READERS[api](LEAST[api] | fields)


def test_the_least_of_each_api_is_a_question() -> None:
    assert read("chat") == Asked("market", (ASKED,))
    assert read("responses") == Asked("", (ASKED,))
    assert read("plain") == read("ui") == Asked("", (ASKED,), stream=True)


def test_a_chat_is_read_with_all_that_it_asks_for() -> None:
    messages = [
        {"role": "developer", "content": "be brief"},
        {"role": "user", "content": [PART, {"type": "text", "text": "!"}], "name": "me"},
        {"role": "assistant", "content": None, "tool_calls": [{"id": "1"}]},
        {"role": "tool", "content": "42", "tool_call_id": "1"},
        {"role": "assistant", "content": "so"},
        {"role": "user", "content": ""},
    ]
    asked = read(
        "chat",
        messages=messages,
        max_tokens=3,
        max_completion_tokens=7,
        temperature=1,
        stream=True,
        stream_options={"include_usage": True},
        share=True,
        feed={"symbols": ["AAPL", "BRK B", "AAPL"]},
    )
    assert asked == Asked(
        "market",
        (
            Turn("system", "be brief"),
            Turn("user", "what moved?!"),
            Turn("user", "42"),
            Turn("assistant", "so"),
        ),
        max_tokens=7,
        temperature=1,
        stream=True,
        share=True,
        symbols=("AAPL", "BRK B"),
        include_usage=True,
    )


def test_a_response_is_read_with_all_that_it_asks_for() -> None:
    items = [
        {"role": "user", "content": [{"type": "input_text", "text": "what"}]},
        {
            "type": "message",
            "id": "msg_1",
            "status": "completed",
            "role": "assistant",
            "content": [{"type": "output_text", "text": "so", "annotations": []}],
        },
        {"type": "message", "role": "developer", "content": "briefly"},
    ]
    asked = read(
        "responses",
        model="big",
        input=items,
        instructions="be kind",
        max_output_tokens=9,
        temperature=0.5,
        top_p=0.9,
        metadata={"k": "v"},
        background=True,
        store=False,
        stream=True,
        text={"format": {"type": "text"}, "verbosity": "low"},
        tools=[{"type": "web_search"}],
        tool_choice="auto",
        previous_response_id=None,
    )
    turns = ("system", "be kind"), ("user", "what"), ("assistant", "so"), ("system", "briefly")
    assert asked == Asked(
        "big",
        tuple(Turn(*turn) for turn in turns),
        max_tokens=9,
        temperature=0.5,
        stream=True,
        background=True,
        echo=Echo("be kind", 9, 0.5, 0.9, (("k", "v"),), background=True, store=False),
    )


def test_a_conversation_of_the_ai_sdk_comes_with_parts_that_are_no_text() -> None:
    parts = [{"type": "step-start"}, {"type": "data-facts", "data": {}}, PART | {"state": "done"}]
    messages = [*LEAST["ui"]["messages"], {"id": "a", "role": "assistant", "parts": parts}]
    asked = read("ui", messages=messages, id="c1", trigger="submit-message", model="big")
    assert asked.turns == (ASKED, Turn("assistant", "what moved?"))
    assert (asked.chat_id, asked.model, asked.stream) == ("c1", "big", True)


@pytest.mark.parametrize(
    ("body", "has_parts"),
    [
        (LEAST["ui"], True),
        (LEAST["plain"], False),
        ({"messages": [USER, {"parts": []}]}, True),
        ({"messages": []}, False),
        ({"messages": {"parts": []}}, False),
        ({"messages": ["parts"]}, False),
        ([{"parts": []}], False),
        (None, False),
    ],
)
def test_messages_with_parts_are_the_ai_sdk_s(body: object, *, has_parts: bool) -> None:
    assert ui_messages.has_parts(body) is has_parts


@pytest.mark.parametrize("api", READERS)
def test_fields_that_are_not_known_and_nulls_are_ignored(api: str) -> None:
    unknown = {"seed": 1, "user": "u", "logit_bias": {}, "x": [{}], "stop": ["."]}
    nulls = dict.fromkeys(("max_tokens", "temperature", "share", "feed", "tool_choice"))
    assert read(api, **unknown, **nulls) == read(api)


@pytest.mark.parametrize("api", READERS)
@pytest.mark.parametrize("feed", [{}, {"symbols": []}, {"symbols": ["AAPL", "*"]}])
def test_without_symbols_or_with_a_star_facts_are_of_all(api: str, feed: object) -> None:
    assert read(api, feed=feed).symbols == ()


REFUSED = [
    ("chat", {"model": None}, "model"),
    ("chat", {"model": ""}, "model"),
    ("chat", {"model": "a\nb"}, "model"),
    ("chat", {"model": "m" * 257}, "model"),
    ("chat", {"messages": None}, "messages"),
    ("chat", {"messages": []}, "messages"),
    ("chat", {"messages": "hi"}, "messages"),
    ("chat", {"messages": ["hi"]}, "messages[0]"),
    ("chat", {"messages": [USER, {"role": "boss", "content": "x"}]}, "messages[1].role"),
    ("chat", {"messages": [{"role": "user"}]}, "messages[0].content"),
    ("chat", {"messages": [{"role": "user", "content": None}]}, "messages[0].content"),
    ("chat", {"messages": [{"role": "user", "content": 5}]}, "messages[0].content"),
    ("chat", {"messages": [{"role": "user", "content": ""}]}, "messages"),
    (
        "chat",
        {"messages": [{"role": "user", "content": [{"type": "image_url"}]}]},
        "messages[0].content",
    ),
    (
        "chat",
        {"messages": [{"role": "user", "content": [{"type": "text"}]}]},
        "messages[0].content",
    ),
    ("chat", {"messages": [{"role": "user", "content": [{"type": 1}]}]}, "messages[0].content"),
    ("chat", {"messages": [{"role": "user", "content": ["x"]}]}, "messages[0].content"),
    ("chat", {"messages": [{"role": "user", "content": "a\0"}]}, "messages[0].content"),
    ("chat", {"messages": [{"role": "user", "content": "\ud83d"}]}, "messages[0].content"),
    ("chat", {"n": 2}, "n"),
    ("chat", {"max_tokens": 0}, "max_tokens"),
    ("chat", {"max_tokens": "7"}, "max_tokens"),
    ("chat", {"max_completion_tokens": True}, "max_completion_tokens"),
    ("chat", {"temperature": 2.1}, "temperature"),
    ("chat", {"stream": 1}, "stream"),
    ("chat", {"stream_options": {"include_usage": "yes"}}, "stream_options.include_usage"),
    ("chat", {"tool_choice": "required"}, "tool_choice"),
    ("chat", {"tool_choice": {"type": "function"}}, "tool_choice"),
    ("chat", {"function_call": {"name": "f"}}, "function_call"),
    ("chat", {"response_format": {"type": "json_schema"}}, "response_format"),
    ("chat", {"logprobs": True}, "logprobs"),
    ("chat", {"modalities": ["audio"]}, "modalities"),
    ("chat", {"share": "yes"}, "share"),
    ("chat", {"feed": []}, "feed"),
    ("chat", {"feed": {"symbol": "A"}}, "feed.symbol"),
    ("chat", {"feed": {"symbols": "AAPL"}}, "feed.symbols"),
    ("chat", {"feed": {"symbols": ["A", ""]}}, "feed.symbols[1]"),
    ("responses", {"input": None}, "input"),
    ("responses", {"input": ""}, "input"),
    ("responses", {"input": []}, "input"),
    ("responses", {"input": {}}, "input"),
    ("responses", {"input": "a\0b"}, "input"),
    ("responses", {"input": [{"type": "item_reference", "id": "x"}]}, "input[0].type"),
    ("responses", {"input": [{"role": "tool", "content": "x"}]}, "input[0].role"),
    (
        "responses",
        {"input": [{"role": "user", "content": [{"type": "input_image"}]}]},
        "input[0].content",
    ),
    ("responses", {"instructions": 1}, "instructions"),
    ("responses", {"max_output_tokens": -1}, "max_output_tokens"),
    ("responses", {"top_p": 1.5}, "top_p"),
    ("responses", {"metadata": {"k": 1}}, "metadata.k"),
    ("responses", {"metadata": {str(n): "" for n in range(17)}}, "metadata"),
    ("responses", {"metadata": {"k": "v" * 513}}, "metadata.k"),
    ("responses", {"previous_response_id": "gen_1"}, "previous_response_id"),
    ("responses", {"conversation": "conv_1"}, "conversation"),
    ("responses", {"prompt": {"id": "p"}}, "prompt"),
    ("responses", {"tool_choice": "required"}, "tool_choice"),
    ("responses", {"text": {"format": {"type": "json_schema"}}}, "text.format"),
    ("plain", {"messages": [{"role": "user", "content": [PART]}]}, "messages[0].content"),
    ("plain", {"messages": [{"role": "tool", "content": "x"}]}, "messages[0].role"),
    ("plain", {"id": 7}, "id"),
    ("ui", {"messages": [USER]}, "messages[0].parts"),
    ("ui", {"messages": [{"role": "user", "parts": [{"type": "file"}]}]}, "messages[0].parts"),
    ("ui", {"messages": [{"role": "user", "parts": []}]}, "messages"),
    ("ui", {"id": "a\tb"}, "id"),
]


@pytest.mark.parametrize(("api", "fields", "parameter"), REFUSED)
def test_an_error_names_the_field_and_what_is_accepted(
    api: str, fields: dict[str, object], parameter: str
) -> None:
    with pytest.raises(InvalidParameter) as refused:
        read(api, **fields)
    assert refused.value.parameter == parameter
    assert str(refused.value).startswith(f"{parameter}: ")
    assert "accepted: " in str(refused.value)
    str(refused.value).encode()  # it goes into an answer


def test_a_field_that_is_missing_is_said_to_be_required() -> None:
    with pytest.raises(InvalidParameter, match=r"model: None .* a value, which is required"):
        openai_chat.read({"messages": [USER]})


@pytest.mark.parametrize("api", READERS)
@pytest.mark.parametrize("body", [None, [], "x", 1, True])
def test_a_body_is_an_object(api: str, body: object) -> None:
    with pytest.raises(InvalidMessage, match=r"the body is .*; accepted: a JSON object"):
        READERS[api](body)


@pytest.mark.parametrize("api", READERS)
def test_a_prompt_is_measured_in_bytes(api: str) -> None:
    size = len("what moved?")
    assert READERS[api](LEAST[api], size).turns == (ASKED,)
    with pytest.raises(LimitExceeded) as exceeded:
        READERS[api](LEAST[api], size - 1)
    assert (exceeded.value.requested, exceeded.value.maximum) == (size, size - 1)


def test_instructions_are_a_part_of_the_prompt() -> None:
    with pytest.raises(LimitExceeded):
        openai_responses.read(LEAST["responses"] | {"instructions": "é"}, len("what moved?") + 1)


def test_long_instructions_are_followed_and_not_repeated() -> None:
    for length, is_repeated in ((4_096, True), (4_097, False)):
        body = LEAST["responses"] | {"instructions": "x" * length}
        asked = openai_responses.read(body)
        assert len(asked.turns[0].content) == length
        assert (asked.echo.instructions is not None) is is_repeated


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=5,
)
_names = ["model", "messages", "input", "stream", "feed", "metadata", "text", "role", "content"]


@pytest.mark.parametrize("api", READERS)
@settings(max_examples=30, deadline=None)
@given(st.sampled_from(_names), _json)
def test_whatever_comes_is_read_or_refused_with_words(api: str, name: str, value: object) -> None:
    with contextlib.suppress(FeedError):
        assert read(api, **{name: value}).turns
