"""The facts in compact lines."""

from feed.market.summary.figures import Figures
from feed.market.summary.lines import MOST_LINES, fact_lines
from feed.market.summary.question import read_question
from feed.market.summary.sentences import AsOf
from tests.market.summary.markets import AS_OF, MARKET, summed

LINES = """\
as of 2026-11-30T14:30:00Z, position Ab12-345; symbols: 6
days are those of UTC; open: first known price of the day; volume: of the day, as far as it is known
breadth against previous close (1 against open): up 2, down 2, unchanged 1, unknown 1
up most: IPO +10.00% 33.00; AAPL +1.00% 202.00
down most: GME -20.00% 20.00; BTC/USD -1.64% 60,000
largest volumes by value: AAPL 1,500,000; GME 90,000; BTC/USD 12.5; IPO 1,000
halted, 1: GME (Volatility pause)
largest gaps, of 4 known: GME -20.00%; AAPL +0.50%
spreads, of 4 known: median 3.3 bp, widest IPO 60.6 bp; BTC/USD 3.3 bp; KO 3.3 bp; AAPL 1.0 bp
AAPL: last 202.00, change +1.00% against previous close, open 201.00, previous close 200.00, \
gap +0.50%, volume 1,500,000, bid 201.99, ask 202.01, spread 1.0 bp, halt none known
BTC/USD: last 60,000, change -1.64% against previous close, open 61,000, previous close 61,000, \
gap 0.00%, volume 12.5, bid 59,990, ask 60,010, spread 3.3 bp, halt none known
GME: last 20.00, change -20.00% against previous close, open 20.00, previous close 25.00, \
gap -20.00%, volume 90,000, bid unknown, ask unknown, spread unknown, halt Volatility pause
IPO: last 33.00, change +10.00% against open, open 30.00, previous close unknown, gap unknown, \
volume 1,000, bid 32.90, ask 33.10, spread 60.6 bp, halt none known
KO: last 60.00, change 0.00% against previous close, open 60.00, previous close 60.00, gap 0.00%, \
volume 0, bid 59.99, ask 60.01, spread 3.3 bp, halt none known
NEW: last unknown, change unknown, open unknown, previous close unknown, gap unknown, \
volume unknown, bid unknown, ask unknown, spread unknown, halt none known"""


def lines(figures: tuple[Figures, ...], question: str = "", as_of: AsOf = AS_OF) -> list[str]:
    summary = summed(figures)
    return fact_lines(summary, read_question(question, summary.figures), as_of).split("\n")


def test_the_facts_of_a_few_symbols_are_a_line_each() -> None:
    assert lines(MARKET) == LINES.split("\n")


def test_of_many_symbols_those_that_the_question_names_have_a_line() -> None:
    many = tuple(Figures(f"S{number}", 1.0) for number in range(MOST_LINES + 1))
    told = lines(many, "What of $s3, $s1 and $ZZZ?")
    assert [line.split(":")[0] for line in told[-4:]] == [
        "spreads, of 0 known",
        "S3",
        "S1",
        "ZZZ",
    ]
    assert told[-1] == "ZZZ: unknown here"


def test_of_one_symbol_nothing_stands_out_and_a_source_that_is_down_is_told() -> None:
    told = lines(MARKET[:1], as_of=AsOf("Ab12-345", "2026-11-30T14:30:00Z", "finished"))
    assert told[0].endswith("symbols: 1; source down: finished")
    assert len(told) == 4
