"""The publisher: ticks of a program, each applied once, over however many connections.

Theory of operation: `publish` checks and packs ticks into the outbox, and a task of its own sends
them from there (`feed.client.publishing.lifeline`). Callers wait only where there is no room, or
where they ask to (`flush`). Whatever comes of ticks after `publish` has returned is told by the
next call, or to the caller's function.
"""

import asyncio
import logging
import math
from collections import deque
from collections.abc import Callable, Iterable
from contextlib import AbstractAsyncContextManager, nullcontext
from itertools import islice
from types import TracebackType
from typing import Self, get_args

import aiohttp

from feed.client.arguments import (
    check_choice,
    check_heartbeat,
    check_patience,
    check_session,
    check_switch,
)
from feed.client.attempts import Attempts
from feed.client.backoff import Backoff
from feed.client.clock import Clock
from feed.client.papers import Papers, TokenSource
from feed.client.publishing.errors import BatchRefused, BufferFull, Undelivered
from feed.client.publishing.lifeline import Lifeline
from feed.client.publishing.limits import DEFAULTS, Limits, check_sequence, producer_name
from feed.client.publishing.outbox import Outbox
from feed.client.publishing.rows import (
    FORMATS,
    Publishable,
    PublishCodecName,
    listed,
    rows_of,
)
from feed.client.publishing.wish import PublisherCounters, PublishWish
from feed.client.stream import HEARTBEAT_S
from feed.client.subscription import parse_url
from feed.errors import FeedError, InvalidParameter
from feed.wire.source_name import NAME_SHAPE, is_name
from feed.wire.transport import Transport

MAX_REFUSALS = 100  # that wait to be raised; each is logged as well
SLICE_TICKS = 2_048  # packed between two turns of the loop: some milliseconds

_log = logging.getLogger("feed.client")


