"""A question: which topics and symbols its words name, by simple rules.

A symbol is named by `$AAPL` in letters of any case, or by AAPL as it is written; by BTC where it is
a pair such as BTC/USD. Without a `$`, a number is not one, nor is a single letter, since A and I
are English, nor a word in capitals where all words are. Only the beginning of a long question is
looked at.
"""

import re
from collections.abc import Container, Iterator
from dataclasses import dataclass
from enum import StrEnum

MOST_CHARACTERS = 4_096  # of a question, that are looked at
MOST_NAMED = 100  # symbols


class Topic(StrEnum):
    """A topic of a summary; in the order in which a summary of everything has them."""

    MOVERS = "movers"
    BREADTH = "breadth"
    VOLUME = "volume"
    HALTS = "halts"
    GAPS = "gaps"
    SPREADS = "spreads"


# Beginnings of words, in small letters.
_BEGINNINGS: dict[Topic, tuple[str, ...]] = {
    Topic.MOVERS: (
        *("move", "moving", "gain", "winner", "rose", "rally", "rallied", "climb", "jump"),
        *("loser", "losing", "loss", "fell", "drop"),
    ),
    Topic.BREADTH: ("breadth", "advanc", "declin", "broad"),
    Topic.VOLUME: ("volume", "active", "turnover", "traded"),
    Topic.HALTS: ("halt", "suspend", "suspension", "pause"),
    Topic.GAPS: ("gap", "overnight"),
    Topic.SPREADS: ("spread", "bid", "liquid", "tight", "wide"),
}
_WORD = re.compile(r"\$?\^?[^\W_][^\s,;!?()\"'\u2018-\u201d]*")
_PAIRED_WITH = ("USD", "USDT", "USDC", "EUR")


@dataclass(frozen=True, slots=True)
class Question:
    """What a question asks for.

    Attributes:
        topics: in the order in which they are named.
        symbols: likewise; all of them are known.
        unknown: names after a `$` that are not.
    """

    topics: tuple[Topic, ...] = ()
    symbols: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()


def read_question(text: str, known: Container[str]) -> Question:
    """Return what a question asks for.

    Args:
        text: of the question.
        known: the symbols that it can name.
    """
    words = [word for match in _WORD.findall(text[:MOST_CHARACTERS]) if (word := _bare(match))]
    shouts = all(word == word.upper() for word in words) and not all(
        len(word) == 1 or word in known or any(_topics(word.lower())) for word in words
    )
    topics: dict[Topic, None] = {}
    symbols: dict[str, None] = {}
    unknown: dict[str, None] = {}
    for word in words:
        if word.startswith("$"):
            name = word[1:]
            if (found := _meant(name, known)) is not None:
                symbols[found] = None
            elif any(map(str.isalpha, name)):  # else it is an amount
                unknown[name] = None
        elif (found := _named(word, known, shouts=shouts)) is not None:
            symbols[found] = None
        else:
            topics |= dict.fromkeys(_topics(word.lower()))
        if len(symbols) + len(unknown) >= MOST_NAMED:
            break
    return Question(tuple(topics), tuple(symbols), tuple(unknown))


def _bare(word: str) -> str:
    """Return a word without the marks behind it."""
    return word.rstrip(".:/-")


def _meant(name: str, known: Container[str]) -> str | None:
    """Return the symbol that is meant by a name in letters of any case; None: there is none."""
    for symbol in (name, name.upper(), *(f"{name.upper()}/{other}" for other in _PAIRED_WITH)):
        if symbol in known:
            return symbol
    return None


def _named(word: str, known: Container[str], *, shouts: bool) -> str | None:
    """Return the symbol that a word without a `$` names; None: it is a word."""
    if "/" in word or not word.isalpha():
        return _meant(word, known) if any(map(str.isalpha, word)) else None
    if len(word) == 1 or word != word.upper() or shouts:
        return None
    return _meant(word, known)


def _topics(word: str) -> Iterator[Topic]:
    for topic, beginnings in _BEGINNINGS.items():
        if word.startswith(beginnings):
            yield topic
