"""What a question names, by its words."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feed.market.summary.question import MOST_CHARACTERS, MOST_NAMED, Question, Topic, read_question

KNOWN = frozenset({"A", "AAPL", "ALL", "BRK.B", "BTC/USD", "I:SPX", "^GSPC", "MSFT", "7203"})
_Q = Question


@pytest.mark.parametrize(
    ("text", "question"),
    [
        ("", _Q()),
        ("What is going on?", _Q()),
        ("what moved?", _Q((Topic.MOVERS,))),
        ("Who are the biggest gainers and losers?", _Q((Topic.MOVERS,))),
        ("Any gaps, halts or wide spreads?", _Q((Topic.GAPS, Topic.HALTS, Topic.SPREADS))),
        ("most active by VOLUME", _Q((Topic.VOLUME,))),
        ("Market breadth?", _Q((Topic.BREADTH,))),
        ("How is AAPL doing?", _Q(symbols=("AAPL",))),
        ("MSFT, AAPL and MSFT", _Q(symbols=("MSFT", "AAPL"))),
        ("AAPL MSFT", _Q(symbols=("AAPL", "MSFT"))),
        ("AAPL'S GAP?", _Q((Topic.GAPS,), ("AAPL",))),
        ("Did AAPL’s spread widen?", _Q((Topic.SPREADS,), ("AAPL",))),  # noqa: RUF001 - as typed
        ("$aapl, $BTC and $a", _Q(symbols=("AAPL", "BTC/USD", "A"))),
        ("How is BTC? And btc/usd?", _Q(symbols=("BTC/USD",))),
        ("brk.b. I:SPX: ^GSPC; $7203 and 7203!", _Q(symbols=("BRK.B", "I:SPX", "^GSPC", "7203"))),
        ("What of $ZZZZ under $100?", _Q(unknown=("ZZZZ",))),
        ("Tell me about aapl", _Q()),
        ("A word on them all", _Q()),
        ("WHAT MOVED ON ALL DAYS", _Q((Topic.MOVERS,))),
        ("ALL of it", _Q(symbols=("ALL",))),
        ("$ / - . $$ $.", _Q()),
    ],
)
def test_topics_and_symbols_are_found_by_words(text: str, question: Question) -> None:
    assert read_question(text, KNOWN) == question


def test_only_the_beginning_is_looked_at_and_names_are_limited() -> None:
    assert read_question("x" * MOST_CHARACTERS + " AAPL", KNOWN) == Question()
    many = read_question(" ".join(f"$X{number}" for number in range(500)), KNOWN)
    assert len(many.unknown) == MOST_NAMED


@given(st.text())
def test_whatever_is_asked_only_known_symbols_are_found(text: str) -> None:
    assert KNOWN.issuperset(read_question(text, KNOWN).symbols)
