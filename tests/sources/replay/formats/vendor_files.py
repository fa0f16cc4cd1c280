"""A file of each vendor's format, from its documented columns, and the ticks that it holds.

Every number is drawn once, as an integer of its smallest unit. The row and the tick are both
written from it, so that neither is read from the other.
"""

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal

from feed.market.ticks import Quote, Tick, Trade

ROWS = 300
BEGIN_NS = 1_735_828_200_000_000_000  # 2025-01-02T14:30:00Z


@dataclass(frozen=True)
class VendorFile:
    """A file as a vendor names and writes it; `words` is what it is to be taken for."""

    name: str
    lines: list[str]
    ticks: list[Tick]
    words: str

    @property
    def data(self) -> bytes:
        return "".join(f"{line}\n" for line in self.lines).encode()


@dataclass(frozen=True)
class Drawn:
    """What happened: prices in 1e-9, sizes in 1e-8."""

    number: int
    at_ns: int
    price: int
    size: int
    other: int  # the price of the other side
    other_size: int
    buys: bool

    @property
    def floats(self) -> tuple[float, float]:
        return float(decimal(self.price, 9)), float(decimal(self.size, 8))

    @property
    def other_floats(self) -> tuple[float, float]:
        return float(decimal(self.other, 9)), float(decimal(self.other_size, 8))

    @property
    def side(self) -> str:
        return "B" if self.buys else "S"


def decimal(value: int, digits: int) -> Decimal:
    return Decimal(value).scaleb(-digits)


def drawn(unit_ns: int, *, back_ms: int = 20) -> Iterator[Drawn]:
    """Draw rows whose times are whole in a unit, and go back at times by so much."""
    draw = random.Random(7)
    at_ns = BEGIN_NS
    for number in range(ROWS):
        at_ns += draw.randrange(-back_ms, 200) * 1_000_000 // unit_ns * unit_ns
        yield Drawn(
            1_000_000 + number,
            at_ns,
            draw.randrange(1, 10**14),
            draw.randrange(1, 10**12),
            draw.randrange(1, 10**14),
            draw.randrange(1, 10**12),
            draw.random() < 0.5,
        )


def tardis_trades() -> VendorFile:
    lines = ["exchange,symbol,timestamp,local_timestamp,id,side,price,amount"]
    ticks: list[Tick] = []
    for row in drawn(1_000):
        side = ("buy", "sell")[not row.buys] if row.number % 7 else "unknown"
        own = f"{row.number:x}-{row.number}"  # a text, as many exchanges have it
        us = row.at_ns // 1_000
        price, size = decimal(row.price, 9), decimal(row.size, 8)
        lines.append(f"bitmex,XBTUSD,{us},{us + 900},{own},{side},{price:f},{size:f}")
        taker = row.side if row.number % 7 else ""
        number = row.number - 1_000_000 + 1
        ticks.append(
            Trade(
                *("XBTUSD", number, "bitmex", *row.floats, row.at_ns),
                taker_side=taker,
                exact_id=own,
            )
        )
    return VendorFile("bitmex_trades_2025-01-02_XBTUSD.csv", lines, ticks, "trades of Tardis, CSV")


def tardis_quotes() -> VendorFile:
    lines = ["exchange,symbol,timestamp,local_timestamp,ask_amount,ask_price,bid_price,bid_amount"]
    ticks: list[Tick] = []
    for row in drawn(1_000):
        us = row.at_ns // 1_000
        ask = f"{decimal(row.other_size, 8):f},{decimal(row.other, 9):f}"
        bid = f"{decimal(row.price, 9):f},{decimal(row.size, 8):f}"
        bid_floats, ask_floats = row.floats, row.other_floats
        if row.number % 11 == 0:
            ask, ask_floats = ",", (0.0, 0.0)
        lines.append(f"deribit,BTC-PERPETUAL,{us},{us + 7},{ask},{bid}")
        venue = "deribit"
        ticks.append(Quote("BTC-PERPETUAL", venue, *bid_floats, venue, *ask_floats, row.at_ns))
    return VendorFile("deribit_quotes_2025-01-02.csv", lines, ticks, "quotes of Tardis, CSV")


_TAPES = {1: "A", 2: "B", 3: "C"}


