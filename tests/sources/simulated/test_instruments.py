import pytest

from feed.errors import InvalidParameter
from feed.market.symbols import is_symbol
from feed.sources.simulated.instruments import (
    CRYPTO,
    EQUITY,
    MAX_SYMBOLS,
    PricedInstrument,
    _entries,
    _Listing,
    find_instruments,
)


def symbols_of(found: list[PricedInstrument]) -> list[str]:
    return [priced.instrument.symbol for priced in found]


def test_the_best_known_symbols_come_first() -> None:
    assert symbols_of(find_instruments(5)) == ["AAPL", "MSFT", "NVDA", "AMZN", "BTC/USD"]


def test_a_hundred_symbols_hold_many_sectors_and_several_pairs() -> None:
    found = [priced.instrument for priced in find_instruments(100)]
    assert len({instrument.sector for instrument in found}) >= 10
    pairs = {instrument.symbol for instrument in found if instrument.asset_class == CRYPTO}
    assert {"BTC/USD", "ETH/USD"} <= pairs
    assert all(("/" in i.symbol) == (i.asset_class == CRYPTO) for i in found)
    assert {i.exchange for i in found if i.asset_class == EQUITY} == {"NASDAQ", "NYSE", "ARCA"}


def test_a_shorter_list_is_the_beginning_of_a_longer_one() -> None:
    assert find_instruments(MAX_SYMBOLS)[:700] == find_instruments(700)


def test_all_symbols_are_different_acceptable_and_named() -> None:
    found = find_instruments(MAX_SYMBOLS)
    assert len(set(symbols_of(found))) == len(found) == MAX_SYMBOLS
    assert len({priced.instrument.name for priced in found}) == MAX_SYMBOLS
    assert all(is_symbol(symbol) for symbol in symbols_of(found))
    assert all(priced.instrument.sector and priced.price > 0 for priced in found)


def test_named_symbols_keep_their_order_and_what_is_known_of_them() -> None:
    found = find_instruments(["ETH/USD", "BRK.B", "AAPL"])
    assert symbols_of(found) == ["ETH/USD", "BRK.B", "AAPL"]
    assert found[1].instrument.name == "Berkshire Hathaway Class B"
    assert found[2] == find_instruments(5)[0]


def test_an_unknown_symbol_is_the_same_whatever_it_is_listed_with() -> None:
    share, pair = find_instruments(["QQQQ", "FOO/BAR"])
    assert find_instruments(["AAPL", "FOO/BAR", "QQQQ"])[1:] == [pair, share]
    assert share.price != pair.price
    assert (share.instrument.asset_class, pair.instrument.asset_class) == (EQUITY, CRYPTO)
    assert pair.instrument.sector == "Crypto"


@pytest.mark.parametrize("symbols", [4, 0, -1, MAX_SYMBOLS + 1, [], ["A"] * (MAX_SYMBOLS + 1)])
def test_a_wrong_number_of_symbols_is_refused_with_the_range(symbols: int | list[str]) -> None:
    with pytest.raises(InvalidParameter, match=r"^symbols: .* from 5 to 5000, or 1 to 5000 dif"):
        find_instruments(symbols)


@pytest.mark.parametrize("symbol", ["", " AAPL", "A,B", "A*", "X" * 65, "A]"])
def test_a_text_that_is_not_a_symbol_is_refused_by_name(symbol: str) -> None:
    with pytest.raises(InvalidParameter, match="such as AAPL") as caught:
        find_instruments(["MSFT", symbol])
    assert (caught.value.parameter, caught.value.value) == ("symbols", symbol)


def test_a_symbol_given_twice_is_refused() -> None:
    with pytest.raises(InvalidParameter, match=r"^symbols: 'AAPL' .* every symbol once"):
        find_instruments(["AAPL", "MSFT", "AAPL"])


def test_what_was_asked_for_before_changes_nothing() -> None:
    listing = _Listing(_entries())
    whole = find_instruments(MAX_SYMBOLS)
    assert listing.first(7) == whole[:7]
    late, early = whole[4_000], whole[3]
    symbols = [late.instrument.symbol, "FOO/BAR", early.instrument.symbol]
    assert listing.find(symbols) == {symbols[0]: late, symbols[2]: early}
    assert listing.find(symbols[::2]) == {symbols[0]: late, symbols[2]: early}
    assert listing.first(12) == whole[:12]
    assert listing.first(MAX_SYMBOLS + 1) == whole
