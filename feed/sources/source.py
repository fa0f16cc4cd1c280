"""The form of every source of ticks, and of the instruments that it lists."""

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol, runtime_checkable

from feed.broadcast.archive import Stretch
from feed.market.past import Past
from feed.market.receipts import Producer
from feed.market.ticks import Kind, Tick
from feed.sources.follow.steps import Step
from feed.wire.position import Position


@dataclass(frozen=True, slots=True)
class Instrument:
    """An instrument: a symbol with its words, for `/v1/symbols` and `/v2/assets`.

    Attributes:
        symbol: as ticks carry it.
        name: in words; the symbol again where nothing better is known.
        asset_class: "us_equity" or "crypto", the dialect's words, or any other.
        sector: in words, or "" where it has none.
        exchange: name of its primary exchange, or "".
        currency: of its prices, or "".
        price_step: the grid of its prices, above 0; None: nobody has said, and no price has come.
        lot: the least size that is traded, above 0; None: nobody has said.
    """

    symbol: str
    name: str
    asset_class: str
    sector: str = ""
    exchange: str = ""
    currency: str = ""
    price_step: float | None = None
    lot: float | None = None


class Source(Protocol):
    """An origin of ticks.

    A source is opened, then iterated; every item is a list of ticks in order, never empty. The
    runner asks for the next list when it has published the one before. A source that `can_wait` is
    not asked again while the slowest lossless subscriber is behind.

    Attributes:
        name: short, for metrics and `/v1/status`: "sim", "replay".
        can_wait: production may be paused without loss (a recording), or not (a live market).
        live: its ticks happen now, so that their age and its silence mean something.
        recorded_kinds: kinds of bars that come from the source itself and are not to be rebuilt.
        passes: grows before the first tick of each pass of a recording that loops, or that holds
            several; else constant.
    """

    name: str
    can_wait: bool
    live: bool
    recorded_kinds: frozenset[Kind]
    passes: int

    @property
    def clocks_ns(self) -> Sequence[int] | None:
        """The market's clock at each tick of the list that came last.

        None: nobody judged their times (see `feed.market.market_clock`).
        """

    @property
    def rows_skipped(self) -> Mapping[str, int]:
        """Rows of a recording that were left out, by reason; empty where there are none."""

    async def open(self) -> None:
        """Make ready to produce.

        Raises:
            SourceError: it cannot be opened; the message names the place and the reason.
        """

    def instruments(self) -> list[Instrument]:
        """Return the instruments known so far, sorted by symbol; they may grow while ticks come."""

    def instrument(self, symbol: str) -> Instrument | None:
        """Return one of them, at the cost of a look-up: it is asked for each symbol that is new."""

    def batches(self) -> AsyncIterator[list[Tick]]:
        """Yield lists of ticks until the source ends.

        Raises:
            SourceError: it cannot be read any further.
        """

    async def close(self) -> None:
        """Release files and connections; harmless when called twice."""


@runtime_checkable
class NumbersTrades(Protocol):
    """A source that may give trades without ids, which have numbers of our own then."""

    @property
    def numbers_trades(self) -> bool:
        """Whether it has given one."""


@runtime_checkable
class HasPast(Protocol):
    """A source that can tell bars of before its first tick."""

    def past(self) -> Past:
        """Return them, once it is open; they end where it first began, also when it is taken up."""


@runtime_checkable
class ReadsAhead(Protocol):
    """A source that has taken ticks which nobody can give again, such as those of a pipe."""

    def stop_reading(self) -> None:
        """Take no more: `batches` gives what was taken, and ends."""


@runtime_checkable
class ReadsDescriptor(Protocol):
    """A source that reads a descriptor, which another process can read on from."""

    @property
    def descriptor(self) -> int | None:
        """The descriptor, which stays the source's own; None: it is not open."""

    @property
    def header(self) -> bytes:
        """What came first, and says what the rest means; b"": the rest says that itself."""

    def adopt(self, descriptor: int, header: bytes) -> None:
        """Read on from a descriptor that others have read from, once it is opened.

        Args:
            descriptor: the source's own from now on.
            header: as they told it.
        """


