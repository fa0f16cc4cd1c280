"""Words of a room as a person reads them: none looks like another, and none is obeyed."""

import pytest

from feed.client.rooms.words import RoomWord
from feed.terminal.room import words_of
from tests.client.rooms.words import entry, message, word


@pytest.mark.parametrize(
    ("told", "words"),
    [
        (message("a", "hi"), "Ann (anonymous): hi"),
        (word("message", id="a", text="hi", **{"from": "bot", "name": "Ann"}), "Ann: hi"),
        (message("a", "x\n2026 Bob: y\x1b[2J"), "Ann (anonymous): x\n    2026 Bob: y\ufffd[2J"),
        (word("edited", id="a", text="y"), "Ann (anonymous) edits a message: y"),
        (word("deleted", id="a"), "Ann (anonymous) deletes a message"),
        (entry("AAPL"), "Ann (anonymous) lists AAPL"),
        (word("removed", symbol="AAPL", version=2), "Ann (anonymous) takes AAPL from the list"),
        (word("present"), "Ann (anonymous) is here"),
        (word("present", connections=3), "Ann (anonymous) is here, over 3 connections"),
        (word("absent", name="\x1bAnn"), "\ufffdAnn (anonymous) has left"),
        (word("typing"), None),
    ],
)
def test_words(told: RoomWord, words: str | None) -> None:
    assert words_of(told) == words
