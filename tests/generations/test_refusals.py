"""What an upstream's refusal means, to whoever asked and for another attempt."""

import pytest

from feed.generations.attempts import MOST, Attempts
from feed.generations.model import ModelFault
from feed.generations.refusals import MAX_WORDS, Refusal, broken_off, retry_after_s

OPENAI = {"error": {"message": "Oops", "type": "server_error", "param": None, "code": None}}


@pytest.mark.parametrize(
    ("said", "words", "code"),
    [
        (OPENAI, "Oops", "server_error"),
        ({"error": "Oops"}, "Oops", ""),
        ({"object": "error", "message": "Oops", "code": 404}, "Oops", "404"),
        ({"detail": "Oops"}, "Oops", ""),
        ({"detail": [{"loc": ["body"]}]}, '[{"loc":["body"]}]', ""),
        ({"error": {"message": " Oops,\n\x1b[31m  again\t"}}, "Oops, [31m again", ""),
        (None, "", ""),
        ([], "", ""),
        ({"error": {}}, "", ""),
    ],
)
def test_errors_of_every_shape_are_read(said: object, words: str, code: str) -> None:
    refusal = Refusal.of(said, status=500)
    assert (" ".join(refusal.words.split()), refusal.code) == (words, code)


@pytest.mark.parametrize(
    ("status", "error", "fault", "told"),
    [
        (400, {"message": "bad"}, ModelFault.UPSTREAM_STATUS, 400),
        (422, {"message": "bad"}, ModelFault.UPSTREAM_STATUS, 422),
        (400, {"code": "context_length_exceeded"}, ModelFault.TOO_LONG, 413),
        (400, {"message": "maximum context length is 4096"}, ModelFault.TOO_LONG, 413),
        (413, {}, ModelFault.TOO_LONG, 413),
        (404, {"message": "The model `x` does not exist"}, ModelFault.UNKNOWN_MODEL, 404),
        (404, {"message": "model 'x' not found"}, ModelFault.UNKNOWN_MODEL, 404),
        (404, {"code": "model_not_found"}, ModelFault.UNKNOWN_MODEL, 404),
        (400, {"message": "bad", "param": "model"}, ModelFault.UNKNOWN_MODEL, 404),
        (404, {"message": "Not Found"}, ModelFault.UPSTREAM_STATUS, 502),
        (401, {"message": "bad key sk-1***4"}, ModelFault.UPSTREAM_STATUS, 502),
        (403, {}, ModelFault.UPSTREAM_STATUS, 502),
        (302, {}, ModelFault.UPSTREAM_STATUS, 502),
        (429, {"message": "slow down"}, ModelFault.RATE_LIMITED, 429),
        (500, {"message": "Oops"}, ModelFault.UPSTREAM_STATUS, 502),
        (503, {"message": "full"}, ModelFault.UPSTREAM_STATUS, 503),
    ],
)
def test_a_refusal_is_an_error_of_its_kind(
    status: int, error: dict[str, str], fault: ModelFault, told: int
) -> None:
    found = Refusal.of({"error": error}, status=status).error()
    assert (found.kind, found.status) == (fault, told)
    assert found.words.startswith("the upstream ")


def test_what_an_upstream_says_of_its_key_is_not_told_on() -> None:
    words = Refusal.of({"error": {"message": "bad key sk-1***4"}}, status=401).error().words
    assert words == "the upstream does not let this server in (status 401)"


def test_secrets_in_an_error_are_not_shown() -> None:
    said = {"error": {"message": "key sk-1234 at https://me:pw@x/?api_key=abc"}}
    words = Refusal.of(said, status=400, key="sk-1234").words
    assert words == "key … at https://…@x/?api_key=…"


def test_long_words_are_cut() -> None:
    assert len(Refusal.of({"error": "x" * 100_000}, status=500).words) == MAX_WORDS


@pytest.mark.parametrize(
    ("refusal", "may_pass"),
    [
        (Refusal(400), False),
        (Refusal(401), False),
        (Refusal(404), False),
        (Refusal(408), True),
        (Refusal(429), True),
        (Refusal(429, code="insufficient_quota"), False),
        (Refusal(500), True),
        (Refusal(501), False),
        (Refusal(503), True),
        (Refusal(302), False),
    ],
)
def test_only_what_may_pass_is_worth_another_attempt(refusal: Refusal, may_pass: bool) -> None:
    assert refusal.may_pass is may_pass


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry-After": "7"}, 7.0),
        ({"Retry-After": "0.5"}, 0.5),
        ({"retry-after-ms": "1500", "Retry-After": "2"}, 1.5),
        ({"Retry-After": "Thu, 01 Jan 1970 00:01:40 GMT"}, 90.0),
        ({"Retry-After": "Thu, 01 Jan 1970 00:00:01 GMT"}, 0.0),
        ({"Retry-After": "soon"}, None),
        ({"Retry-After": "-1"}, None),
        ({"Retry-After": "9" * 30}, None),
        ({}, None),
    ],
)
def test_when_to_come_back_is_read(headers: dict[str, str], seconds: float | None) -> None:
    assert retry_after_s(headers, wall_s=10.0) == seconds
    assert (
        Refusal.of(None, status=429, headers=headers, wall_s=10.0).error().retry_after_s == seconds
    )


def test_an_error_within_a_stream_is_an_answer_that_broke_off() -> None:
    error = broken_off(Refusal.of(OPENAI))
    assert (error.kind, error.words) == (
        ModelFault.UPSTREAM_ANSWER,
        "the upstream broke off its answer: Oops",
    )


def attempts() -> Attempts:
    return Attempts(lambda _least, most: most)


def test_waits_between_attempts_grow_until_there_is_none_left() -> None:
    one = attempts()
    assert [one.wait_s(None, 30.0) for _ in range(MOST)] == [0.25, 1.0, None]


@pytest.mark.parametrize(("asked_s", "left_s", "wait_s"), [(7.0, 30.0, 7.25), (30.0, 30.0, None)])
def test_an_upstream_is_given_the_time_it_asks_for_if_there_is_enough(
    asked_s: float, left_s: float, wait_s: float | None
) -> None:
    assert attempts().wait_s(asked_s, left_s) == wait_s