@runtime_checkable
class Resumable(Protocol):
    """A source that another process can take up where this one stood.

    Its ticks are always the same, so that it needs to know no more than how many it has given.

    Attributes:
        given_ticks: how many this process gave. The list that came last counts once the next one
            was asked for, since its ticks may not have been published before.
    """

    given_ticks: int

    def state(self) -> dict[str, Any]:
        """Return all that it takes to go on behind `given_ticks`, as plain data.

        That is numbers of 64 bits, texts, bytes, lists and maps.
        """

    def resume(self, state: dict[str, Any], skipped_ticks: int) -> bool:
        """Take up the state of another process, before it is opened.

        Args:
            state: that its `state` returned.
            skipped_ticks: as many ticks come after that which are not given again.

        Returns:
            False where it is of other options, or its ticks are other ones by now: it begins anew.
        """


@runtime_checkable
class Recalls(Protocol):
    """A source that others give ticks to, and that knows their symbols by these alone.

    Another process takes up what it had listed, and where its own numbers of trades had got to.
    """

    def recall(self, symbol: str, exchange: str, largest_trade_id: int) -> None:
        """Know a symbol that an earlier process told of, before it is opened; once each.

        Args:
            symbol: as the source calls it.
            exchange: of its newest trade; "" where there was none.
            largest_trade_id: of its trades, as far as they are known.
        """


@runtime_checkable
class Receiving(Protocol):
    """A source that others hand lists to, and that tells them what became of these."""

    @property
    def receipt(self) -> tuple[Producer, int] | None:
        """Whose the list is that came last, and its number; None: it has none."""

    def note_given(self, ticks: int, last: int) -> None:
        """Learn that the list that came last has its sequences, all in one cut.

        Args:
            ticks: how many of it are told.
            last: the sequence of the last of them.
        """


@runtime_checkable
class Sequenced(Protocol):
    """A source whose events have sequences already: those of a server that it follows.

    It is the only one then, and nobody else gives sequences. It yields steps in place of batches.
    """

    @property
    def lag_events(self) -> int:
        """How many events the other server is known to be ahead."""

    def stand(self, position: Position | None) -> None:
        """Learn where the ring stands, before it is opened; None: nowhere yet."""

    def steps(self) -> AsyncIterator[Step]:
        """Yield what is to be done, in order, until the source ends.

        Raises:
            SourceError: it cannot be followed any further.
        """


@runtime_checkable
class FillsRing(Protocol):
    """A source that reads from a log, which may hold more than the ring: it begins as far back."""

    def fill(self, capacity: int) -> None:
        """Learn how many events the ring holds, before it is opened."""


@runtime_checkable
class HoldsLog(Protocol):
    """A source that can tell again what followed a position: it comes from a log.

    Attributes:
        unreadable: messages of the log that could not be read.
    """

    unreadable: int

    @property
    def stale_batches(self) -> int:
        """How many batches of the log were passed over, since they come too late."""

    @property
    def unheard_buckets(self) -> int:
        """How many places of what is told beside the log cannot be read now."""

    def recount(self, after: Position) -> AsyncGenerator[Stretch, None]:
        """Yield the events of the log behind a position, in order, until it is closed.

        It ends where the log has another epoch, or nothing yet.

        Raises:
            SourceError: the log cannot be read now.
        """


@runtime_checkable
class Steerable(Protocol):
    """A source whose time is its own: it can be paused, sped up, and moved while it runs."""

    @property
    def paused(self) -> bool:
        """Whether it gives no tick until somebody steers."""

    @property
    def speed(self) -> float | Literal["max"]:
        """Return 1 for the original pace, "max" for none."""

    @property
    def market_ns(self) -> int | None:
        """Return the market's clock at the tick that it gave last; None: there was none."""

    def steer(
        self,
        *,
        paused: bool | None = None,
        speed: float | Literal["max"] | None = None,
        seek_ns: int | None = None,
        then: Callable[[], None] | None = None,
    ) -> None:
        """Change what is not None, between two lists of ticks.

        Args:
            paused: whether it pauses from then on.
            speed: from then on.
            seek_ns: the time of the market to go on from: a new pass.
            then: called between the last tick before and the first after.

        Raises:
            InvalidParameter: the speed is none; nothing was changed.
        """