def massive_trades() -> VendorFile:
    header = (
        "ticker,conditions,correction,exchange,id,participant_timestamp,price,sequence_number,"
        "sip_timestamp,size,tape,trf_id,trf_timestamp"
    )
    lines = [header]
    ticks: list[Tick] = []
    for row in drawn(1, back_ms=0):
        conditions = ("", "37", '"12,37"')[row.number % 3]
        tape, exchange = row.number % 3 + 1, row.number % 21 + 1
        lines.append(
            f"AAPL,{conditions},0,{exchange},{row.number},{row.at_ns - 300},"
            f"{decimal(row.price, 9):f},{row.number},{row.at_ns},{decimal(row.size, 8):f},{tape},,"
        )
        ticks.append(
            Trade(
                *("AAPL", row.number, str(exchange), *row.floats, row.at_ns),
                conditions=((), ("37",), ("12", "37"))[row.number % 3],
                tape=_TAPES[tape],
            )
        )
    return VendorFile(
        "2025-01-02.csv", lines, ticks, "trades of Massive (Polygon), CSV, sorted by time"
    )


def massive_quotes() -> VendorFile:
    header = (
        "ticker,ask_exchange,ask_price,ask_size,bid_exchange,bid_price,bid_size,conditions,"
        "indicators,participant_timestamp,sequence_number,sip_timestamp,tape,trf_timestamp"
    )
    lines = [header]
    ticks: list[Tick] = []
    for row in drawn(1, back_ms=0):
        ask, ask_floats = f"{decimal(row.other, 9):f},3", (float(decimal(row.other, 9)), 3.0)
        if row.number % 5 == 0:
            ask, ask_floats = "0.0,0", (0.0, 0.0)
        lines.append(
            f"O:SPY251219C00650000,4,{ask},12,{decimal(row.price, 9):f},2,1,604,{row.at_ns - 5},"
            f"{row.number},{row.at_ns},3,0"
        )
        bid = float(decimal(row.price, 9))
        ticks.append(
            Quote(
                *("O:SPY251219C00650000", "12", bid, 2.0, "4", *ask_floats, row.at_ns, ("1",)),
                tape="C",
            )
        )
    return VendorFile(
        "2025-01-03.csv", lines, ticks, "quotes of Massive (Polygon), CSV, sorted by time"
    )


def massive_currencies() -> VendorFile:
    lines = ["ticker,ask_exchange,ask_price,bid_exchange,bid_price,participant_timestamp"]
    ticks: list[Tick] = []
    for row in drawn(1, back_ms=0):
        bid, ask = decimal(row.price, 9), decimal(row.other, 9)
        lines.append(f"C:EUR-USD,48,{ask:f},48,{bid:f},{row.at_ns}")
        ticks.append(Quote("C:EUR-USD", "48", float(bid), 0.0, "48", float(ask), 0.0, row.at_ns))
    words = "quotes of Massive (Polygon) for currencies, without sizes, CSV, sorted by time"
    return VendorFile("2025-01-04.csv", lines, ticks, words)


_DATABENTO = (
    "ts_recv,ts_event,rtype,publisher_id,instrument_id,action,side,depth,price,size,flags,"
    "ts_in_delta,sequence"
)


def databento_trades(*, pretty: bool) -> VendorFile:
    lines = [f"{_DATABENTO},symbol"]
    ticks: list[Tick] = []
    for index, row in enumerate(drawn(1)):
        price = f"{decimal(row.price, 9):.9f}" if pretty else str(row.price)
        times = [iso(ns) if pretty else str(ns) for ns in (row.at_ns + 9, row.at_ns)]
        side, taker = (("A", "S"), ("B", "B"), ("N", ""))[row.number % 3]
        size = row.size % 1_000 + 1
        lines.append(
            f"{','.join(times)},0,2,5482,T,{side},0,{price},{size},0,165,{row.number},ESH5"
        )
        ticks.append(
            Trade(
                *("ESH5", index + 1, "2", row.floats[0], float(size), row.at_ns),
                taker_side=taker,
            )
        )
    return VendorFile("glbx-mdp3-20250102.csv", lines, ticks, "trades of Databento, CSV")