class Publisher:
    """Sends ticks to a server with a push source; use it in an `async with` block.

    Attributes:
        producer: the name under which the server numbers what comes from here.
    """

    def __init__(
        self,
        url: str,
        *,
        producer: str | None = None,
        source: str | None = None,
        codec: PublishCodecName = "msgpack",
        limits: Limits = DEFAULTS,
        key: str | None = None,
        secret: str | None = None,
        token: TokenSource | None = None,
        compress: bool = False,
        heartbeat_s: float = HEARTBEAT_S,
        give_up_after_s: float | None = None,
        on_refused: Callable[[BatchRefused], None] | None = None,
        on_event: Callable[[object], None] | None = None,
        session: aiohttp.ClientSession | None = None,
        clock: Clock | None = None,
        backoff: Backoff | None = None,
    ) -> None:
        """Make a publisher that does not run; `publisher` explains the arguments.

        `on_event` is called with what happens to its connections, which is logged otherwise.

        Raises:
            InvalidParameter: one of them is not accepted.
        """
        check_choice("codec", codec, get_args(PublishCodecName))
        check_switch("compress", compress)
        check_heartbeat(heartbeat_s)
        check_patience(give_up_after_s)
        check_session(session)
        if source is not None and not (isinstance(source, str) and is_name(source)):
            raise InvalidParameter("source", source, f"the name of a push source: {NAME_SHAPE}")
        if on_refused is not None and not callable(on_refused):
            raise InvalidParameter("on_refused", on_refused, "a function, or None")
        self.producer = producer_name(producer)
        self._limits = limits
        self._form = FORMATS[codec]
        self._clock = clock = clock or Clock()
        backoff = backoff or Backoff()
        base = parse_url(url)
        self._url = str(base)
        self._outbox = Outbox(
            self.producer, batch_ticks=limits.batch_ticks, batch_bytes=limits.batch_bytes
        )
        self._lifeline = Lifeline(
            PublishWish(base, source, compress, heartbeat_s, limits.linger_s),
            self._outbox,
            self._form,
            attempts=Attempts(
                self._url,
                (Transport.WEBSOCKET,),
                backoff=backoff,
                give_up_after_s=give_up_after_s,
            ),
            papers=Papers(key, secret, token, clock),
            backoff=backoff,
            clock=clock,
            session=session,
            tell=self._tell,
            refused=self._refused,
            changed=self._ring,
        )
        self._on_refused = on_refused
        self._on_event = on_event
        self._refusals: deque[BatchRefused] = deque(maxlen=MAX_REFUSALS)  # not raised yet
        self._changed = asyncio.Event()  # whoever waits may look again; another one each time
        self._task: asyncio.Task[None] | None = None  # of the connections
        self._failure: Exception | None = None  # what ended it for good
        self._numbers_itself: bool | None = None  # the caller numbers its batches; None: no tick
        self._closed = False

    @property
    def counters(self) -> PublisherCounters:
        """The counters, over all its connections."""
        return self._lifeline.counters

    @property
    def position(self) -> str | None:
        """The position of the newest tick that was acknowledged; None: there is none yet."""
        return self._outbox.position

    @property
    def last(self) -> int | None:
        """The number of the newest batch that the server has of this producer; None: none.

        Known from `open` on. A producer that numbers its batches itself goes on behind it.
        """
        return self._outbox.last

    @property
    def unsafe_ticks(self) -> int:
        """The number of ticks that are held here, since the server may not keep them yet."""
        return self._outbox.ticks

    async def __aenter__(self) -> Self:
        """Begin to connect; `open` waits for it."""
        if self._closed or self._task is not None:
            raise RuntimeError("a publisher is entered once")
        self._task = asyncio.create_task(self._run())
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            await self.close()
        except FeedError as problem:
            if error is None:
                raise
            _log.warning("%s: %s", self._url, problem)

    async def open(self) -> None:
        """Wait until a connection stands and the server has told what it has of this producer.

        Raises:
            Refused, NotAFeed, Malformed, GaveUp, Expired, NameInUse: it cannot be.
        """
        await self._until(lambda: self._lifeline.stands)

    async def publish(
        self, ticks: Iterable[Publishable] | Publishable, *, sequence: int | None = None
    ) -> None:
        """Publish ticks, in order; return once they are in the buffer, from where they are sent.

        All are checked before any is taken. Where there is no room for all, it waits; of more
        ticks than the buffer ever holds, the first are taken as soon as there is room for them.

        Args:
            ticks: `feed.Trade`, `feed.Quote`, `feed.Status`, or maps in the wire's shape
                (`{"T": "t", "S": "OWN", "p": 1.0, "s": 1}`); one alone, or any number.
            sequence: they are one batch of this number, which the caller gives so that it can
                publish it again after a restart of its own; the server applies it once. All calls
                have one, or none.

        Raises:
            InvalidTick: one of them is not accepted; none is taken.
            InvalidParameter: the number is not accepted; none is taken.
            BufferFull: there was no room within the time; its `taken` says how many were taken.
            BatchRefused: the server did not take an earlier batch; none of these ticks is taken.
            Refused, NotAFeed, Malformed, GaveUp, Expired, NameInUse: it cannot go on; none is
                taken.
        """
        self._check()
        rows = await self._packed(ticks)
        if sequence is not None:
            await self._publish_batch(check_sequence(sequence), rows)
        else:
            self._number(itself=False)
            await self._publish_rows(rows)

    async def flush(self) -> str | None:
        """Wait until the server has all that was published so far, and would keep it.

        That is: durable, or acknowledged where the server keeps nothing over its end.

        Returns:
            The position of the newest tick that was acknowledged; None: there is none.

        Raises:
            BatchRefused: the server did not take a batch; call it again for the rest.
            Refused, NotAFeed, Malformed, GaveUp, Expired, NameInUse: it cannot go on.
        """
        target = self._outbox.published
        await self._until(lambda: self._outbox.safe >= target)
        self._raise_refusal()
        return self._outbox.position

    async def close(self) -> None:
        """Flush within `close_timeout_s`, and end the connection; harmless when called twice.

        Raises:
            Undelivered: of some ticks it is not known whether the server keeps them.
            BatchRefused: the server did not take a batch, and nobody was told.
        """
        if self._closed:
            return
        reason = "there was no time"
        try:
            if self._task is not None and self._failure is None:
                async with self._timeout(self._limits.close_timeout_s):
                    await self._until(lambda: not self._outbox.ticks)
        except TimeoutError:
            reason = f"{self._why_stuck()}, {self._limits.close_timeout_s:g} s after the last"
        except FeedError as error:
            reason = str(error)
        finally:
            self._closed = True
            await self._end()
        if self._outbox.ticks:
            reason = reason if self._failure is None else str(self._failure)
            held = self._outbox
            raise Undelivered(held.ticks, held.safe, reason) from self._failure
        self._raise_refusal()

    # Inside.

    async def _packed(self, ticks: object) -> list[bytes]:
        rows: list[bytes] = []
        wall_ns = self._clock.wall_ns()
        rest = iter(listed(ticks))
        while part := list(islice(rest, SLICE_TICKS)):
            rows += rows_of(part, self._form, wall_ns, len(rows))
            if len(part) == SLICE_TICKS:
                await asyncio.sleep(0)
        return rows

    async def _publish_rows(self, rows: list[bytes]) -> None:
        most, most_bytes = self._limits.buffer_ticks, self._limits.buffer_bytes
        fits = len(rows) <= most and sum(map(len, rows)) <= most_bytes
        step = len(rows) if fits else self._limits.batch_ticks
        taken = 0
        while taken < len(rows):
            part = rows[taken : taken + step]
            await self._room(part, taken)
            self._outbox.add(part)
            taken += len(part)
            self._lifeline.wake()
        # A caller that never waits would keep the loop from sending.
        if self._outbox.is_full_batch:
            await asyncio.sleep(0)

    async def _publish_batch(self, sequence: int, rows: list[bytes]) -> None:
        limits = self._limits
        if not 0 < len(rows) <= limits.batch_ticks or sum(map(len, rows)) > limits.batch_bytes:
            accepted = (
                f"for one batch 1 to batch_ticks={limits.batch_ticks} of at most "
                f"batch_bytes={limits.batch_bytes} in all"
            )
            raise InvalidParameter("ticks", f"{len(rows)} ticks", accepted)
        if self._outbox.holds(sequence):
            raise InvalidParameter("sequence", sequence, "a number that is not on its way already")
        self._number(itself=True)
        await self._room(rows, 0)
        self._outbox.add_batch(sequence, rows)
        self._lifeline.wake()
        await asyncio.sleep(0)

    def _number(self, *, itself: bool) -> None:
        """See that the caller numbers all batches, or none."""
        if self._numbers_itself is None:
            self._numbers_itself = itself
        if self._numbers_itself is not itself:
            accepted = "one in all calls, or in none, of a publisher"
            raise InvalidParameter("sequence", "one" if itself else None, accepted)

    async def _room(self, rows: list[bytes], taken: int) -> None:
        """Wait until there is room for rows."""
        size_bytes, outbox, limits = sum(map(len, rows)), self._outbox, self._limits

        def fits() -> bool:
            return (
                outbox.ticks + len(rows) <= limits.buffer_ticks
                and outbox.size_bytes + size_bytes <= limits.buffer_bytes
            ) or not outbox.ticks

        self._check_runs()  # it may have ended while these rows were packed
        if fits():
            return
        waits_s = limits.full_timeout_s
        try:
            async with self._timeout(waits_s):
                await self._until(fits)
        except TimeoutError:
            raise BufferFull(
                taken, outbox.ticks, outbox.size_bytes, waits_s, self._why_stuck()
            ) from None

    def _timeout(self, seconds: float) -> AbstractAsyncContextManager[object]:
        return nullcontext() if math.isinf(seconds) else self._clock.timeout(seconds)

    async def _until(self, holds: Callable[[], bool]) -> None:
        """Wait until something holds.

        Raises:
            Exception: what ended the publisher for good.
        """
        self._check_runs()
        while not holds():
            await self._changed.wait()
            self._check_runs()

    def _check(self) -> None:
        self._check_runs()
        self._raise_refusal()

    def _check_runs(self) -> None:
        if self._failure is not None:
            raise self._failure
        if self._closed or self._task is None:
            raise RuntimeError("a publisher publishes within its `async with` block")

    def _raise_refusal(self) -> None:
        if self._refusals:
            raise self._refusals.popleft()

    def _why_stuck(self) -> str:
        line = self._lifeline
        if line.stands:
            state, trouble = self._outbox.state, line.reason
            return f"{state}; the trouble before: {trouble}" if trouble else state
        return f"there is no connection: {line.reason or 'it was not made yet'}"

    async def _run(self) -> None:
        try:
            await self._lifeline.run()
        except Exception as error:
            self._failure = error
            self._tell(error)
            if not isinstance(error, FeedError):
                raise
        finally:
            self._ring()

    async def _end(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        await self._lifeline.close()
        self._ring()

    def _ring(self) -> None:
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()

    def _refused(self, error: BatchRefused) -> None:
        if self._on_refused is not None:
            self._on_refused(error)
            return
        _log.warning("%s: %s", self._url, error)
        self._refusals.append(error)

    def _tell(self, event: object) -> None:
        if self._on_event is not None:
            self._on_event(event)
            return
        level = logging.INFO if isinstance(event, str) else logging.WARNING
        _log.log(level, "%s: %s", self._url, event)
