"""Following another feed server: its whole ring, with its sequences, over one connection.

Theory of operation: a connection asks for what follows the place where this server stands, and is
greeted; then frames of the bus come, or lines of `feed.wire.follow_frames` where the other server
knows no bus. The reckoning says whether they add up. What does not ends the connection, and the
next one asks from the last place that was right. A connection that says less than the other server
promised to is given up. Whoever runs this source opens it again, with backoff.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from http import HTTPStatus
from types import MappingProxyType
from typing import Any

import aiohttp
from aiohttp import hdrs

from feed.client.protobuf import BatchSplitter
from feed.errors import FeedError, InvalidInput, InvalidMessage
from feed.market.ticks import Kind, Tick
from feed.market.words import is_other
from feed.sources.connecting import connector_to
from feed.sources.follow.lines import MOST_BYTES, Lines
from feed.sources.follow.steps import Announcement, Checkpoint, Events, Greeting, State, Step
from feed.sources.source import Instrument
from feed.sources.upstream.account import Account
from feed.sources.upstream.credentials import Names, read_key_pair
from feed.sources.upstream.endings import End, Ended, ended_by
from feed.sources.writer_place import OwnWord, WriterPlace
from feed.wire.bus_codec import MEDIA_TYPE
from feed.wire.bus_frames import BusFrameReader
from feed.wire.follow_frames import Cut, Frame, FrameReader, StateTicks, Word
from feed.wire.messages import Message, feed_message
from feed.wire.position import Position
from feed.wire.reckoning import Begin, Missing, OutOfSequence, Reckoning

KEYS = Names("FEED_KEY", "FEED_SECRET")
PATH = "/v1/follow"
CHECKPOINT_PATH = "/v1/checkpoint"
CHECKPOINT_S = 30.0  # for all of one
ACCEPTED = f"{MEDIA_TYPE}, application/x-ndjson;q=0.5"
CONNECT_S = 10.0  # for a connection, and for the greeting
SILENT_MARKS = 4  # so many keepalives that do not come are silence
LEAST_SILENCE_S = 5.0
_SHOWN_BYTES = 300  # of a refusal's body
_MS_PER_S = 1_000
_DOWN = "source_down"


class FollowSource:
    """Another feed server, followed.

    Attributes:
        name: for metrics and `/v1/status`.
        live: whether what it tells happens now; as it says itself.
        account: what became of the connections.
        reckoning: where we stand in its sequences.
    """

    name = "feed"
    can_wait = False
    # Bars come with their sequences, and none is built.
    recorded_kinds = frozenset({Kind.BAR, Kind.SECOND_BAR, Kind.UPDATED_BAR})
    passes = 0
    clocks_ns: Sequence[int] | None = None  # nobody judges their times
    rows_skipped: Mapping[str, int] = MappingProxyType({})

    def __init__(self, url: str, key_file: str = "") -> None:
        """Make a source that is not open.

        Args:
            url: of the server, without the path of what it is asked for; or `unix:PATH`.
            key_file: a file with the key for it; "": from variables, if they have one.
        """
        self.live = True
        self.account = Account(url)
        self.reckoning = Reckoning()
        self._url = url
        self._place = WriterPlace.of(url)
        self._key_file = key_file
        self._authorization = ""  # that was shown last
        self._word: OwnWord | None = None
        self._instruments: dict[str, Instrument] = {}
        self._listed: list[Instrument] | None = None
        self._down: dict[str, bool] = {}  # sources of the other server, as was told last
        self._session: aiohttp.ClientSession | None = None
        self._response: aiohttp.ClientResponse | None = None
        self._frames: FrameReader | BusFrameReader = FrameReader()
        self._bodies: Lines | BatchSplitter = Lines()  # takes frames out of the body
        self._carried: Sequence[str] = ()  # whose fragments are in them
        self._waiting: list[bytes] = []  # frames that came along with the greeting
        self._silence_s = CONNECT_S
        self._state: list[Tick] | None = None  # of a snapshot that is coming
        self._retry_after_s = 0.0
        self._leaves = False  # the other server
        self._greeting = Greeting(0, 0)  # the last one
        self._feeds: Sequence[Message] = ()  # and the sources in it

    @property
    def lag_events(self) -> int:
        """How many events the other server is known to be ahead."""
        return self.reckoning.lag

    def stand(self, position: Position | None) -> None:
        """Learn where the ring stands, before it is opened; None: nowhere yet."""
        self.reckoning = Reckoning(position)

    def writer(self) -> WriterPlace:
        """Return where the server is that is followed."""
        return WriterPlace.of(self._url, self._authorization)

    def introduce(self, word: OwnWord) -> None:
        """Learn what to show where there is no key to show: that an edge asks."""
        self._word = word

    async def open(self) -> None:
        """Connect, and be greeted.

        Raises:
            Ended: there is no server, or it refuses; the message says why.
        """
        self._state, self._retry_after_s, self._leaves = None, 0.0, False
        self._waiting = []
        self._silence_s = CONNECT_S
        try:
            await self._connect()
            await self._greet()
        except (aiohttp.ClientError, OSError, FeedError) as error:
            raise self._ended(error, End.UNREACHABLE) from error
        position = self.reckoning.position
        self.account.open(resumed=position is not None)

    async def _connect(self) -> None:
        position = self.reckoning.position
        target = f"{PATH}?after=0&snapshot=1" if position is None else f"{PATH}?after={position}"
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_S)
        self._session = aiohttp.ClientSession(connector=connector_to(self._place), timeout=timeout)
        async with asyncio.timeout(CONNECT_S):
            response = self._response = await self._session.get(
                f"{self._place.url}{target}",
                headers={**self._headers(target), hdrs.ACCEPT: ACCEPTED},
                allow_redirects=False,
            )
        if response.status != HTTPStatus.OK:
            raise await self._refused(response)
        if response.content_type == MEDIA_TYPE:
            self._frames, self._bodies = BusFrameReader(), BatchSplitter(MOST_BYTES)
        else:
            self._frames, self._bodies = FrameReader(), Lines()

    def _headers(self, target: str) -> dict[str, str]:
        headers: dict[str, str] = {}
        if self._place.is_near:
            headers[hdrs.ACCEPT_ENCODING] = "identity"  # nothing is saved within a machine
        pair = read_key_pair(KEYS, self._key_file)
        self._authorization = "" if pair is None else f"Bearer {pair.key}.{pair.secret}"
        if self._authorization:
            headers[hdrs.AUTHORIZATION] = self._authorization
        elif self._word is not None and not self._place.is_near:
            headers.update(self._word(hdrs.METH_GET, target))
        return headers

    async def _refused(self, response: aiohttp.ClientResponse, path: str = PATH) -> Ended:
        """Return what a status means: it may be otherwise later, as keys are."""
        async with asyncio.timeout(CONNECT_S):
            said = (await response.content.read(_SHOWN_BYTES)).decode(errors="replace").strip()
        retry = response.headers.get(hdrs.RETRY_AFTER, "")
        return Ended(
            End.REFUSED,
            f"{self._url}{path}: {response.status} {response.reason}: {said}",
            retry_after_s=float(retry) if retry.isdecimal() else 0.0,
        )

    async def _greet(self) -> None:
        while not self._waiting:
            self._waiting += await self._more()
        first = self._frames.read(self._waiting.pop(0))
        if isinstance(first, Word) and first.kind in {"bye", "leaving", "error"}:
            self._end_by(first)
        if not isinstance(first, Word):
            raise InvalidMessage(f"{self._url}: events came before the greeting")
        self.reckoning.greet(first)
        message = first.message
        self.live = message.get("live") is not False
        keepalive_s = float(message.get("keepalive_ms", 0)) / _MS_PER_S
        self._silence_s = max(SILENT_MARKS * keepalive_s, LEAST_SILENCE_S)
        self._greeting = Greeting(int(message.get("mono", 0)), int(message.get("wall", 0)))
        self._carried = [str(name) for name in message.get("carried", ())]
        self._feeds = [feed for feed in message.get("feeds", ()) if isinstance(feed, dict)]

    async def _known(self) -> bytes:
        """Return all that the other server knows beside its ring; b"": it does not tell.

        Raises:
            Ended: it refuses to.
        """
        assert self._session is not None, "it is open"
        async with (
            asyncio.timeout(CHECKPOINT_S),
            self._session.get(
                f"{self._place.url}{CHECKPOINT_PATH}",
                headers=self._headers(CHECKPOINT_PATH),
                allow_redirects=False,
            ) as response,
        ):
            if response.status == HTTPStatus.NOT_FOUND:  # it is older than such checkpoints
                return b""
            if response.status != HTTPStatus.OK:
                raise await self._refused(response, CHECKPOINT_PATH)
            return await response.read()

    async def _more(self) -> list[bytes]:
        """Return the frames that come next; they may be none.

        Raises:
            Ended: the connection ended, or is silent.
        """
        assert self._response is not None, "it is open"
        try:
            async with asyncio.timeout(self._silence_s):
                piece = await self._response.content.readany()
        except TimeoutError:
            words = f"{self._url} said nothing in {self._silence_s:g} s"
            raise Ended(End.SILENT, words) from None
        if not piece:
            words = f"{self._url} ended the stream"
            away_s = self._retry_after_s
            raise Ended(End.CUT, words, retry_after_s=away_s, in_order=self._leaves)
        return list(self._bodies.feed(piece))

    async def steps(self) -> AsyncIterator[Step]:
        """Yield what is to be done, for as long as the connection lasts.

        Raises:
            Ended: it has ended; the message says why.
        """
        try:
            yield self._greeting
            for news in self._reconciled():
                yield news
            frames, self._waiting = self._waiting, []
            while True:
                for frame in frames:
                    for step in self._steps_of(self._frames.read(frame)):
                        yield step
                        if isinstance(step, Begin | Missing):
                            yield Checkpoint(await self._known())
                frames = await self._more()
        except (aiohttp.ClientError, OSError, FeedError) as error:
            raise self._ended(error) from error

    async def batches(self) -> AsyncIterator[list[Tick]]:
        """Yield the ticks alone, for whoever has sequences of its own."""
        async for step in self.steps():
            if isinstance(step, Events):
                yield [event for event in step.events if not is_other(event)]

    def instruments(self) -> list[Instrument]:
        """Return those that the other server has told of."""
        if self._listed is None:
            self._listed = sorted(self._instruments.values(), key=lambda each: each.symbol)
        return self._listed

    def instrument(self, symbol: str) -> Instrument | None:
        """Return one of them."""
        return self._instruments.get(symbol)

    async def close(self) -> None:
        """Let go of the connection."""
        response, self._response = self._response, None
        session, self._session = self._session, None
        self.account.connected = False
        if response is not None:
            response.close()
        if session is not None:
            await session.close()

    # Inside.

    def _ended(self, error: BaseException, end: End = End.CUT) -> Ended:
        """Return, and count, why the connection ended."""
        if isinstance(error, OutOfSequence):
            end = End.OUT_OF_SEQUENCE
        if isinstance(error, OutOfSequence | InvalidInput):
            kind = end if end is End.OUT_OF_SEQUENCE else End.MALFORMED
            ended = Ended(kind, f"{self._url}: {error}")
        else:
            ended = ended_by(error, self._url, end)
        self.account.end(ended)
        return ended

    def _steps_of(self, frame: Frame) -> Iterator[Step]:
        """Yield what a frame leads to.

        Raises:
            OutOfSequence: it does not add up.
            Ended: it is the last.
        """
        if isinstance(frame, Cut):
            if (begin := self.reckoning.take(frame)) is not None:
                yield begin
            carried = dict(zip(self._carried, frame.carried, strict=False))
            yield Events(
                frame.events,
                frame.ingested_ns,
                frame.said_ns,
                frame.others,
                carried,
                frame.receipts,
            )
        elif isinstance(frame, StateTicks):
            if self._state is None:
                raise InvalidMessage("ticks came that are neither of a cut nor of a state")
            self._state += frame.ticks
        else:
            yield from self._steps_of_word(frame)

    def _steps_of_word(self, word: Word) -> Iterator[Step]:
        message = word.message
        match word.kind:
            case "mark":
                yield from _some(self.reckoning.stand(_position(message, "pos")))
            case "gap":
                self.account.gaps += 1
                yield from _some(self.reckoning.miss(_position(message, "to")))
            case "snapshot":
                yield from _some(self.reckoning.stand(_position(message, "pos")))
                if message.get("state") == "begin":
                    self._state = []
                elif self._state is not None:
                    ticks, self._state = self._state, None
                    yield State(ticks)
            case "feed":
                yield from self._announced(message)
            case "instruments":
                self._list(message)
            case "bye" | "error" | "leaving":
                self._end_by(word)
            case _:
                self.account.last_words = str(message.get("msg", word.kind))

    def _announced(self, message: Message) -> Iterator[Announcement]:
        source, down = str(message.get("source", "")), message.get("state") == _DOWN
        self._down[source] = down
        yield Announcement(message, source, down)

    def _reconciled(self) -> Iterator[Announcement]:
        """Yield what has become of the other server's sources while nothing came from there."""
        feeds, self._feeds = self._feeds, ()
        down = {str(feed.get("source", "")): feed.get("state") == _DOWN for feed in feeds}
        for feed in feeds:
            source = str(feed.get("source", ""))
            if self._down.get(source, False) is not down[source]:
                yield from self._announced(feed)
        for source in [each for each, was in self._down.items() if was and each not in down]:
            yield from self._announced(feed_message("live", source, "", time.time_ns()))

    def _list(self, message: dict[str, Any]) -> None:
        """Take up instruments.

        Raises:
            InvalidMessage: they are none.
        """
        try:
            for row in message["instruments"]:
                known = {name: row[name] for name in Instrument.__slots__ if name in row}
                self._instruments[row["symbol"]] = Instrument(**known)
        except (TypeError, LookupError) as error:
            raise InvalidMessage(f"instruments that cannot be understood: {error!r}") from None
        self._listed = None

    def _end_by(self, word: Word) -> None:
        """Take the other server's last words.

        Raises:
            Ended: unless others follow.
        """
        message = word.message
        if word.kind == "leaving":
            self._leaves = True
            self._retry_after_s = float(message.get("retry_ms", 0)) / _MS_PER_S
            return
        code = message.get("code")
        words = f"{self._url}: {message.get('msg', word.kind)}"
        end = End.REFUSED if word.kind == "error" else End.CLOSED
        away_s = self._retry_after_s
        raise Ended(end, words, code=code, retry_after_s=away_s, in_order=self._leaves)


def _some(step: Step | None) -> Iterator[Step]:
    if step is not None:
        yield step


def _position(message: Mapping[str, Any], name: str) -> Position:
    return Position.parse(message.get(name, ""), name)
