"""Asset classes: the listing's, and by their form those that are not listed."""

import pytest

from feed.market.asset_classes import EVERY_OF, AssetClass, AssetClasses

EQUITY, CRYPTO = EVERY_OF[AssetClass.EQUITY], EVERY_OF[AssetClass.CRYPTO]


class Listing:
    """A listing that grows, and notes what it is asked."""

    def __init__(self, **classes: str) -> None:
        self.classes = classes
        self.asked: list[str] = []

    def __call__(self, symbol: str) -> str | None:
        self.asked.append(symbol)
        return self.classes.get(symbol)


def test_the_listing_decides_whatever_a_symbol_looks_like() -> None:
    listing = Listing(BTCUSDT="crypto", **{"BRK/B": "us_equity"})
    classes = AssetClasses(listing)
    assert [classes[symbol] for symbol in ("BTCUSDT", "BRK/B")] == [CRYPTO, EQUITY]
    assert [classes[symbol] for symbol in ("BTCUSDT", "BRK/B")] == [CRYPTO, EQUITY]
    assert listing.asked == ["BTCUSDT", "BRK/B"], "symbols that are known are not looked up again"


def test_thousands_of_new_symbols_cost_a_look_up_each() -> None:
    """Going through the listing for each would be quadratic: minutes for 20,000 symbols."""
    names = [f"S{number}" for number in range(1_000)]
    listing = Listing(**dict.fromkeys(names, "crypto"))
    classes = AssetClasses(listing)
    assert {classes[name] for name in names} == {CRYPTO}
    assert listing.asked == names


def test_a_listing_may_grow_while_ticks_come() -> None:
    listing = Listing(AAPL="us_equity")
    classes = AssetClasses(listing)
    assert classes["AAPL"] == EQUITY
    listing.classes["ETHBTC"] = "crypto"
    assert classes["ETHBTC"] == CRYPTO


@pytest.mark.parametrize(("symbol", "wildcard"), [("BTC/USD", CRYPTO), ("BTCUSD", EQUITY)])
def test_what_is_not_listed_by_its_first_tick_is_judged_by_its_form_once(
    symbol: str, wildcard: str
) -> None:
    listing = Listing()
    classes = AssetClasses(listing)
    assert classes[symbol] == wildcard
    listing.classes[symbol] = "us_option"
    assert classes[symbol] == wildcard
    assert classes["other"] == EQUITY
    assert classes[symbol] == wildcard, "a position means the same whenever somebody returns"


def test_a_class_without_a_path_is_in_no_wildcard() -> None:
    classes = AssetClasses(Listing(AAPL240119C00150000="us_option"))
    assert classes["AAPL240119C00150000"] not in {EQUITY, CRYPTO}
    named = frozenset({"AAPL240119C00150000"})
    assert classes.among(named, frozenset({EQUITY, CRYPTO})) == frozenset()


def test_names_that_a_client_made_up_are_not_remembered() -> None:
    listing = Listing(AAPL="us_equity", BTCUSDT="crypto")
    classes = AssetClasses(listing)
    made_up = frozenset(f"S{number}" for number in range(1_000))
    named = made_up | {"AAPL", "BTCUSDT", "X/Y"}
    assert classes.among(named, frozenset({CRYPTO})) == {"BTCUSDT", "X/Y"}
    assert not classes
    assert sorted(listing.asked) == sorted(named), "each is looked up once"
