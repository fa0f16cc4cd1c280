"""The dialect's own SDKs, unmodified, against `feed serve`.

The market starts 1.5 s before a full minute, so that minute bars come soon, and waits for the SDK,
so that they come to it.
"""

import asyncio
import importlib.util
import json
import sys
import threading
from asyncio.subprocess import PIPE
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.conftest import Program, Run
from tests.fakes.patience import PROGRAM_PATIENCE_S

pytest.importorskip("alpaca", reason="alpaca-py is not installed (the extra `clients`)")

from alpaca.common.exceptions import APIError
from alpaca.data.enums import MarketType, MostActivesBy
from alpaca.data.historical.screener import ScreenerClient
from alpaca.data.live import CryptoDataStream, StockDataStream
from alpaca.data.models import Bar, Quote, Trade
from alpaca.data.models.screener import MostActives, Movers
from alpaca.data.requests import MarketMoversRequest, MostActivesRequest

START = "2026-01-02T14:30:58.5Z"
ENOUGH = 20


class Heard:
    """What the handlers of a stream were called with, and when that is enough."""

    def __init__(self) -> None:
        self.trades: list[Trade] = []
        self.quotes: list[Quote] = []
        self.bars: list[Bar] = []
        self.enough = threading.Event()
        self.enough_bars = 1

    async def trade(self, trade: Trade) -> None:
        self.trades.append(trade)
        self._look()

    async def quote(self, quote: Quote) -> None:
        self.quotes.append(quote)
        self._look()

    async def bar(self, bar: Bar) -> None:
        self.bars.append(bar)
        self._look()

    def _look(self) -> None:
        if min(len(self.trades), len(self.quotes)) >= ENOUGH and len(self.bars) >= self.enough_bars:
            self.enough.set()


async def history_of(program: Program, selection: str) -> list[Any]:
    """Return all ticks of a selection that the server holds, however many have come by now."""
    ticks: list[Any] = []
    after: str | None = "0"
    while after is not None:
        page = await program.document(f"/v1/history?{selection}&limit=10000&after={after}")
        ticks += page["ticks"]
        after = page["next"]
    return ticks


@contextmanager
def running(stream: Any) -> Iterator[None]:
    """Run an SDK's stream in the thread that it wants for itself."""
    thread = threading.Thread(target=stream.run, daemon=True)
    thread.start()
    try:
        yield
    finally:
        stream.stop()
        thread.join(PROGRAM_PATIENCE_S)
        assert not thread.is_alive()


@pytest.mark.parametrize(
    ("sdk", "path", "symbols", "others"),
    [
        (StockDataStream, "/v2/iex", ["AAPL", "MSFT"], ["NVDA", "BTC/USD"]),
        (CryptoDataStream, "/v1beta3/crypto/us", ["BTC/USD", "ETH/USD"], ["SOL/USD", "AAPL"]),
    ],
)
async def test_alpaca_py_receives_trades_quotes_and_bars(
    run: Run, sdk: Any, path: str, symbols: list[str], others: list[str]
) -> None:
    program = await run(
        *("--symbols", ",".join([*symbols, *others]), "--rate", "500"),
        *("--seed", "7", "--start", START, "--wait-for", "1"),
    )
    heard = Heard()
    stream = sdk("key", "secret", url_override=program.url(path, "ws"))
    stream.subscribe_trades(heard.trade, *symbols)
    stream.subscribe_quotes(heard.quote, "*")
    stream.subscribe_bars(heard.bar, *symbols)
    with running(stream):
        await wait(heard.enough)
    assert {trade.symbol for trade in heard.trades} <= set(symbols)
    assert {quote.symbol for quote in heard.quotes} == {*symbols, others[0]}, "those of its class"
    ticks = await history_of(program, f"trades={','.join(symbols)}")
    known = {(tick["S"], tick["i"]): tick for tick in ticks}
    for trade in heard.trades[:ENOUGH]:
        tick = known[trade.symbol, trade.id]
        assert (trade.price, trade.size) == (tick["p"], tick["s"])
        microseconds = f"{trade.timestamp:%Y-%m-%dT%H:%M:%S.%f}"
        assert tick["t"].startswith(microseconds), "the SDK keeps microseconds"
    for quote in heard.quotes[:ENOUGH]:
        assert 0 < quote.bid_price < quote.ask_price
    bar = heard.bars[0]
    assert f"{bar.timestamp:%H:%M:%S}" == "14:30:00"
    assert bar.low <= min(bar.open, bar.close) <= max(bar.open, bar.close) <= bar.high
    assert bar.trade_count
    status = await program.document("/v1/status")
    assert status["disconnects"].get("protocol", 0) == 0


