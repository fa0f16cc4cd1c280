"""What is told of instruments comes first from a file, then from the source, then from ticks."""

from feed.market.price_steps import decimals_of
from feed.market.ticks import Bar, Kind, Quote, Status, Trade
from feed.sources.reference import Reference
from feed.sources.search import found
from feed.sources.source import Instrument

AAPL = Instrument("AAPL", "Apple Inc.", "us_equity", "Technology", "NASDAQ", "USD", 0.01)


def reference(given: list[Instrument], *listed: Instrument) -> Reference:
    by_symbol = {each.symbol: each for each in listed}
    return Reference(given, by_symbol.values, by_symbol.get)


def test_a_file_wins_field_by_field_and_adds_symbols() -> None:
    given = [
        Instrument("AAPL", "", "", price_step=0.05),
        Instrument("OWN", "", "future"),
        Instrument("ETH/EUR", "", ""),
    ]
    both = reference(given, AAPL)
    told = [
        Instrument("AAPL", "Apple Inc.", "us_equity", "Technology", "NASDAQ", "USD", 0.05),
        Instrument("ETH/EUR", "ETH/EUR", "crypto"),
        Instrument("OWN", "OWN", "future"),
    ]
    assert both.instruments() == told
    assert [both.instrument(each.symbol) for each in told] == told
    assert both.instrument("MSFT") is None
    assert reference([], AAPL).instruments() == [AAPL]


def test_what_the_source_learns_later_is_told() -> None:
    listed: dict[str, Instrument] = {}
    both = Reference([Instrument("AAPL", "Mine", "")], listed.values, listed.get)
    assert [each.sector for each in both.instruments()] == [""]
    listed["AAPL"] = AAPL
    assert [(each.name, each.sector) for each in both.instruments()] == [("Mine", "Technology")]


def test_a_step_that_nobody_told_is_seen_in_prices_and_only_gets_finer() -> None:
    both, own = reference([]), Instrument("OWN", "OWN", "us_equity")
    assert both.with_step(own, []) is own
    assert both.with_step(own, [Status("OWN", "H", "", "", "", 1)]) is own
    trade = Trade("OWN", 1, "", 100.0, 1, 1)
    assert both.with_step(own, [trade]).price_step == 0.01
    quote = Quote("OWN", "", 99.9375, 1, "", 100.5, 1, 1)
    assert both.with_step(own, [trade, quote]).price_step == 0.0001
    assert both.with_step(own, [trade]).price_step == 0.0001
    assert both.with_step(AAPL, [quote]) is AAPL


def test_the_average_of_a_bar_is_no_price_that_anybody_paid() -> None:
    bar = Bar(Kind.BAR, "OWN", 1.0, 2.0, 0.5, 1.125, 10.0, 3, 1.234567, 1)
    both = reference([])
    assert both.with_step(Instrument("OWN", "OWN", "us_equity"), [bar]).price_step == 0.001


def test_the_noise_of_doubles_is_no_digit() -> None:
    assert decimals_of([0.1 + 0.2, 67_123.45, 1e15 + 0.5, 0.0]) == 2
    assert decimals_of([-0.00001234]) == 8
    assert decimals_of([1 / 3]) == 9


def test_a_search_has_the_best_match_first() -> None:
    listed = [
        Instrument("PINE", "Pineapple Farms", "us_equity", "Consumer"),
        AAPL,
        Instrument("APP", "Apex", "us_equity", "Apparel"),
        Instrument("XAPP", "Other", "us_equity"),
        Instrument("Z", "Last", "us_equity", "Apparel"),
        Instrument("NONE", "Nothing", "us_equity"),
    ]
    assert [each.symbol for each in found(listed, "APP")] == ["APP", "AAPL", "PINE", "XAPP", "Z"]
    assert [each.symbol for each in found(listed, "aapl")] == ["AAPL"]
    assert found(listed, "zzz") == []
