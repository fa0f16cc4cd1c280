"""The source that reads the dialect from a server, as Alpaca's or one of ours.

Theory of operation: `open` makes one connection and subscribes; `batches` gives what comes over it
and raises `Ended` when it ends, so that whoever runs the source tells that it is down, waits, and
opens it again. A server of the dialect has no memory of who was there: what happened between two
connections is a hole, which subscribers see as a source that was down. One of our servers tells
positions: there the next connection goes on where the last had ended, and nothing is lost.

Ticks go through the same rules as those of recordings. Events of kinds that we do not have are
counted by kind; objects that are no ticks, and messages that are no arrays, by flaw.
"""

import time
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import replace
from os import environ
from typing import Any

from feed.client.errors import Malformed
from feed.client.events import (
    Batch,
    Counters,
    Event,
    Expiring,
    FeedState,
    Gap,
    Notice,
    ServerWarning,
)
from feed.client.ledger import Ledger
from feed.client.parsers import Message
from feed.errors import FeedError, InvalidTick, shorten
from feed.logger import logger_of
from feed.market.symbols import ALL
from feed.market.ticks import KIND_OF_CHANNEL, Kind, Tick
from feed.sources.alpaca.endpoint import Endpoint
from feed.sources.alpaca.link import Link, Wish
from feed.sources.alpaca.orders import refusal
from feed.sources.replay.bad_rows import BadRow, BadRowReports, Flaw
from feed.sources.replay.listing import Listings
from feed.sources.replay.object_rows import BAR_KINDS, BESIDE_TICKS, ObjectReader
from feed.sources.replay.source import log_bad_row
from feed.sources.source import Instrument
from feed.sources.upstream.account import Account
from feed.sources.upstream.credentials import Names, is_private, read_key_pair
from feed.sources.upstream.endings import End, Ended, ended_by
from feed.sources.upstream.silence import SilenceWatch

NAMES = Names("APCA_API_KEY_ID", "APCA_API_SECRET_KEY")
CHUNK_TICKS = 512  # the most that one list holds
MOST_MALFORMED = 20  # messages in a row, before the connection is taken to speak something else
# Daily bars, LULD bands, order books, corrections, cancels, news, imbalances: of the dialect, and
# corrections and cancels come with trades without being asked for.
UNTOLD_KINDS = ("d", "l", "o", "c", "x", "n", "i")
_KINDS = frozenset(kind.value for kind in Kind)

_log = logger_of("feed.upstream")


