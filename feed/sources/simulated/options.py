"""The options of the simulated market."""

from datetime import UTC, datetime, timedelta
from typing import Annotated

from pydantic import AfterValidator, AwareDatetime, BeforeValidator, Field
from pydantic_settings import NoDecode

from feed.errors import shorten
from feed.market.symbols import SYMBOL_SHAPE, is_symbol
from feed.sources.options import (
    SYMBOLS_WORDS,
    Accepts,
    SourceOptions,
    not_a_boolean,
    not_a_number,
    refusal,
    split_at_commas,
)
from feed.sources.simulated.instruments import MAX_SYMBOLS, MIN_SYMBOLS
from feed.sources.simulated.market import MAX_RATE, MIN_RATE
from feed.sources.source import Source

_NANOSECONDS_PER_MICROSECOND = 1_000


def _symbols(value: object) -> object:
    if isinstance(value, str) and value.strip().removeprefix("-").isdecimal():
        return int(value)
    return split_at_commas(not_a_boolean(value))


def _are_symbols(value: int | tuple[str, ...]) -> int | tuple[str, ...]:
    if isinstance(value, int):
        if not MIN_SYMBOLS <= value <= MAX_SYMBOLS:
            raise ValueError("out of range")
    elif not value:
        raise ValueError("empty")
    elif refused := [each for each in value if not is_symbol(each)]:
        raise refusal(f"{SYMBOL_SHAPE}; {shorten(refused[0])} is none")
    elif len(set(value)) < len(value) or len(value) > MAX_SYMBOLS:
        raise refusal(f"every symbol once, and at most {MAX_SYMBOLS}")
    return value


def _is_since_1970(value: datetime | None) -> datetime | None:
    # MessagePack's 64-bit timestamps begin there.
    if value is not None and value < datetime(1970, 1, 1, tzinfo=UTC):
        raise ValueError("before 1970")
    return value


class SimulatedOptions(SourceOptions):
    """A market that needs no exchange."""

    usage = "sim"

    symbols: Annotated[
        int | tuple[str, ...],
        NoDecode,
        BeforeValidator(_symbols),
        AfterValidator(_are_symbols),
        Accepts(
            f"how many, from {MIN_SYMBOLS} to {MAX_SYMBOLS}, or a list such as AAPL,BRK.B,BTC/USD"
        ),
    ] = Field(default=100, description=SYMBOLS_WORDS)
    rate: Annotated[
        float,
        BeforeValidator(not_a_boolean),
        Field(ge=MIN_RATE, le=MAX_RATE, allow_inf_nan=False),
        Accepts(f"ticks per second, from {MIN_RATE:g} to {MAX_RATE:,.0f}"),
    ] = Field(
        default=1000.0, description="Simulated trades and quotes per second over all symbols."
    )
    seed: Annotated[
        Annotated[int, BeforeValidator(not_a_boolean), Field(ge=0, lt=1 << 64)] | None,
        Accepts("a whole number from 0 to 2^64 - 1"),
    ] = Field(
        default=None, description="Seed of the simulation; the same seed gives the same ticks."
    )
    start: Annotated[
        AwareDatetime | None,
        BeforeValidator(not_a_number),
        AfterValidator(_is_since_1970),
        Accepts("a time since 1970 with its offset, such as 2026-01-02T14:30:00Z", "datetime"),
    ] = Field(default=None, description="Event time of the first simulated tick; now by default.")

    @property
    def start_ns(self) -> int | None:
        """The simulation's start in nanoseconds since the Unix epoch, or None for now."""
        if self.start is None:
            return None
        since_epoch = self.start - datetime(1970, 1, 1, tzinfo=UTC)
        return since_epoch // timedelta(microseconds=1) * _NANOSECONDS_PER_MICROSECOND

    def make(self) -> Source:
        """Return a simulated market; without a seed it is another one every time."""
        from feed.sources.simulated.source import SimulatedSource  # noqa: PLC0415 - brings asyncio

        return SimulatedSource(
            symbols=self.symbols if isinstance(self.symbols, int) else list(self.symbols),
            rate=self.rate,
            seed=self.seed,
            start_ns=self.start_ns,
        )

    def describe(self) -> str:
        """Return how many symbols there are, or which, and their rate."""
        what = (
            f"{self.symbols} symbols" if isinstance(self.symbols, int) else ", ".join(self.symbols)
        )
        return f"a simulated market of {what} at {self.rate:g} ticks/s"
