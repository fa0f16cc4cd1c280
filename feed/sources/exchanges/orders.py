"""What the program that watches an exchange is told before it begins: one line of JSON.

It comes on standard input, which stays open: its end is the end of whoever is written to.
"""

from dataclasses import asdict, dataclass, field
from typing import Literal, get_args

import orjson

from feed.errors import InvalidInput

QuotesFrom = Literal["auto", "bidsasks", "book", "ticker", "none"]
QUOTES_FROM: tuple[QuotesFrom, ...] = get_args(QuotesFrom)
SILENCE_S = 60.0


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be watched.

    Attributes:
        exchange: as ccxt calls it.
        symbols: as ccxt writes them, such as BTC/USDT.
        url: of a server that speaks for the exchange; "": its own.
        urls: others, by their place in ccxt's `urls`, such as "ws.spot".
        quotes_from: what tells the best bid and ask; "auto" is the first that ccxt has.
        silence_s: after so long without a tick all connections are opened anew.
        told: by symbol, the id of the last trade that an earlier program told.
    """

    exchange: str
    symbols: tuple[str, ...]
    url: str = ""
    urls: dict[str, str] = field(default_factory=dict)
    quotes_from: QuotesFrom = "auto"
    silence_s: float = SILENCE_S
    told: dict[str, str] = field(default_factory=dict)

    def line(self) -> bytes:
        """Return it as a line."""
        return orjson.dumps(asdict(self)) + b"\n"

    @classmethod
    def of(cls, line: bytes) -> "Order":
        """Return the order that a line holds.

        Raises:
            InvalidInput: it is none.
        """
        try:
            fields = orjson.loads(line)
            return cls(**{**fields, "symbols": tuple(fields["symbols"])})
        except (orjson.JSONDecodeError, TypeError, KeyError):
            accepted = "an order, as a feed server writes it on standard input"
            raise InvalidInput(f"not started by a server; accepted: {accepted}") from None
