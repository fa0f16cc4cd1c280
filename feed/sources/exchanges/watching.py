"""The watching of one exchange: its markets, its streams, and what becomes of them.

Runs in a program of its own (`program`), on its own loop. ccxt connects anew when it is asked for
something again, and so it is asked in loops, with pauses that grow where it fails.
"""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from functools import partial
from itertools import islice
from os import environ
from typing import NoReturn

from feed.errors import SourceError, shorten
from feed.sources.exchanges.faults import Remedy, remedy_of, words_of
from feed.sources.exchanges.hearing import TRADES_LIMIT, Hearing
from feed.sources.exchanges.names import nearest_symbols
from feed.sources.exchanges.orders import Order, QuotesFrom
from feed.sources.exchanges.rows import Row, instrument_row
from feed.sources.exchanges.sayings import Sayings
from feed.sources.exchanges.watched import Listeners, drop_connections, make_exchange

_FIRST_PAUSE_S = 0.5
_LONGEST_PAUSE_S = 30.0
_REFUSED_PAUSE_S = 300.0  # before what was refused is asked for once more
_LOOK_S = 5.0  # between two looks for silence
_MOST_AT_ONCE = 100  # symbols of one subscription; KuCoin takes no more
_MOST_SINGLE_TICKERS = 20  # above, tickers of many together, which some tell less often
_MOST_TOLD = 20  # unknown symbols that are told
_LONGEST_SILENCES = 10  # times the silence after which connections are opened anew
_WAYS: dict[QuotesFrom, tuple[str, ...]] = {
    "bidsasks": ("watchBidsAsks",),
    "book": ("watchOrderBookForSymbols", "watchOrderBook"),
    "ticker": ("watchTicker", "watchTickers"),
}
_WAY_WORDS = {
    "bidsasks": "its stream of best bids and asks",
    "book": "the top of its order book",
    "ticker": "its ticker",
}
_CREDENTIALS = {"apiKey": "APIKEY", "secret": "SECRET", "password": "PASSWORD", "uid": "UID"}
_Ask = Callable[[], Awaitable[object]]


class NotHad(Exception):
    """An exchange does not have a stream; the text says why."""


