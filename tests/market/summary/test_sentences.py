"""The answers, word for word."""

from math import inf, nan

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feed.market.summary.figures import Figures
from feed.market.summary.lines import fact_lines
from feed.market.summary.question import Topic, read_question
from feed.market.summary.sentences import LABEL, AsOf
from tests.market.summary.markets import AS_OF, MARKET, summed, told

LABELLED = f"{LABEL} as of 2026-11-30T14:30:00Z, of 6 symbols."
MOVERS = (
    "Up most are IPO +10.00% (33.00) and AAPL +1.00% (202.00); "
    "down most are GME -20.00% (20.00) and BTC/USD -1.64% (60,000)."
)
BREADTH = (
    "Breadth: 2 up, 2 down, 1 unchanged against the previous close, "
    "or the first known price of the day for the 1 without one; of 1 it is unknown."
)
VOLUME = (
    "Most traded today by value, as far as is known, are AAPL (volume 1,500,000), "
    "GME (volume 90,000) and BTC/USD (volume 12.5)."
)
HALTS = "Halted is GME (Volatility pause)."
GAPS = (
    "The largest gaps from the previous close to the first known price of the day are "
    "GME -20.00% (from 25.00 to 20.00) and AAPL +0.50% (from 200.00 to 201.00), "
    "of 4 that are known."
)
SPREADS = (
    "The median spread is 3.3 bp of 4 symbols; "
    "widest are IPO (60.6 bp), BTC/USD (3.3 bp) and KO (3.3 bp)."
)


def test_a_question_without_a_topic_is_answered_with_all_of_them() -> None:
    everything = [LABELLED, MOVERS, BREADTH, VOLUME, HALTS, GAPS, SPREADS]
    assert told(MARKET, "What is going on?") == everything


@pytest.mark.parametrize(
    ("question", "sentences"),
    [
        ("what moved?", [MOVERS, BREADTH]),
        ("any halts?", [HALTS, MOVERS, BREADTH]),
        ("Breadth and gaps, please", [BREADTH, GAPS, MOVERS]),
        (
            "volume?",
            [
                VOLUME.replace(" and BTC/USD", ", BTC/USD").replace(
                    ").", ") and IPO (volume 1,000)."
                ),
                MOVERS,
            ],
        ),
    ],
)
def test_what_is_asked_for_comes_first(question: str, sentences: list[str]) -> None:
    answered = told(MARKET, question)
    assert answered[0] == LABELLED
    assert answered[1 : 1 + len(sentences)] == sentences


def test_a_symbol_that_is_named_is_told_in_detail_before_the_market() -> None:
    assert told(MARKET, "How is AAPL, and $ZZZ?") == [
        LABELLED,
        "Nothing is known here of ZZZ.",
        "AAPL is at 202.00, +1.00% against its previous close (200.00).",
        (
            "Today its first known price is 201.00, a gap of +0.50%, and its known volume is "
            "1,500,000."
        ),
        "Its spread is 1.0 bp (bid 201.99, ask 202.01), and it is not known to be halted.",
        MOVERS,
        BREADTH,
    ]


def test_what_is_unknown_of_a_symbol_is_said_to_be() -> None:
    assert told([Figures("GME", halt="")])[1:] == [
        "The last price of GME is unknown.",
        "Today its first price is unknown, and its volume is unknown.",
        "Its spread is unknown, and it is halted.",
    ]
    assert told([Figures("GME", 20.0, bid=20.02, ask=20.01, halt="News\x00")])[1:] == [
        "GME is at 20.00; how far it has moved is unknown.",
        "Today its first price is unknown, and its volume is unknown.",
        "Its quote is crossed by 5.0 bp (bid 20.02, ask 20.01), and it is halted: 'News\\x00'.",
    ]


def test_several_that_are_named_have_a_sentence_each_up_to_three() -> None:
    assert told(MARKET, "$AAPL $GME $KO $IPO $NEW: spread?")[1:6] == [
        "AAPL is at 202.00, +1.00% against its previous close (200.00).",
        "GME is at 20.00, -20.00% against its previous close (25.00).",
        "KO is at 60.00, 0.00% against its previous close (60.00).",
        "2 more symbols named are not told one by one.",
        SPREADS.replace(" and KO (3.3 bp)", ", KO (3.3 bp) and AAPL (1.0 bp)"),
    ]


def test_one_symbol_is_told_alone_whatever_is_asked() -> None:
    answered = told(MARKET[3:4], "any gaps?")
    assert answered == [
        f"{LABEL} as of 2026-11-30T14:30:00Z, of 1 symbol.",
        "IPO is at 33.00, +10.00% against its first known price of the day (30.00).",
        ("Today its first known price is 30.00, an unknown gap, and its known volume is 1,000."),
        "Its spread is 60.6 bp (bid 32.90, ask 33.10), and it is not known to be halted.",
    ]


def test_nothing_known_is_said_and_so_is_a_source_that_is_down() -> None:
    assert told((), "what moved?", AsOf("Ab12-0", "2026-11-30T14:30:00Z", "silent")) == [
        (
            f"{LABEL} as of 2026-11-30T14:30:00Z, of 0 symbols, "
            "the last ones known, since the source is down (silent)."
        ),
        "No trade, quote, bar or status has come of any symbol that this is of.",
        "So no movers, volumes, halts, gaps or spreads can be told.",
    ]


def test_topics_of_which_nothing_is_known_say_so() -> None:
    assert told([Figures(name, 1.0) for name in "ABCD"])[1:] == [
        "No change of a price is known.",
        "No symbol is known to be up or down.",
        "No volume of today is known.",
        "No symbol is known to be halted.",
        "No gap is known, since that takes a previous close and a first known price of the day.",
        "No spread is known.",
    ]
    flat = told([Figures(name, 1.0, 1.0) for name in "ABCD"])
    assert flat[1] == "No symbol is up; no symbol is down."
    assert flat[2].endswith(
        "4 unchanged against the first known price of the day, since no previous close is known."
    )
    still = told([Figures(name, 1.0, 1.0, 1.0) for name in "ABCD"])
    assert still[5] == "No symbol has opened with a gap, of 4 of which that is known."


def test_many_halts_are_counted() -> None:
    halted = [Figures(f"S{number}", 1.0, halt="") for number in range(1_200)]
    assert told(halted, "halts?")[1] == "Halted are S0, S1, S10, S100, S1000 and 1,195 more."


ANY_PRICES = st.none() | st.floats() | st.sampled_from([0.0, nan, inf, 1e-320, 1e308, 1e15, 0.1])
ANY_FIGURES = st.builds(
    Figures,
    st.sampled_from(["AAPL", "BTC/USD", "GME", "KO", "MSFT", "Z"]),
    *[ANY_PRICES] * 6,
    halt=st.sampled_from([None, "", "Volatility pause"]),
    price_step=st.none() | st.floats(1e-9, 1e3),
)
QUESTIONS = st.lists(
    st.sampled_from([*(topic.value for topic in Topic), "$aapl", "$GME", "KO", "$Z", "$NONE"])
).map(" ".join)


@given(st.lists(ANY_FIGURES, unique_by=lambda figures: figures.symbol), QUESTIONS)
def test_any_figures_make_three_to_twelve_sentences_without_a_number_that_is_none(
    figures: list[Figures], question: str
) -> None:
    sentences = told(figures, question)
    assert 3 <= len(sentences) <= 12
    summary = summed(figures)
    text = fact_lines(summary, read_question(question, summary.figures), AS_OF)
    for word in (*" ".join(sentences).split(), *text.split()):
        assert word.strip("(),.;%+-") not in {"nan", "inf", "None"}
