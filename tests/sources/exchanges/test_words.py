"""What is said: one line each, and not again and again; errors of ccxt in words."""

import importlib.util
from pathlib import Path

import pytest

from feed.sources.exchanges.faults import _FOR_GOOD, _WORDS, Remedy, remedy_of, words_of
from feed.sources.exchanges.sayings import EVERY_NS, MAX_LENGTH, Saying, Sayings


class BaseError(Exception):
    pass


class ExchangeError(BaseError):
    pass


class NetworkError(BaseError):
    pass


class ExchangeNotAvailable(NetworkError):
    pass


class OnMaintenance(ExchangeNotAvailable):
    pass


class NotSupported(ExchangeError):
    pass


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (NetworkError("own GET http://a"), "own has lost the connection: GET http://a"),
        (OnMaintenance('own {"code":503}'), 'own is in maintenance: {"code":503}'),
        (ExchangeError("<html><b>no</b>\n\n</html>"), "own refuses: no"),
        (
            NetworkError(
                "WSMessage(type=<WSMsgType.ERROR: 258>, data=WebSocketError(<WSCloseCode.MESSAGE_"
                "TOO_BIG: 1009>, 'Message size 9 exceeds limit 8'), extra=None)"
            ),
            "own has lost the connection: Message size 9 exceeds limit 8",
        ),
        (NotSupported(""), "own does not have it in ccxt"),
        (BaseError("x"), "ccxt fails at own: BaseError: x"),
        (KeyError("b"), "ccxt fails at own: KeyError: 'b'"),
        (ZeroDivisionError(), "ccxt fails at own: ZeroDivisionError"),
    ],
)
def test_an_error_is_a_sentence_of_one_line(error: Exception, words: str) -> None:
    assert words_of(error, "own") == words


def test_a_cause_is_told_and_a_long_answer_is_cut() -> None:
    error = ExchangeNotAvailable("own GET http://a")
    error.__cause__ = ConnectionRefusedError(111, "Connect\ncall failed")
    assert words_of(error, "own") == (
        "own cannot be reached: GET http://a ([Errno 111] Connect call failed)"
    )
    assert len(words_of(ExchangeError("x" * 10_000_000), "own")) < 400


def test_against_what_an_exchange_does_not_have_another_way_helps() -> None:
    assert remedy_of(NotSupported()) is Remedy.ANOTHER_WAY
    assert remedy_of(OnMaintenance()) is Remedy.AGAIN
    assert remedy_of(KeyError()) is Remedy.AGAIN


def test_the_names_of_errors_are_ccxts() -> None:
    found = importlib.util.find_spec("ccxt")
    if found is None or not found.submodule_search_locations:
        pytest.skip("ccxt is not installed (extra `exchanges`)")
    text = (Path(found.submodule_search_locations[0]) / "base" / "errors.py").read_text()
    assert [name for name in (*_WORDS, *_FOR_GOOD) if f"class {name}(" not in text] == []


def test_a_line_is_said_once_in_a_while_with_the_number_of_those_left_out() -> None:
    lines: list[bytes] = []
    now_ns = 0
    sayings = Sayings(lines.append, lambda: now_ns)
    for number in range(1_000):
        sayings.say("warning", f"number\n {number}", kind="numbers")
    sayings.say("info", "another")
    now_ns = EVERY_NS
    sayings.say("warning", "x" * 10_000, kind="numbers")
    assert lines[:2] == [b"warning number 0\n", b"info another\n"]
    assert lines[2].endswith("… (999 more like it)\n".encode())
    assert Saying.of(lines[2]) == ("warning", lines[2].decode().strip().removeprefix("warning "))


@pytest.mark.parametrize(
    ("line", "saying"),
    [
        (b"info all is well\n", ("info", "all is well")),
        (b"error\n", ("warning", "error")),
        (
            b"Traceback (most recent call last):\n",
            ("warning", "Traceback (most recent call last):"),
        ),
        (b"warning \x1b[31mred\xff\x00\n", ("warning", " [31mred\ufffd")),
        (b"  \n", None),
    ],
)
def test_a_line_of_anybody_is_a_level_and_printable_words(
    line: bytes, saying: tuple[str, str] | None
) -> None:
    assert Saying.of(line) == saying


def test_many_kinds_are_forgotten_and_a_long_line_is_cut() -> None:
    lines: list[bytes] = []
    sayings = Sayings(lines.append, lambda: 0)
    for number in range(10_000):
        sayings.say("info", str(number))
    assert len(lines) == 10_000
    assert len(sayings._kinds) < 1_000
    told = Saying.of(b"info " + b"x" * 10_000)
    assert told is not None
    assert len(told.words) == MAX_LENGTH