class Watching:
    """One exchange that is watched until the program ends.

    Attributes:
        hearing: what was heard.
    """

    def __init__(self, order: Order, write: Callable[[list[Row]], None], sayings: Sayings) -> None:
        """Make ready; nothing is asked yet.

        Args:
            order: what is to be watched.
            write: takes rows.
            sayings: takes words.
        """
        self._order = order
        self._name = order.exchange
        self._write = write
        self._say = sayings.say
        self.hearing = Hearing(order.exchange, order.symbols, order.told, self._tell_lost)
        self._last_ns = time.monotonic_ns()  # when the last row was heard, or connections reopened
        self._silences = 1
        config: dict[str, object] = {
            "enableRateLimit": True,
            "aiohttp_trust_env": not (order.url or order.urls),
            "options": {"tradesLimit": TRADES_LIMIT},
            **credentials(order.exchange),
        }
        listeners = Listeners(self._heard, self._tell_unreadable, self._tell_refused)
        self._exchange = make_exchange(order, config, listeners)

    async def run(self) -> None:
        """Watch for ever.

        Raises:
            SourceError: nothing of what was asked for can be had.
        """
        try:
            symbols = await self._find_symbols()
            async with asyncio.TaskGroup() as group:
                group.create_task(self._look_for_silence())
                group.create_task(self._watch_all(symbols))
        except BaseExceptionGroup as errors:
            raise _first(errors) from None
        finally:
            await self._exchange.close()

    async def _find_symbols(self) -> list[str]:
        """Return the symbols that there are, and tell of their markets."""
        exchange = self._exchange
        try:
            markets = await exchange.load_markets()
        except Exception as error:  # of any kind: the answer may be anything
            raise SourceError(f"its markets: {words_of(error, self._name)}") from error
        headers = exchange.last_response_headers or {}
        self.hearing.clock.note_date(headers.get("Date"), time.time_ns())
        if not markets:
            raise SourceError(f"its markets: {self._name} tells of none")
        unknown = [symbol for symbol in self._order.symbols if symbol not in markets]
        symbols = [symbol for symbol in self._order.symbols if symbol in markets]
        if not symbols:
            others = f" (nor the {len(unknown) - 1} others)" if len(unknown) > 1 else ""
            raise SourceError(f"{self._unknown_words(unknown[0])}{others}")
        self._tell_unknown(unknown)
        for symbol in symbols:
            if markets[symbol].get("active") is False:
                self._say("warning", f"{self._name} does not trade {symbol} at present")
        currencies = exchange.currencies or {}
        mode = exchange.precisionMode
        self._write(
            [instrument_row(markets[each], currencies, self._name, mode) for each in symbols]
        )
        return symbols

    async def _watch_all(self, symbols: list[str]) -> None:
        """Watch for ever what is to be had.

        Raises:
            SourceError: nothing is.
        """
        kinds = [("trades", self._watch_trades)]
        if self._order.quotes_from != "none":
            kinds.append(("best bids and asks", self._watch_quotes))
        refused: dict[str, str] = {}
        async with asyncio.TaskGroup() as group:
            for kind, watch in kinds:
                group.create_task(self._keep(kind, partial(watch, symbols), refused, len(kinds)))

    async def _keep(
        self, kind: str, watch: Callable[[], Awaitable[str]], refused: dict[str, str], kinds: int
    ) -> None:
        """Watch one kind for ever; where it is refused, once more after a while."""
        while True:
            why = await watch()
            refused[kind] = why
            if len(refused) == kinds:
                raise SourceError("; ".join(f"no {each}: {why}" for each, why in refused.items()))
            self._say("warning", f"there are no {kind}: {why}")
            await asyncio.sleep(_REFUSED_PAUSE_S)
            del refused[kind]

    async def _watch_trades(self, symbols: list[str]) -> str:
        """Watch trades; return why they are refused."""
        return await self._watch("trades", lambda: self._trades_asks(symbols))

    async def _watch_quotes(self, symbols: list[str]) -> str:
        """Watch best bids and asks the first way that there is; return why none is."""
        wished = self._order.quotes_from
        why: list[str] = []
        for way in _WAYS if wished == "auto" else [wished]:
            self.hearing.books = way == "book"
            ask = partial(self._quotes_asks, way, symbols, list(why))
            why.append(await self._watch("best bids and asks", ask))
        return "; ".join(why)

    def _trades_asks(self, symbols: list[str]) -> list[_Ask]:
        exchange = self._exchange
        if self._has("watchTradesForSymbols"):
            return [_ask(exchange.watch_trades_for_symbols, some) for some in _chunks(symbols)]
        if self._has("watchTrades"):
            return [_ask(exchange.watch_trades, symbol) for symbol in symbols]
        raise NotHad(f"ccxt does not have watchTrades of {self._name}")

    def _quotes_asks(self, way: QuotesFrom, symbols: list[str], why: list[str]) -> list[_Ask]:
        exchange = self._exchange
        if not any(map(self._has, _WAYS[way])):
            raise NotHad(f"ccxt does not have {_WAYS[way][-1]} of {self._name}")
        if way != "bidsasks":
            because = f", since {why[-1]}" if why else ""
            self._say("info", f"best bids and asks come from {_WAY_WORDS[way]}{because}")
        if way == "bidsasks":
            return [_ask(exchange.watch_bids_asks, some) for some in _chunks(symbols)]
        if way == "book":
            if self._has("watchOrderBookForSymbols"):
                ask = exchange.watch_order_book_for_symbols
                return [_ask(ask, some) for some in _chunks(symbols)]
            return [_ask(exchange.watch_order_book, symbol) for symbol in symbols]
        many = len(symbols) > _MOST_SINGLE_TICKERS and self._has("watchTickers")
        if self._has("watchTicker") and not many:
            return [_ask(exchange.watch_ticker, symbol) for symbol in symbols]
        return [_ask(exchange.watch_tickers, some) for some in _chunks(symbols)]

    def _has(self, method: str) -> bool:
        return self._exchange.has.get(method) is True

    async def _watch(self, what: str, make_asks: Callable[[], list[_Ask]]) -> str:
        """Ask for ever; return why one of them is refused for good."""
        tasks: list[asyncio.Task[NoReturn]] = []
        try:
            for ask in make_asks():
                task = asyncio.create_task(self._ask_again_and_again(what, ask))
                tasks.append(task)
            await asyncio.gather(*tasks)
        except NotHad as error:
            return str(error)
        finally:
            for task in tasks:
                task.cancel()
        raise AssertionError("they ask for ever")

    async def _ask_again_and_again(self, what: str, ask: _Ask) -> NoReturn:
        pause_s, failed = _FIRST_PAUSE_S, False
        while True:
            try:
                await ask()
            except asyncio.CancelledError:
                task = asyncio.current_task()
                if task is None or task.cancelling():
                    raise
                why = f"{self._name} has lost the connection"  # ccxt cancels its own futures
            except Exception as error:  # of any kind: ccxt raises what its parsing raises
                why = words_of(error, self._name)
                if remedy_of(error) is Remedy.ANOTHER_WAY:
                    raise NotHad(why) from error
            else:
                if failed:
                    self._say("info", f"{self._name} tells {what} again")
                pause_s, failed = _FIRST_PAUSE_S, False
                continue
            failed = True
            self._say("warning", f"{what}: {why}; asking again", kind=f"{what} {why[:60]}")
            await asyncio.sleep(pause_s * random.uniform(0.5, 1))
            pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)

    async def _look_for_silence(self) -> None:
        """Open connections anew that are open, and say nothing; some pings are answered by all."""
        limit_s = self._order.silence_s
        while True:
            await asyncio.sleep(min(_LOOK_S, limit_s / 4))
            silent_s = (time.monotonic_ns() - self._last_ns) / 1e9
            if silent_s < limit_s * self._silences:
                continue
            self._say(
                "warning",
                f"{self._name} has told nothing for {silent_s:.0f} s; its connections are opened "
                "anew",
            )
            self._silences = min(2 * self._silences, _LONGEST_SILENCES)
            self._last_ns = time.monotonic_ns()
            drop_connections(self._exchange, "it was silent")

    # What connections tell.

    def _heard(self, told: object, message_hash: object) -> None:
        rows = self.hearing.hear(told, message_hash, time.time_ns())
        if rows:
            self._last_ns = time.monotonic_ns()
            self._silences = 1
            self._write(rows)

    def _tell_lost(self, symbol: str) -> None:
        words = f"{self._name} told over {TRADES_LIMIT} trades of {symbol} at once: some are lost"
        self._say("warning", words, kind="lost")

    def _tell_unreadable(self, error: Exception) -> None:
        told = f"{type(error).__name__}: {shorten(str(error), 200)}"
        words = f"{self._name} sent a message that ccxt cannot read, which is left out: {told}"
        self._say("warning", words, kind="unreadable")

    def _tell_refused(self, error: object) -> None:
        told = words_of(error, self._name) if isinstance(error, BaseException) else shorten(error)
        self._say("warning", told)

    def _tell_unknown(self, unknown: list[str]) -> None:
        for symbol in unknown[:_MOST_TOLD]:
            self._say("warning", f"left out: {self._unknown_words(symbol)}")
        if len(unknown) > _MOST_TOLD:
            more = len(unknown) - _MOST_TOLD
            self._say("warning", f"left out: {more} more symbols that {self._name} does not have")

    def _unknown_words(self, symbol: str) -> str:
        markets = self._exchange.markets
        meant = [each["symbol"] for each in self._exchange.markets_by_id.get(symbol, [])]
        near = list(dict.fromkeys([*meant, *nearest_symbols(symbol, markets)]))[:3]
        if near:
            hint = f"did you mean {' or '.join(near)}?"
        else:
            hint = f"it has {len(markets)}, such as {', '.join(islice(markets, 3))}"
        return f"{self._name} does not have the symbol {shorten(symbol)}; {hint}"


def _first(errors: BaseExceptionGroup[BaseException]) -> BaseException:
    error = errors.exceptions[0]
    return _first(error) if isinstance(error, BaseExceptionGroup) else error


def credentials(exchange: str) -> dict[str, str]:
    """Return the keys of an exchange that stand in the environment, as CCXT_ALPACA_APIKEY."""
    names = {field: f"CCXT_{exchange.upper()}_{end}" for field, end in _CREDENTIALS.items()}
    return {field: environ[name] for field, name in names.items() if environ.get(name)}


def _ask(method: Callable[..., Awaitable[object]], of: object) -> _Ask:
    """Return what asks a method for something; ccxt changes the map that it is given."""
    return lambda: method(of, params={})


def _chunks(symbols: Sequence[str]) -> Iterator[list[str]]:
    for start in range(0, len(symbols), _MOST_AT_ONCE):
        yield list(symbols[start : start + _MOST_AT_ONCE])
