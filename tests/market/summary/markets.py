"""Markets whose figures are known, and what is made of them."""

from collections.abc import Iterable

from feed.market.summary.figures import Figures
from feed.market.summary.question import read_question
from feed.market.summary.sentences import AsOf, answer
from feed.market.summary.summary import Summary, summarize

AS_OF = AsOf("Ab12-345", "2026-11-30T14:30:00Z")

MARKET = (
    Figures("AAPL", 202.0, 201.0, 200.0, 1_500_000.0, 201.99, 202.01, price_step=0.01),
    Figures("BTC/USD", 60_000.0, 61_000.0, 61_000.0, 12.5, 59_990.0, 60_010.0, price_step=1.0),
    Figures("GME", 20.0, 20.0, 25.0, 90_000.0, halt="Volatility pause", price_step=0.01),
    Figures("IPO", 33.0, 30.0, None, 1_000.0, 32.9, 33.1),
    Figures("KO", 60.0, 60.0, 60.0, 0.0, 59.99, 60.01),
    Figures("NEW"),
)


def summed(figures: Iterable[Figures]) -> Summary:
    """Return the summary, without a turn for others."""
    work = summarize(figures)
    while True:
        try:
            next(work)
        except StopIteration as ended:
            summary: Summary = ended.value
            return summary


def told(figures: Iterable[Figures], question: str = "", as_of: AsOf = AS_OF) -> list[str]:
    """Return the sentences of the answer to a question."""
    summary = summed(figures)
    text = answer(summary, read_question(question, summary.figures), as_of)
    return text.replace(". ", ".\n").split("\n")
