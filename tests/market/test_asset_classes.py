"""Asset classes: the listing's, and by their form those that are not listed."""

import pytest

from feed.market.asset_classes import EVERY_OF, AssetClass, AssetClasses

EQUITY, CRYPTO = EVERY_OF[AssetClass.EQUITY], EVERY_OF[AssetClass.CRYPTO]


class Listing:
    """A listing that grows, and counts how often it is asked."""

    def __init__(self, **classes: str) -> None:
        self.classes = classes
        self.asked = 0

    def __call__(self) -> list[tuple[str, str]]:
        self.asked += 1
        return list(self.classes.items())


def test_the_listing_decides_whatever_a_symbol_looks_like() -> None:
    listing = Listing(BTCUSDT="crypto", **{"BRK/B": "us_equity"})
    classes = AssetClasses(listing)
    assert [classes[symbol] for symbol in ("BTCUSDT", "BRK/B")] == [CRYPTO, EQUITY]
    assert listing.asked == 1, "symbols that are known are not looked up again"


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
    assert set(classes) == {"AAPL", "BTCUSDT"}
    assert listing.asked == 1, "the listing is asked once for all of them"
