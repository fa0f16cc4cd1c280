"""The request that an upstream is asked, and the other manners in which it is asked again."""

from dataclasses import replace

import pytest

from feed.generations.chat_request import USUAL, Manners, chat_request, other_manners
from feed.generations.facts import Facts
from feed.generations.refusals import Refusal
from feed.wire.generations.asked import Asked, Echo, Turn

HI = Turn("user", "Hi")
FACTS = Facts("AAPL 187.20", "ep-7", 0, ("AAPL",))


def asked(*turns: Turn, max_tokens: int | None = None, temperature: float | None = None) -> Asked:
    return Asked("m", turns or (HI,), max_tokens=max_tokens, temperature=temperature)


def test_a_question_is_asked_as_a_stream_with_its_usage() -> None:
    assert chat_request(asked(), "m:8b", None, 100) == {
        "model": "m:8b",
        "messages": [{"role": "user", "content": "Hi"}],
        "stream": True,
        "stream_options": {"include_usage": True},
        "max_tokens": 100,
    }


@pytest.mark.parametrize(("wanted", "most", "sent"), [(None, 9, 9), (5, 9, 5), (10, 9, 9)])
def test_no_more_tokens_are_asked_for_than_are_accepted(
    wanted: int | None, most: int, sent: int
) -> None:
    assert chat_request(asked(max_tokens=wanted), "m", None, most)["max_tokens"] == sent


def test_what_was_chosen_is_passed_on() -> None:
    question = replace(asked(temperature=0.0), echo=Echo(top_p=0.5))
    body = chat_request(question, "m", None, 9)
    assert (body["temperature"], body["top_p"]) == (0.0, 0.5)


def test_facts_are_a_system_message_before_the_turns() -> None:
    [system, user] = chat_request(asked(), "m", FACTS, 9)["messages"]
    assert (system["role"], user) == ("system", {"role": "user", "content": "Hi"})
    assert system["content"].endswith("Facts as of position ep-7:\n\nAAPL 187.20")


def test_there_is_one_system_message_with_facts_before_what_was_said() -> None:
    question = asked(Turn("developer", "Be brief."), HI)
    [system, user] = chat_request(question, "m", FACTS, 9)["messages"]
    assert (system["role"], user["role"]) == ("system", "user")
    assert system["content"].endswith("AAPL 187.20\n\nBe brief.")


def test_braces_in_facts_and_turns_are_text() -> None:
    facts = replace(FACTS, text="{as_of} {0}")
    [system, _] = chat_request(asked(), "m", facts, 9)["messages"]
    assert system["content"].endswith("{as_of} {0}")


@pytest.mark.parametrize(
    ("refusal", "proven", "other"),
    [
        (Refusal(400, "Unrecognized request argument: stream_options"), True, (False, False)),
        (Refusal(422, "extra", param="stream_options.include_usage"), False, (False, False)),
        (Refusal(400, "bad request"), False, (False, False)),
        (Refusal(400, "bad request"), True, None),
        (Refusal(400, "bad", param="temperature"), False, None),
        (Refusal(400, "use 'max_completion_tokens'", param="max_tokens"), True, (True, True)),
        (Refusal(500, "stream_options"), False, None),
        (Refusal(404), False, None),
    ],
)
def test_a_refusal_for_the_manners_is_answered_by_others(
    refusal: Refusal, proven: bool, other: tuple[bool, bool] | None
) -> None:
    found = other_manners(USUAL, refusal, {USUAL}, proven=proven)
    newer = "max_completion_tokens"
    expected = other and Manners(other[0], newer if other[1] else "max_tokens")
    assert found == expected


def test_nothing_is_asked_twice_in_the_same_manners() -> None:
    refusal = Refusal(400, "max_completion_tokens, stream_options")
    manners: Manners | None = USUAL
    tried: list[Manners] = []
    while manners is not None:
        tried.append(manners)
        manners = other_manners(manners, refusal, tried, proven=False)
    assert len(tried) == len({*tried}) <= 4
