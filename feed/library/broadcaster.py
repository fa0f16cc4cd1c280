"""The broadcaster: a feed inside a program, which publishes to it, serves it, and reads it.

```
broadcaster = feed.Broadcaster()
app.add_subapp("/prices", broadcaster.app())
await broadcaster.publish([feed.Trade(symbol="OWN", price=1.0, size=1)])
```

It is the server of `feed serve` without its program and its protocol handler: the same routes,
ring, lanes and ladder. A program may have as many as it likes; they share nothing.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from contextlib import AsyncExitStack
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar

from aiohttp import web

from feed.client.link import Link, Lost, Order
from feed.client.stream import Stream
from feed.client.subscription import Fields, OnLagName, Subscription, Symbols
from feed.errors import FeedError, InvalidParameter, SourceError
from feed.http.app import application
from feed.http.callers import note_caller
from feed.http.service import make_service
from feed.hub.clock import SYSTEM_CLOCK, Clock
from feed.library.in_process import URL, subscribe
from feed.market.submissions import Submission
from feed.market.ticks import Channel
from feed.settings.load import settings_of
from feed.settings.options import Settings
from feed.sources.handed import HandedSource
from feed.sources.instruments_file import read_instruments
from feed.sources.source import Instrument

# Options that only `feed serve` can follow: of the program and its sockets, and of what is read
# from a connection before a request is whole, which here is the host's.
_OF_THE_PROGRAM = frozenset(
    {
        *("config", "host", "port", "source", "tls_cert", "tls_key", "hold_socket", "drain_s"),
        "workers",
        "takeover",
        *("instruments", "pair", "pair_window_s"),
        *("insecure", "allow_anonymous", "allow_host", "wait_for", "wait_for_timeout_s"),
        *("shutdown_timeout_s", "max_handshakes", "max_waiting_connections"),
        *("max_unfinished_heads_bytes", "head_timeout_s", "idle_timeout_s"),
        *("bus", "bus_url", "bus_buffer", "bus_storage", "bus_replicas", "bus_max_bytes"),
    }
)
_LONGEST_NAME = 64
_Response = TypeVar("_Response", bound=web.StreamResponse)
OPTIONS = tuple(field for field in Settings.option_fields() if field not in _OF_THE_PROGRAM)


class Broadcaster:
    """A feed in this process.

    It runs while the application of `app` does, or within `async with broadcaster:`; once. Nothing
    of it belongs to an event loop before, so it may be made where there is none.
    """

    def __init__(
        self,
        *,
        name: str = "program",
        instruments: Iterable[Instrument] | Path | str = (),
        clock: Clock = SYSTEM_CLOCK,
        **options: object,
    ) -> None:
        """Make a broadcaster that does not run.

        Args:
            name: of the source, in metrics and `/v1/status`.
            instruments: listed before their first tick, or a file of them as `feed serve
                --instruments` reads it; others are listed with their first tick.
            clock: what the time is, of ticks that tell none and of everything else.
            options: of the server, by the names that feed/settings/README.md has, with underscores:
                `ring=4096, keys="keys.toml"`.

        Raises:
            InvalidParameter: the name is not printable text.
            InvalidInput: the file of instruments is not accepted.
            InvalidSettings: options are not accepted, or are of `feed serve` alone.
            FeedError: what they ask for cannot be had here.
        """
        if not (isinstance(name, str) and name.isprintable() and 0 < len(name) <= _LONGEST_NAME):
            accepted = f"printable text of 1 to {_LONGEST_NAME} characters"
            raise InvalidParameter("name", name, accepted)
        if isinstance(instruments, str | Path):
            instruments = read_instruments(Path(instruments))
        self._source = HandedSource(name, instruments)
        self._service = make_service(settings_of(options, OPTIONS), self._source, clock)
        self._clock = clock
        self._running: AsyncExitStack | None = None
        self._users = 0  # that have let it run and have not ended
        self._has_ended = False
        self._has_app = False

    @property
    def position(self) -> str:
        """The position of the newest event: `<epoch>-<sequence>`, as clients are told it."""
        ring = self._service.hub.broadcast.ring
        return str(ring.position(ring.newest))

    def app(self) -> web.Application:
        """Return the application that serves it, for `add_subapp` or to run alone; once.

        It starts the broadcaster at its startup, and ends it at its cleanup. Its paths are those of
        `feed serve`, after the prefix of a subapplication; it looks at nothing outside of them.

        Raises:
            FeedError: it was made before: an application is of one runner.
        """
        if self._has_app:
            raise FeedError("app() was called before; a broadcaster has one application")
        self._has_app = True
        app = application(self._service)
        if self._service.hub.settings.trust_proxy:
            app.middlewares.append(self._note_caller)
        app.cleanup_ctx.append(self._run)
        return app

    async def publish(self, ticks: Iterable[Submission]) -> str:
        """Publish ticks, in order, as one uninterrupted run of them up to 2,048.

        It returns when all of them have their sequences; they are written to subscribers right
        after. Bars of seconds and minutes are made of the trades. It waits at most 10 s for the
        broadcaster to start.

        Args:
            ticks: `feed.Trade`, `feed.Quote` and `feed.Status`; any number.

        Returns:
            The position of the last of them, or of what was published right behind it.

        Raises:
            InvalidTick: a tick is not accepted, and none is published; the message says which tick
                and field, its value, and what is accepted.
            SourceError: it does not run, or ended meanwhile.
        """
        await self._source.hand(ticks, self._clock.wall_ns())
        return self.position

    def subscribe(  # noqa: D417 - arguments of a kind are explained together
        self,
        *,
        trades: Symbols = (),
        quotes: Symbols = (),
        bars: Symbols = (),
        updated_bars: Symbols = (),
        second_bars: Symbols = (),
        statuses: Symbols = (),
        after: str | None = None,
        last: int | None = None,
        snapshot: bool = False,
        conflate: Mapping[str, str] | None = None,
        on_lag: OnLagName | None = None,
        fields: Fields | None = None,
    ) -> Stream:
        """Subscribe within the process, without a socket.

        ```
        async for batch in broadcaster.subscribe(trades=["OWN"]):
            for tick in batch:
                print(tick["S"], tick["p"])
        ```

        The stream is that of `feed.connect`, and so are its promises: batches of ticks as on the
        wire, each with the position after it; `batch.gap`, and `events()`, tell what is missing and
        why; a reader that is slow is not waited for, but catches up from the ring, is told a gap
        where that has passed it, and comes back by itself where it was sent away. It holds at most
        some 100 kB. Iteration ends when the broadcaster does. It joins when the first batch is
        asked for, or by `await stream.open()`; `await stream.close()` ends it before.

        Args:
            trades, quotes, bars, updated_bars, second_bars, statuses: symbols of each channel, "*"
                for all; a list, or a text with commas.
            after: position to begin after; "0" for all that the ring holds; or a time, or a while
                ago: "-30s". By default from now on.
            last: begin so many ticks of what is subscribed back, and not at `after`.
            snapshot: the last known state of each symbol first.
            conflate: channels of which only the newest value within an interval is wanted:
                `{"quotes": "250ms"}`.
            on_lag: what happens when the ring overruns it: "gap" (the default), "conflate" or
                "disconnect".
            fields: of each tick only these keys, beside `T` and `S`: "p,s,t", or a list.

        Raises:
            InvalidParameter: an argument is not accepted.
        """
        symbols = {
            Channel.TRADES: trades,
            Channel.QUOTES: quotes,
            Channel.BARS: bars,
            Channel.UPDATED_BARS: updated_bars,
            Channel.SECOND_BARS: second_bars,
            Channel.STATUSES: statuses,
        }
        subscription = Subscription.of(symbols, conflate, on_lag, fields)
        return Stream(
            URL,
            subscription,
            transport="stream",
            after=after,
            last=last,
            snapshot=snapshot,
            dial=self._join,
        )

    async def __aenter__(self) -> Self:
        """Run, unless it runs already.

        Raises:
            FeedError: it has ended.
        """
        if self._has_ended:
            raise FeedError("the broadcaster has ended; it runs once")
        self._users += 1
        if self._running is None:
            self._running = AsyncExitStack()
            await self._running.enter_async_context(self._service.running())
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End, if nobody else lets it run: say goodbye to everybody, and take no more ticks."""
        self._users -= 1
        if self._users or self._running is None:
            return
        self._has_ended = True
        self._source.end()
        await self._service.server.generations.close()
        await self._service.hub.say_goodbye()
        await self._running.aclose()

    @web.middleware
    async def _note_caller(
        self, request: web.Request, handler: Callable[[web.Request], Awaitable[_Response]]
    ) -> _Response:
        """Keep who asks through a proxy that is trusted; our own runner would do so before."""
        note_caller(request, self._service.hub.door.proxies)
        return await handler(request)

    async def _run(self, app: web.Application) -> AsyncIterator[None]:
        del app
        async with self:
            yield

    async def _join(self, order: Order) -> Link:
        try:
            await self._source.running()
        except SourceError as error:
            raise Lost(str(error), for_good=self._has_ended) from None
        return await subscribe(self._service.hub, order)
