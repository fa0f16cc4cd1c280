"""The lifeline of a publisher: its connection, made anew however often it ends.

Theory of operation: on each connection one task sends what the outbox has due, and this one reads
what the server says of it. A tick leaves at once where nothing is on its way; while earlier ones
are, it waits some milliseconds for others to go with it. When the connection ends, however it ends,
whatever is not safe goes again over the next one. Time comes from a `Clock`, so that tests need not
wait. Knows no caller, but that it has to be woken.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

import aiohttp

from feed.client.attempts import Attempts
from feed.client.backoff import Backoff
from feed.client.clock import Clock
from feed.client.errors import Malformed, NotAFeed, Refused
from feed.client.events import Disconnected, Expiring, Object
from feed.client.http_words import USER_AGENT
from feed.client.link import Lost
from feed.client.papers import Papers
from feed.client.publishing.errors import BatchRefused
from feed.client.publishing.ingest_link import IngestLink, IngestOrder
from feed.client.publishing.messages import Ack, Durable, Refusal
from feed.client.publishing.outbox import Outbox
from feed.client.publishing.rows import RowFormat
from feed.client.publishing.wish import PublisherCounters, PublishWish
from feed.client.renewal import Renewal, left_s
from feed.client.shown import NOTHING, Shown
from feed.wire.error_codes import ErrorCode

OPEN_TIMEOUT_S = 10.0  # to connect, and to be greeted
_TOO_MANY = 429  # and everything from 500: the server may take the same batch later
_FAILED = 500


@dataclass(slots=True)
class _Ending:
    """The end of an identity that the server has told of."""

    shown: Shown
    ends_s: float


class Lifeline:
    """The connections of one publisher, one after the other.

    Attributes:
        counters: totals over all of them.
        stands: there is a connection, and it was greeted.
        reason: why the last one ended, or could not be made, in words; None: nothing ended, or a
            batch was acknowledged since.
    """

    def __init__(
        self,
        wish: PublishWish,
        outbox: Outbox,
        form: RowFormat,
        *,
        attempts: Attempts,
        papers: Papers,
        backoff: Backoff,
        clock: Clock,
        session: aiohttp.ClientSession | None,
        tell: Callable[[object], None],
        refused: Callable[[BatchRefused], None],
        changed: Callable[[], None],
    ) -> None:
        """Make no connection yet.

        Args:
            wish: what each connection is for.
            outbox: has what is to be sent.
            form: how it is sent.
            attempts: know when the next connection is due.
            papers: know who asks.
            backoff: the waits of renewals.
            clock: the time.
            session: to connect by; None: one of its own, which ends with it.
            tell: is called with what happens, as a text or an event.
            refused: is called with each `BatchRefused`.
            changed: is called when whoever waits may look again.
        """
        self.counters = PublisherCounters()
        self.stands = False
        self.reason: str | None = None
        self._wish = wish
        self._outbox = outbox
        self._form = form
        self._attempts = attempts
        self._papers = papers
        self._backoff = backoff
        self._clock = clock
        self._session = session
        self._owns_session = session is None
        self._tell = tell
        self._refused = refused
        self._changed = changed
        self._work = asyncio.Event()  # there may be something to send
        self._shown = NOTHING
        self._was_greeted = False  # on the connection that ended last
        self._ending: _Ending | None = None
        self._renewal: Renewal | None = None

    def wake(self) -> None:
        """Let the sender look what there is to send."""
        self._work.set()

    async def run(self) -> None:
        """Connect, send and receive, for ever.

        Raises:
            Refused, NotAFeed, Malformed, GaveUp, Expired, NameInUse: it cannot go on.
        """
        while True:
            try:
                link = await self._connect()
                try:
                    await self._serve(link)
                finally:
                    self._was_greeted, self.stands = self.stands, False
                    self._stop_renewal()
                    await link.close()
            except TimeoutError:
                self._lose(f"no answer within {OPEN_TIMEOUT_S:g} s")
            except Malformed as error:
                self.counters.malformed += 1
                self._attempts.break_protocol(error)
                self._lose(f"the server broke the protocol: {error}")
            except Lost as lost:
                self._lose(
                    str(lost), retry_after_s=lost.retry_after_s, stay_away_s=lost.stay_away_s
                )
            except Refused as refused:
                if not self._may_renew(refused):
                    raise
                self._lose(str(refused), stay_away_s=0.0)

    async def close(self) -> None:
        """Let go of what the connections were made by; only after `run` has ended."""
        if self._session is not None and self._owns_session:
            await self._session.close()
            self._session = None

    async def _connect(self) -> IngestLink:
        """Wait until the next attempt is due, then try once."""
        self._was_greeted = False
        mono_s = self._clock.mono_s()
        self._attempts.begin(mono_s)
        if self._attempts.retry_at_s > mono_s:
            await self._clock.sleep(self._attempts.retry_at_s - mono_s)
        self._shown = await self._papers.show()
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=0), headers=USER_AGENT
            )
        wish = self._wish
        order = IngestOrder(
            wish.base, self._outbox.producer, wish.source, self._shown, wish.compress
        )
        try:
            async with self._clock.timeout(OPEN_TIMEOUT_S):
                link = await IngestLink.open(self._session, order)
        except (Refused, NotAFeed):
            self.counters.failures += 1
            raise
        return link

    async def _serve(self, link: IngestLink) -> None:
        """Use one connection until it ends, which is always an error."""
        self._outbox.connect(link.greeting)
        self.counters.connects += 1
        self.stands = True
        self._attempts.note_data(self._clock.mono_s())
        self._tell(f"connected as producer {self._outbox.producer}")
        self._changed()
        sending = asyncio.create_task(self._send(link))
        try:
            await self._receive(link)
        finally:
            sending.cancel()
            (end,) = await asyncio.gather(sending, return_exceptions=True)
            if isinstance(end, Exception):
                raise end

    async def _send(self, link: IngestLink) -> None:
        """Send what is due, until the connection ends."""
        outbox, linger_s = self._outbox, self._wish.linger_s
        try:
            while True:
                self._work.clear()
                if outbox.waiting and not (outbox.is_full_batch or outbox.is_idle):
                    with suppress(TimeoutError):
                        async with self._clock.timeout(linger_s):
                            while not (outbox.is_full_batch or outbox.is_idle):
                                await self._work.wait()
                                self._work.clear()
                batch = outbox.next_batch()
                if batch is None:
                    await self._work.wait()
                    continue
                self.counters.batches += 1
                self.counters.batches_again += batch.sends > 1
                payload = self._form.envelope(batch.sequence, batch.rows)
                self.counters.sent_bytes += len(payload)
                await link.send(payload, is_text=self._form.is_text)
        except Lost:
            await link.close()  # so that whoever reads learns of it too
        except Exception:
            await link.close()
            raise

    async def _receive(self, link: IngestLink) -> None:
        """Read until the connection ends; a silent one is asked for a sign of life once."""
        half_s = self._wish.heartbeat_s / 2
        asked = False
        while True:
            try:
                async with self._clock.timeout(half_s):
                    objects = await link.receive()
            except TimeoutError:
                if asked:
                    self.counters.silences += 1
                    words = f"nothing came for {self._wish.heartbeat_s:g} s"
                    raise Lost(words, unanswered=True) from None
                asked = True
                await link.ask()
                continue
            asked = False
            self._attempts.note_data(self._clock.mono_s())
            for item in objects:
                self._enter(link, item)
            if objects:
                self._work.set()  # what was on its way may have arrived
                self._changed()

    def _enter(self, link: IngestLink, item: Object) -> None:
        answer = link.read(item)
        if isinstance(answer, Ack):
            self._attempts.succeed()
            self.reason = None
            self.counters.acknowledged += 1
            self.counters.duplicates += answer.duplicate
            self._outbox.acknowledge(answer)
        elif isinstance(answer, Durable):
            self._outbox.settle(answer.sequence)
        elif isinstance(answer, Refusal):
            if answer.code == _TOO_MANY or answer.code >= _FAILED:
                raise Lost(f"the server does not take batches now: {answer.words}")
            self._attempts.succeed()
            error = self._outbox.refuse(answer)
            if answer.sequence is None:
                self._tell(f"the server refused a message that has no number: {answer.words}")
            if error is not None:
                self.counters.refused += 1
                self._refused(error)
        elif item["T"] == "expiring":
            self._expire(link, Expiring(str(item.get("t", "")), str(item.get("msg", ""))))
        elif item["T"] == "error" and item.get("code") == ErrorCode.ALREADY_AUTHENTICATED:
            self._renew(link)  # another token was not accepted, and who it was is still good

    def _lose(
        self, reason: str, *, retry_after_s: float = 0.0, stay_away_s: float | None = None
    ) -> None:
        """Account for a connection that ended or was not made, and arrange for the next one."""
        self.counters.failures += 1
        self.reason = reason
        wait_s = self._attempts.fail(
            reason,
            self._clock.mono_s(),
            retry_after_s=retry_after_s,
            stay_away_s=stay_away_s,
        )
        self._tell(Disconnected(reason, wait_s))
        self._changed()

    # Who it is.

    def _may_renew(self, refused: Refused) -> bool:
        """Tell whether it was a token that was good, and has ended, and there may be another."""
        is_of_identity = refused.code in {ErrorCode.NOT_AUTHENTICATED, ErrorCode.AUTH_FAILED}
        return is_of_identity and self._was_greeted and self._papers.can_renew

    def _expire(self, link: IngestLink, expiring: Expiring) -> None:
        """Begin a renewal, where there is a function that may know another token."""
        self._tell(expiring)
        if self._papers.can_renew:
            ends_s = self._clock.mono_s() + left_s(expiring, self._clock.wall_ns())
            self._ending = _Ending(self._shown, ends_s)
            self._renew(link)

    def _renew(self, link: IngestLink) -> None:
        ending = self._ending
        if ending is None:
            return
        self._shown = ending.shown
        self._papers.note_end(ending.shown, ending.ends_s)
        self._stop_renewal()
        self._renewal = Renewal(
            link,
            self._papers,
            max(0.0, ending.ends_s - self._clock.mono_s()),
            clock=self._clock,
            backoff=self._backoff.another(),
            tell=self._tell,
            found=self._found,
        )

    def _found(self, shown: Shown, refreshed: bool) -> None:
        """Take what a renewal has found and shown."""
        del refreshed  # a WebSocket always can
        self._shown = shown

    def _stop_renewal(self) -> None:
        if self._renewal is not None:
            self._renewal.stop()
            self._renewal = None