def databento_book() -> VendorFile:
    undefined = (1 << 63) - 1
    lines = [f"{_DATABENTO},bid_px_00,ask_px_00,bid_sz_00,ask_sz_00,bid_ct_00,ask_ct_00,symbol"]
    ticks: list[Tick] = []
    trades = 0
    for row in drawn(1):
        bid_size, ask_size = row.size % 100 + 1, row.other_size % 100 + 1
        ask = row.other if row.number % 13 else undefined
        action = "T" if row.number % 4 == 0 else "A"
        levels = f"{row.price},{ask},{bid_size},{ask_size if row.number % 13 else 0},1,1"
        lines.append(
            f"{row.at_ns + 9},{row.at_ns},1,2,5482,{action},B,0,{row.price},7,0,165,1,{levels},NQH5"
        )
        if action == "T":
            trades += 1
            ticks.append(Trade("NQH5", trades, "2", row.floats[0], 7.0, row.at_ns, taker_side="B"))
            continue
        ask_side = (row.other_floats[0], float(ask_size)) if row.number % 13 else (0.0, 0.0)
        bid_side = (row.floats[0], float(bid_size))
        ticks.append(Quote("NQH5", "2", *bid_side, "2", *ask_side, row.at_ns))
    words = "best bid and ask of Databento (mbp-1), and the trades among them, CSV"
    return VendorFile("glbx-mdp3-20250102.mbp-1.csv", lines, ticks, words)


def binance_trades(unit_ns: int = 1_000) -> VendorFile:
    lines: list[str] = []
    ticks: list[Tick] = []
    for row in drawn(unit_ns):
        maker = not row.buys
        price, size = decimal(row.price, 9), decimal(row.size, 8)
        lines.append(
            f"{row.number},{price:f},{size:f},{price * size:f},{row.at_ns // unit_ns},{maker},True"
        )
        ticks.append(
            Trade(
                *("BTCUSDT", row.number, "binance", *row.floats, row.at_ns),
                taker_side=row.side,
            )
        )
    words = "trades of Binance, CSV without a header"
    return VendorFile("BTCUSDT-trades-2025-01-02.csv", lines, ticks, words)


def binance_aggregates() -> VendorFile:
    lines: list[str] = []
    ticks: list[Tick] = []
    for row in drawn(1_000_000):
        price, size = decimal(row.price, 9), decimal(row.size, 8)
        lines.append(
            f"{row.number},{price:f},{size:f},{row.number * 3},{row.number * 3 + 2},"
            f"{row.at_ns // 1_000_000},{not row.buys},True"
        )
        ticks.append(
            Trade(
                *("1000PEPEUSDT", row.number, "binance", *row.floats, row.at_ns),
                taker_side=row.side,
            )
        )
    words = "aggregated trades of Binance, CSV without a header"
    return VendorFile("1000PEPEUSDT-aggTrades-2024-12.csv", lines, ticks, words)


def binance_futures() -> VendorFile:
    spot = binance_trades(1_000_000)
    header = "id,price,qty,quote_qty,time,is_buyer_maker"
    lines = [line.rpartition(",")[0].replace("True", "true") for line in spot.lines]
    return VendorFile(
        "BTCUSDT-trades-2025-01.csv", [header, *lines], spot.ticks, "trades of Binance, CSV"
    )


def kraken() -> VendorFile:
    lines: list[str] = []
    ticks: list[Tick] = []
    for index, row in enumerate(drawn(100_000)):
        seconds = decimal(row.at_ns, 9)
        time = f"{seconds:.4f}" if row.number % 2 else f"{seconds.normalize():f}"
        size = f"{decimal(row.size, 8):e}"  # scientific notation
        lines.append(f"{time},{decimal(row.price, 9):f},{size}")
        ticks.append(Trade("XBTUSD", index + 1, "kraken", *row.floats, row.at_ns))
    words = "time and sales of Kraken, CSV without a header"
    return VendorFile("XBTUSD.csv", lines, ticks, words)


def iso(ns: int) -> str:
    seconds, fraction = divmod(ns - BEGIN_NS + 30 * 60 * 10**9, 10**9)
    minutes, second = divmod(seconds, 60)
    return f"2025-01-02T14:{minutes:02}:{second:02}.{fraction:09}Z"


FILES: dict[str, Callable[[], VendorFile]] = {
    "tardis trades": tardis_trades,
    "tardis quotes": tardis_quotes,
    "massive trades": massive_trades,
    "massive quotes": massive_quotes,
    "massive currencies": massive_currencies,
    "databento trades": lambda: databento_trades(pretty=False),
    "databento pretty": lambda: databento_trades(pretty=True),
    "databento mbp-1": databento_book,
    "binance trades": binance_trades,
    "binance aggregates": binance_aggregates,
    "binance futures": binance_futures,
    "kraken": kraken,
}
