"""The options of exchanges: names, symbols and URLs, each refused with what is accepted."""

import pytest

from feed.errors import SourceError
from feed.settings.load import InvalidSettings, load_settings
from feed.sources.exchanges import names, options
from feed.sources.exchanges.names import Exchanges, nearest_symbols
from feed.sources.exchanges.options import ExchangeOptions

KNOWN = Exchanges(frozenset({"binance", "binanceus", "kraken", "coinbase"}), frozenset({"btcbox"}))


@pytest.fixture(autouse=True)
def installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(options, "known_exchanges", lambda: KNOWN)


def load(source: str, **given: object) -> ExchangeOptions:
    _, [chosen] = load_settings({"source": source, **given})
    assert isinstance(chosen.options, ExchangeOptions)
    return chosen.options


@pytest.mark.parametrize(
    ("source", "given"),
    [
        ("ccxt:kraken?symbols=BTC/USD,ETH/USD", {}),
        ("fx=ccxt:kraken", {"symbols": "BTC/USD, ETH/USD"}),
    ],
)
def test_symbols_stand_in_the_text_or_alone(source: str, given: dict[str, object]) -> None:
    chosen = load(source, **given)
    assert chosen.symbols == ("BTC/USD", "ETH/USD")
    assert chosen.describe() == "BTC/USD, ETH/USD of kraken"


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("ccxt", "ccxt:EXCHANGE, where EXCHANGE is one that ccxt streams"),
        ("ccxt:?symbols=A", "such as binance, kraken or coinbase; it has 4"),
        ("ccxt:Binance?symbols=A", "the nearest are binance, binanceus"),
        ("ccxt:binanc?symbols=A", "the nearest are binance, binanceus"),
        ("ccxt:btcbox?symbols=A", "an exchange with streams; ccxt has none of btcbox"),
        ("ccxt:kraken", "symbols beside it: a list of symbols of the exchange"),
        ("ccxt:kraken?symbols=", "symbols beside it: a list of symbols of the exchange"),
        ("ccxt:kraken?symbols=A,,B", "'' is none"),
        ("ccxt:kraken?symbols=BTC/*", "'BTC/*' is none"),
        ("ccxt:kraken?symbols=A,A", "every one once"),
        ("ccxt:kraken?symbols=100", "and not how many"),
        ("ccxt:kraken?symbols=A&exchange_url=http://a:b@c", "a URL of http, https, ws or wss"),
        (f"ccxt:kraken?symbols={','.join(map(str, range(1001)))}", "at most 1000"),
        ("ccxt:kraken?symbols=A&exchange_url=localhost:9000", "a URL of http, https, ws or wss"),
        ("ccxt:kraken?symbols=A&exchange_url=ftp://a", "a URL of http, https, ws or wss"),
        ("ccxt:kraken?symbols=A&exchange_url=http://", "a URL of http, https, ws or wss"),
        ("ccxt:kraken?symbols=A&exchange_url=http://a:x", "a URL of http, https, ws or wss"),
        ("ccxt:kraken?symbols=A&exchange_url=http://[::1", "a URL of http, https, ws or wss"),
        ("ccxt:kraken?symbols=A&exchange_url=http://a,http://b", "a URL of http, https"),
        ("ccxt:kraken?symbols=A&exchange_url=ws.x=b", "a URL of http, https"),
        ("ccxt:kraken?symbols=A&quotes_from=trades", "auto, bidsasks, book, ticker or none"),
    ],
)
def test_what_is_not_accepted_is_refused_with_what_is(source: str, words: str) -> None:
    with pytest.raises(InvalidSettings) as refused:
        load_settings({"source": source})
    [problem] = refused.value.problems
    assert words in str(problem)


def test_the_number_of_symbols_of_a_simulation_is_no_list_of_an_exchange() -> None:
    with pytest.raises(InvalidSettings, match="such as BTC/USDT,ETH/USDT"):
        load_settings({"source": "ccxt:kraken", "symbols": True})


def test_urls_are_of_all_places_and_of_single_ones() -> None:
    chosen = load(
        "ccxt:kraken?symbols=A&exchange_url=http://a:1,ws.public=wss://b/c,ws.x=ws://[::1]"
    )
    order = chosen.make()._order  # type: ignore[attr-defined]
    assert (order.url, order.urls) == (
        "http://a:1",
        {"ws.public": "wss://b/c", "ws.x": "ws://[::1]"},
    )


async def test_without_ccxt_it_is_said_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(names, "find_spec", lambda _: None)
    monkeypatch.setattr(options, "known_exchanges", names.known_exchanges)
    chosen = load("ccxt:anything?symbols=A")
    with pytest.raises(SourceError, match=r"pip install 'feed-broadcaster\[exchanges\]'"):
        await chosen.look()


@pytest.mark.parametrize(
    ("symbol", "expected"),
    [
        ("BTCUSDT", ["BTC/USDT", "BTC/USDT:USDT"]),
        ("btc-usdt", ["BTC/USDT", "BTC/USDT:USDT"]),
        ("ETH/USD", ["ETH/USDT", "BTC/USDT"]),
        ("ZZZZZZZZ", []),
    ],
)
def test_nearest_symbols_have_the_same_letters_or_most_of_them(
    symbol: str, expected: list[str]
) -> None:
    known = ["BTC/USDT", "BTC/USDT:USDT", "ETH/USDT", "SOL/EUR"]
    assert nearest_symbols(symbol, known)[: len(expected)] == expected
    assert bool(nearest_symbols(symbol, known)) == bool(expected)