async def test_alpaca_py_hears_the_same_from_a_server_that_reads_from_another(run: Run) -> None:
    first = await run("--symbols", "AAPL,MSFT,BTC/USD", "--rate", "500", "--seed", "7")
    address = first.url("/v2/iex", "ws")
    second = await run("--source", f"alpaca:{address}?upstream-codec=msgpack")
    second.may_say = ("source_failed",)  # once the first has ended
    heard = Heard()
    heard.enough_bars = 0
    stream: Any = StockDataStream("key", "secret", url_override=second.url("/v2/iex", "ws"))
    stream.subscribe_trades(heard.trade, "*")
    stream.subscribe_quotes(heard.quote, "*")
    with running(stream):
        await wait(heard.enough)
    assert {trade.symbol for trade in heard.trades} == {"AAPL", "MSFT"}
    ticks = await history_of(first, "trades=*&quotes=*")
    known = {(tick["S"], tick["i"]): tick for tick in ticks if tick["T"] == "t"}
    for trade in heard.trades[:ENOUGH]:
        tick = known[trade.symbol, trade.id]
        assert (trade.price, trade.size) == (tick["p"], tick["s"])
    asked = {(tick["S"], tick["bp"], tick["ap"]) for tick in ticks if tick["T"] == "q"}
    assert {(each.symbol, each.bid_price, each.ask_price) for each in heard.quotes} <= asked


async def test_alpaca_py_screens_the_market(run: Run) -> None:
    program = await run(
        *("--symbols", "AAPL,MSFT,NVDA,BTC/USD,ETH/USD", "--rate", "500"),
        *("--seed", "7", "--start", START),
    )
    await program.until_metric("feed_ticks_total", 1_000)
    client = ScreenerClient("key", "secret", url_override=program.url(""))

    def screen() -> tuple[Any, ...]:
        return (
            client.get_most_actives(MostActivesRequest(by=MostActivesBy.TRADES, top=2)),
            client.get_market_movers(MarketMoversRequest(top=50)),
            client.get_market_movers(MarketMoversRequest(market_type=MarketType.CRYPTO)),
        )

    actives, stocks, coins = await asyncio.to_thread(screen)
    assert isinstance(actives, MostActives)
    assert isinstance(stocks, Movers)
    first, second = actives.most_actives
    assert first.trade_count >= second.trade_count > 0
    assert first.volume > 0
    listed = (await program.document("/v1/symbols"))["symbols"]
    closes = {known["symbol"]: known["previous_close"] for known in listed}
    for mover in (*stocks.gainers, *stocks.losers, *coins.gainers, *coins.losers):
        assert mover.price - mover.change == pytest.approx(closes[mover.symbol])
        percent = 100 * mover.change / closes[mover.symbol]
        assert mover.percent_change == pytest.approx(percent, abs=1e-5)
    assert all(mover.percent_change > 0 for mover in stocks.gainers)
    assert {mover.symbol for mover in (*coins.gainers, *coins.losers)} <= {"BTC/USD", "ETH/USD"}
    with pytest.raises(APIError, match="a whole number from 1 to 100"):
        await asyncio.to_thread(client.get_most_actives, MostActivesRequest(top=101))


async def test_alpaca_py_changes_its_subscription_while_it_runs(run: Run) -> None:
    program = await run("--symbols", "AAPL,MSFT", "--rate", "500")
    stream = StockDataStream("key", "secret", url_override=program.url("/v2/sip", "ws"))
    heard: dict[str, threading.Event] = {name: threading.Event() for name in ("AAPL", "MSFT")}

    async def handle(trade: Any) -> None:
        heard[trade.symbol].set()

    stream.subscribe_trades(handle, "AAPL")
    with running(stream):
        await wait(heard["AAPL"])
        assert not heard["MSFT"].is_set()
        stream.subscribe_trades(handle, "MSFT")
        await wait(heard["MSFT"])
        stream.unsubscribe_trades("AAPL")
        heard["MSFT"].clear()
        await wait(heard["MSFT"])


async def test_ccxt_receives_candles_trades_and_quotes_after_its_markets(run: Run) -> None:
    if importlib.util.find_spec("ccxt") is None:  # and not imported here
        pytest.skip("ccxt is not installed (the extra `clients`)")
    program = await run(
        *("--symbols", "AAPL,BTC/USD,ETH/USD", "--rate", "500"),
        *("--seed", "7", "--start", START, "--wait-for", "1"),
    )
    client = await asyncio.create_subprocess_exec(
        *(sys.executable, str(Path(__file__).parent / "ccxt_client.py")),
        *(program.url(""), program.url("/v1beta3/crypto/us", "ws")),
        stdout=PIPE,
    )
    try:
        async with asyncio.timeout(2 * PROGRAM_PATIENCE_S):  # importing ccxt takes its time
            answer, _ = await client.communicate()
    finally:
        if client.returncode is None:
            client.kill()
    heard = json.loads(answer)
    assert {"BTC/USD", "ETH/USD"} <= set(heard["markets"])
    assert "AAPL" not in heard["markets"], "it asks for crypto only"
    assert heard["candles"][0][0] == 1_767_364_200_000, "14:30:00 in milliseconds"
    ticks = await history_of(program, "trades=BTC/USD")
    known = {str(tick["i"]): tick for tick in ticks}
    assert len(heard["trades"]) >= ENOUGH
    for trade in heard["trades"]:
        tick = known[trade["id"]]
        assert (trade["price"], trade["amount"]) == (tick["p"], tick["s"])
        assert trade["side"] == {"B": "buy", "S": "sell"}[tick["tks"]]
    assert heard["ticker"]["symbol"] == "ETH/USD"
    assert 0 < heard["ticker"]["bid"] < heard["ticker"]["ask"]


async def wait(event: threading.Event) -> None:
    """Wait for what happens in another thread, without holding up this one's loop."""
    assert await asyncio.to_thread(event.wait, PROGRAM_PATIENCE_S), "the SDK heard too little"
