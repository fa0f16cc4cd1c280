"""Questions: what is sent, and what is refused before anything is."""

from typing import Any

import pytest

import feed
from feed.client.generating.question import Question
from feed.errors import InvalidParameter
from tests.fakes.mini_desk import ID


def test_a_question_is_as_the_responses_api_has_it() -> None:
    turns = [{"role": "user", "content": "hi"}, {"role": "assistant", "content": "ho"}]
    question = Question.of(
        turns, instructions="be short", symbols="*", share=True, max_tokens=9, temperature=1
    )
    assert question.body == {
        "input": turns,
        "stream": True,
        "instructions": "be short",
        "feed": {"symbols": []},
        "share": True,
        "max_output_tokens": 9,
        "temperature": 1.0,
    }


@pytest.mark.parametrize(
    ("options", "name"),
    [
        ({"prompt": " "}, "prompt"),
        ({"prompt": "\ud800"}, "prompt"),
        ({"prompt": []}, "prompt"),
        ({"prompt": 5}, "prompt"),
        ({"prompt": [{"role": "user"}]}, "prompt"),
        ({"prompt": [{"role": "user", "content": 5}]}, "prompt"),
        ({"model": ""}, "model"),
        ({"instructions": 5}, "instructions"),
        ({"symbols": ()}, "symbols"),
        ({"symbols": "A,"}, "symbols"),
        ({"symbols": 5}, "symbols"),
        ({"share": "yes"}, "share"),
        ({"max_tokens": 0}, "max_tokens"),
        ({"max_tokens": True}, "max_tokens"),
        ({"temperature": float("nan")}, "temperature"),
        ({"temperature": "1"}, "temperature"),
        ({"heartbeat_s": 0}, "heartbeat_s"),
        ({"give_up_after_s": -1}, "give_up_after_s"),
        ({"key": ""}, "key"),
        ({"url": "nowhere"}, "url"),
    ],
)
def test_what_is_not_accepted_is_named_at_the_call(options: dict[str, Any], name: str) -> None:
    given = {"url": "http://127.0.0.1:8080", "prompt": "what moved?"} | options
    with pytest.raises(InvalidParameter) as refused:
        feed.generate(given.pop("url"), given.pop("prompt"), **given)
    assert refused.value.parameter == name


@pytest.mark.parametrize("id_", ["", "gen_", ID.upper(), f"{ID}/cancel"])
def test_what_is_no_id_is_not_watched(id_: str) -> None:
    with pytest.raises(InvalidParameter, match="the id of a generation"):
        feed.watch_answer("http://127.0.0.1:8080", id_)
