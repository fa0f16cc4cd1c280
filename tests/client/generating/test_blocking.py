"""An answer without async. Its server runs on a loop in another thread."""

import pytest

import feed
from feed.client.errors import Refused
from tests.client.generating.test_answer import error, says
from tests.fakes.mini_desk import ID, served_desk


def test_pieces_come_in_a_for_loop() -> None:
    with served_desk() as server:
        with feed.generate_blocking(server.desk.url, "what moved?") as answer:
            assert list(answer) == ["A", "B", "C"]
        assert (answer.id, answer.model, answer.text) == (ID, "market", "ABC")
        assert (answer.state, answer.usage and answer.usage.completion_tokens) == ("stop", 3)
        with feed.watch_answer_blocking(server.desk.url, ID) as watched:
            assert list(watched) == ["ABC"]


def test_a_cancel_and_a_refusal_are_heard() -> None:
    with served_desk() as server:
        server.desk.end = None
        with feed.generate_blocking(server.desk.url, "what moved?") as answer:
            assert next(answer) == "A"
            answer.cancel()
            assert list(answer) == ["B", "C"]
        server.desk.answers = [says(404, error("x", "no such model"))]
        with (
            pytest.raises(Refused, match="no such model"),
            feed.generate_blocking(server.desk.url, "what moved?"),
        ):
            raise AssertionError("it was not refused")


def test_it_is_used_in_a_block() -> None:
    answer = feed.generate_blocking("http://127.0.0.1:9", "what moved?")
    with pytest.raises(RuntimeError, match="a blocking answer is used in a with block"):
        next(answer)