class AlpacaSource:
    """Ticks of a server that speaks the dialect.

    Attributes:
        recorded_kinds: bars, where they are subscribed to: then they are the server's, all of them.
        rows_skipped: objects and messages that are no ticks, by reason.
        account: what became of the connections.
    """

    name = "alpaca"
    can_wait = False
    live = True
    passes = 0
    clocks_ns = None

    def __init__(
        self,
        wish: Wish,
        endpoint: Endpoint,
        *,
        silence_s: float,
        credentials: str = "",
        variables: Mapping[str, str] = environ,
        mono_s: Callable[[], float] = time.monotonic,
        report: Callable[[BadRow, int], None] = log_bad_row,
    ) -> None:
        """Make no connection yet.

        Args:
            wish: what each connection asks for.
            endpoint: what is known of the server by its path.
            silence_s: how long a connection may tell nothing; 0: for ever.
            credentials: the path of a file with the key; "": variables have it, or there is none.
            variables: of the process.
            mono_s: the time, in seconds that only grow.
            report: is told of some of what is no tick, with the number of those left out since.
        """
        kinds = {KIND_OF_CHANNEL[channel] for channel in wish.channels}
        self.recorded_kinds = frozenset(kinds & BAR_KINDS)
        self.rows_skipped: dict[str, int] = {flaw.value: 0 for flaw in Flaw}
        self.account = Account(str(wish.url), UNTOLD_KINDS)
        self._wish = wish
        self._endpoint = endpoint
        self._credentials = credentials
        self._variables = variables
        self._mono_s = mono_s
        self._watch = SilenceWatch(silence_s)
        self._ledger = Ledger(Counters(), after=None, snapshot=False, conflated=False)
        self._events: deque[Event] = deque()
        self._listings = Listings()
        self._listed = 0  # of the listings, how many are among the instruments
        self._instruments: dict[str, Instrument] = {}
        self._reader = ObjectReader(self._listings)
        self._reports = BadRowReports(report, time.monotonic_ns)
        self._messages = 0  # that came over this connection
        self._malformed = 0  # of them, in a row
        self._link: Link | None = None
        for symbol in wish.symbols:
            if symbol != ALL:
                self._listings.find(symbol)
        self._list()

    # What the runner asks of a source.

    async def open(self) -> None:
        """Connect and subscribe.

        Raises:
            SourceError: the server is not there, or refuses; or the keys cannot be read.
        """
        keys = read_key_pair(NAMES, self._credentials, self._variables)
        if keys is not None and not is_private(self._wish.url):
            _log.warning("keys_without_tls", url=self.account.url)
        after = self._ledger.position
        try:
            link = await Link.open(
                self._wish, keys=keys, watch=self._watch, after=after, mono_s=self._mono_s
            )
        except Ended as ended:
            self.account.end(ended)
            raise
        self._link = link
        self._messages = self._malformed = 0
        self._ledger.connect(self._events)
        resumed = link.positions and after is not None
        self.account.open(resumed=resumed)
        _log.info(
            "upstream_connected",
            url=self.account.url,
            after=after if resumed else None,
            positions=link.positions,
        )

    def instruments(self) -> list[Instrument]:
        """Return the instruments that were named or came up so far, sorted by symbol."""
        return sorted(self._instruments.values(), key=lambda instrument: instrument.symbol)

    def instrument(self, symbol: str) -> Instrument | None:
        """Return one of them."""
        return self._instruments.get(symbol)

    async def batches(self) -> AsyncIterator[list[Tick]]:
        """Yield ticks as they come, until the connection ends.

        Raises:
            SourceError: it has ended; the message says why.
        """
        link = self._link
        assert link is not None, "a source is opened before it is iterated"
        ended: Ended | None = None
        while ended is None:
            try:
                await self._receive(link)
            except FeedError as error:
                ended = ended_by(error, self.account.url)
            ticks: list[Tick] = []
            while self._events:  # also those before what ended it, or of an earlier connection
                event = self._events.popleft()
                if isinstance(event, Batch):
                    ticks += self._read(event)
                else:
                    ended = self._note(event, link) or ended
            for start in range(0, len(ticks), CHUNK_TICKS):
                yield ticks[start : start + CHUNK_TICKS]
        if self._ledger.stay_away_s is not None and not ended.for_good:
            ended.retry_after_s = self._ledger.stay_away_s
        self.account.end(ended)
        raise ended

    async def close(self) -> None:
        """End the connection, if there is one."""
        link, self._link = self._link, None
        self.account.connected = False
        self._reports.flush()
        if link is not None:
            await link.close()

    # Inside.

    async def _receive(self, link: Link) -> None:
        """Turn the next message into events, and those that have come together with it."""
        receive: Callable[[], Awaitable[list[Any] | None]] = link.receive
        taken = 0
        while taken < CHUNK_TICKS:
            try:
                rows = await receive()
            except Malformed as error:
                self._note_malformed(error, link)
            else:
                if rows is None:
                    return
                taken += 1 + len(rows)
                self._take(rows)
            receive = link.receive_ready

    def _take(self, rows: list[Any]) -> None:
        self._messages += 1
        self._malformed = 0
        told = [row for row in rows if self._is_ours(row)]
        self._ledger.enter(Message(told), self._events)

    def _note_malformed(self, error: Malformed, link: Link) -> None:
        """Skip a message.

        Raises:
            Ended: there were too many; or the server can say again what was in this one.
        """
        self._messages += 1
        self._skip(Flaw.UNREADABLE, str(error))
        self._malformed += 1
        if link.positions or self._malformed >= MOST_MALFORMED:
            times = f"{self._malformed} times in a row"
            words = f"{self.account.url} breaks the protocol, {times}"
            raise Ended(End.MALFORMED, words) from error

    def _is_ours(self, item: Any) -> bool:  # noqa: ANN401 - whatever the server sent
        """Tell whether an object is a tick, or a message beside ticks; count what is neither."""
        kind = item.get("T") if type(item) is dict else None
        if type(kind) is not str:
            self._skip(Flaw.INVALID, f"{shorten(item)} is no tick; accepted: an object with T")
            return False
        if kind in _KINDS or kind in BESIDE_TICKS:
            return True
        if self.account.note_untold(kind):
            _log.warning("upstream_untold", url=self.account.url, kind=shorten(kind))
        return False

    def _note(self, event: Event, link: Link) -> Ended | None:
        """Tell what is no batch of ticks; return what it means where that is the end."""
        url = self.account.url
        if isinstance(event, Gap) and event.last is not None:  # else of a server without positions
            self.account.gaps += 1
            _log.warning("upstream_gap", url=url, words=str(event))
        elif isinstance(event, Notice):
            words = link.without_keys(event.words)
            ended = refusal(url, event.code, words, opening=False)
            if ended is not None:
                return ended
            self.account.note_refusal(event.code, words)
            _log.warning("upstream_refuses", url=url, code=event.code, words=words)
        elif isinstance(event, FeedState | ServerWarning | Expiring):
            self.account.last_words = link.without_keys(str(event))
            _log.warning("upstream_says", url=url, words=self.account.last_words)
        return None

    def _read(self, rows: Batch) -> list[Tick]:
        if rows.snapshot:  # it restates what came before
            return []
        ticks: list[Tick] = []
        for row in rows:
            try:
                tick = self._reader.read(row)
            except InvalidTick as error:
                self._skip(Flaw.INVALID, str(error))
            else:
                if tick is not None:
                    ticks.append(tick)
        self._list()
        return ticks

    def _list(self) -> None:
        """Know the instruments that have come up."""
        known = self._listings.instruments
        while self._listed < len(known):
            each = known[self._listed]
            self._listed += 1
            asset_class = self._endpoint.asset_class or each.asset_class
            self._instruments[each.symbol] = replace(each, asset_class=asset_class)

    def _skip(self, flaw: Flaw, detail: str) -> None:
        self.rows_skipped[flaw.value] += 1
        if self._link is not None:
            detail = self._link.without_keys(detail)
        row = BadRow(self.account.url, self._messages, flaw, detail, unit="message")
        self._reports.report_or_keep(row)
