"""The options of exchanges."""

import re
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, model_validator
from pydantic_settings import NoDecode

from feed.errors import SourceError, shorten
from feed.market.symbols import SYMBOL_SHAPE, is_symbol
from feed.sources.exchanges.names import EXTRA, known_exchanges, nearest
from feed.sources.exchanges.orders import QUOTES_FROM, SILENCE_S, Order, QuotesFrom
from feed.sources.options import (
    SYMBOLS_WORDS,
    Accepts,
    SourceOptions,
    Tunes,
    not_a_boolean,
    refusal,
    split_at_commas,
)
from feed.sources.source import Source

MAX_SYMBOLS = 1_000
_LIST_WORDS = "a list of symbols of the exchange, such as BTC/USDT,ETH/USDT"
_URL_WORDS = (
    "a URL of http, https, ws or wss, such as http://127.0.0.1:9000, and with commas between them "
    "PLACE=URL, where PLACE is one in ccxt's urls, such as ws.spot"
)
_PLACE = re.compile(r"([A-Za-z0-9_.-]+)=(.*)", re.DOTALL)
_SCHEMES = frozenset({"http", "https", "ws", "wss"})


def _is_exchange(value: str) -> str:
    known = known_exchanges()
    if known is None:  # `look` says what to install
        if not value.isidentifier():
            raise refusal(ExchangeOptions.accepted_words())
        return value
    if value not in known.streaming:
        near = nearest(value, known.streaming)
        hint = f"the nearest are {', '.join(near)}" if near else f"it has {len(known.streaming)}"
        if value in known.others:
            raise refusal(f"an exchange with streams; ccxt has none of {value}; {hint}")
        raise refusal(f"{ExchangeOptions.accepted_words()}; {hint}")
    return value


def _symbols(value: object) -> object:
    return split_at_commas(not_a_boolean(value))


def _are_symbols(value: tuple[str, ...]) -> tuple[str, ...]:
    if refused := [each for each in value if not is_symbol(each)]:
        raise refusal(f"{_LIST_WORDS}, each {SYMBOL_SHAPE}; {shorten(refused[0])} is none")
    if len(value) == 1 and value[0].isdecimal():  # as of the simulated market
        raise refusal(f"{_LIST_WORDS}, and not how many")
    if len(set(value)) < len(value) or len(value) > MAX_SYMBOLS:
        raise refusal(f"{_LIST_WORDS}, every one once, and at most {MAX_SYMBOLS}")
    return value


def _are_urls(value: str) -> str:
    places = [place for place, _ in _parts(value)]
    if not all(_is_url(url) for _, url in _parts(value)) or len(set(places)) < len(places):
        raise ValueError("no URL, or a place twice")
    return value


def _parts(value: str) -> list[tuple[str, str]]:
    """Return places, "" for all, and their URLs."""
    matched = [(_PLACE.fullmatch(part), part) for part in value.split(",")]
    return [(match[1], match[2]) if match else ("", part) for match, part in matched]


def _is_url(text: str) -> bool:
    try:
        url = urlsplit(text)
        is_one = url.scheme in _SCHEMES and url.hostname and (url.port is None or url.port > 0)
        is_one = is_one and url.username is None and url.password is None  # others see them
    except ValueError:  # no port, or half an address of IPv6
        is_one = False
    return bool(is_one) and text.isascii() and text.isprintable() and not set(text) & set("?# ")


class ExchangeOptions(SourceOptions):
    """An exchange, as ccxt streams it."""

    usage = "ccxt:EXCHANGE"
    where = "EXCHANGE is one that ccxt streams, such as binance, kraken or coinbase"

    place: Annotated[str, AfterValidator(_is_exchange)]
    symbols: Annotated[
        tuple[str, ...],
        NoDecode,
        BeforeValidator(_symbols),
        AfterValidator(_are_symbols),
        Accepts(_LIST_WORDS),
    ] = Field(default=(), description=SYMBOLS_WORDS)
    exchange_url: Annotated[
        Annotated[str, AfterValidator(_are_urls)] | None, Accepts(_URL_WORDS)
    ] = Field(
        default=None, description="Server that speaks for an exchange, where it is not its own."
    )
    quotes_from: Annotated[
        QuotesFrom, Accepts(f"{', '.join(QUOTES_FROM[:-1])} or {QUOTES_FROM[-1]}")
    ] = Field(
        default="auto",
        description="What tells the best bid and ask of an exchange; auto takes the best it has.",
    )
    exchange_silence_s: Annotated[
        float,
        BeforeValidator(not_a_boolean),
        Field(ge=1, le=86_400, allow_inf_nan=False),
        Accepts("seconds, from 1 to 86400"),
        Tunes("Silence of an exchange after which its connections are opened anew."),
    ] = SILENCE_S

    @model_validator(mode="after")
    def _has_symbols(self) -> "ExchangeOptions":
        if not self.symbols:
            raise refusal(f"symbols beside it: {_LIST_WORDS} (--symbols)", field="place")
        return self

    async def look(self) -> None:
        """See that ccxt is installed; an exchange that is down may come back.

        Raises:
            SourceError: it is not.
        """
        if known_exchanges() is None:
            raise SourceError(EXTRA)

    def make(self) -> Source:
        """Return what watches it; nothing is started yet."""
        from feed.sources.exchanges.source import ExchangeSource  # noqa: PLC0415 - brings asyncio

        urls = {} if self.exchange_url is None else dict(_parts(self.exchange_url))
        order = Order(
            self.place,
            self.symbols,
            url=urls.pop("", ""),
            urls=urls,
            quotes_from=self.quotes_from,
            silence_s=self.exchange_silence_s,
        )
        return ExchangeSource(order)

    def describe(self) -> str:
        """Return how many symbols of which exchange."""
        some = ", ".join(self.symbols[:3]) + (" …" if len(self.symbols) > 3 else "")  # noqa: PLR2004
        return f"{some} of {self.place}"
