"""The answer: text that is read while it is written, over however many connections.

Theory of operation: the consumer pulls. A step makes a connection or receives from it; what comes
goes into the transcript, whose new pieces are handed out one by one. When a connection ends before
the answer does, the next one goes on behind what has come. Leaving the block drops the connection,
and cancels nothing.
"""

import asyncio
import logging
from collections.abc import Callable
from types import TracebackType
from typing import Protocol, Self

import aiohttp
from yarl import URL

from feed.client.attempts import Attempts
from feed.client.clock import Clock
from feed.client.errors import Malformed, Refused
from feed.client.events import Disconnected
from feed.client.generating.answer_link import AnswerLink, Wanted, post
from feed.client.generating.transcript import Grounding, Transcript, Usage
from feed.client.http_words import USER_AGENT
from feed.client.link import Lost
from feed.client.papers import Papers
from feed.market.generation_words import GenerationState

# To be told that an answer begins: the server's own time-outs of a model are 30 s to the first
# token, and it may try again within them.
OPEN_TIMEOUT_S = 60.0
RESPONSES = "v1/responses"

_log = logging.getLogger("feed.client")


class Way(Wanted, Protocol):
    """The way to an answer: what each connection asks for, and how it is read."""

    def begin_again(self, refused: Refused) -> bool:
        """Tell whether the next connection, which asks for all of it, may not be refused."""

    def reader(self) -> Callable[[bytes], None]:
        """Return what takes the bytes of one connection into the transcript."""


class Answer:
    """What a language model says, as it says it; use it in an `async with` block.

    Iterate over it for pieces of text, in order and each once. One consumer at a time.
    """

    def __init__(
        self,
        base: URL,
        way: Way,
        transcript: Transcript,
        *,
        attempts: Attempts,
        papers: Papers,
        clock: Clock,
        heartbeat_s: float,
        session: aiohttp.ClientSession | None,
        on_event: Callable[[Disconnected], None] | None = None,
    ) -> None:
        """Ask nothing yet; `generate` and `watch_answer` explain what a caller chooses.

        Args:
            base: the server's URL.
            way: what is asked for.
            transcript: takes what comes.
            attempts: know when the next one is due.
            papers: know who asks.
            clock: the time.
            heartbeat_s: the longest silence of a connection that is taken to stand.
            session: to connect by; None: one of its own, which ends with it.
            on_event: is called with each end of a connection; None: it is logged.
        """
        self._base = base
        self._way = way
        self._transcript = transcript
        self._attempts = attempts
        self._papers = papers
        self._clock = clock
        self._heartbeat_s = heartbeat_s
        self._session = session
        self._owns_session = session is None
        self._tell = on_event or self._warn
        self._link: AnswerLink | None = None
        self._read: Callable[[bytes], None] = lambda _: None  # the link's bytes
        self._silent_s = 0.0  # waited for the link so far, since it said something
        self._consumer: asyncio.Task[object] | None = None  # the task that waits in a step
        self._closed = False

    # What is known of it.

    @property
    def id(self) -> str:
        """The id of the generation, by which others watch it; "" before the block begins."""
        return self._transcript.id or ""

    @property
    def model(self) -> str:
        """What answers; "" until it says so."""
        return self._transcript.model

    @property
    def text(self) -> str:
        """All of the text that has come."""
        return self._transcript.text

    @property
    def state(self) -> GenerationState:
        """How it stands: running, or how it ended."""
        return self._transcript.state

    @property
    def grounding(self) -> Grounding | None:
        """The facts that it rests on; None: on none, or they were not told yet."""
        return self._transcript.grounding

    @property
    def usage(self) -> Usage | None:
        """Its tokens, once it is over; None where they are not told."""
        return self._transcript.usage

    # Reading it.

    async def __aenter__(self) -> Self:
        """Ask; the answer begins, and its id is known."""
        try:
            while self._link is None and not self._transcript.is_over:
                await self._step()
        except BaseException:
            await self.close()
            raise
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> str:
        """Return the next piece of text.

        May be cancelled, by a timeout for one, and called again; nothing is lost.

        Raises:
            StopAsyncIteration: it is over, or was closed; `state` tells how it ended.
            GenerationFailed: the model failed; what it had said came before.
            Refused, NotAFeed, Malformed, GaveUp, Expired: it cannot be read on; it may go on.
        """
        transcript = self._transcript
        while (piece := transcript.next_piece()) is None:
            if transcript.failure is not None:
                raise transcript.failure
            if transcript.is_over or self._closed:
                raise StopAsyncIteration
            await self._step()
        return piece

    async def cancel(self) -> None:
        """Have the model stop; iteration ends with what it has said by then.

        May be called by another task than the consumer. Harmless once it is over.

        Raises:
            Refused, NotAFeed, GaveUp, Expired: the server does not do it.
        """
        url = self._base.joinpath(RESPONSES, self.id, "cancel")
        while not (self._transcript.is_over or self._closed):
            try:
                shown = await self._papers.show()
                async with self._clock.timeout(OPEN_TIMEOUT_S):
                    await post(self._session_of_ours(), url, shown)
            except (Lost, TimeoutError) as error:
                await self._clock.sleep(self._fail(error))
            except Refused:
                if self.state is not GenerationState.RUNNING:  # it ended meanwhile
                    return
                raise
            else:
                return

    async def close(self) -> None:
        """Drop the connection; iteration ends. The model goes on for a while, see `generate`."""
        self._closed = True
        if self._consumer is not None:
            self._consumer.cancel()
            self._consumer = None
        self._drop()
        if self._session is not None and self._owns_session:
            await self._session.close()
            self._session = None

    # Its connections.

    async def _step(self) -> None:
        """Connect, or receive; return early where another task closes the answer meanwhile."""
        if self._consumer is not None:
            raise RuntimeError("an answer has one consumer at a time")
        self._consumer = task = asyncio.current_task()
        try:
            await self._try()
        except asyncio.CancelledError:
            closed_from_elsewhere = self._closed and self._consumer is None
            if not closed_from_elsewhere or task is None or task.uncancel():
                raise
        finally:
            self._consumer = None

    async def _try(self) -> None:
        try:
            await (self._connect() if self._link is None else self._receive(self._link))
        except (Lost, TimeoutError) as error:
            self._drop()
            self._fail(error)
        except Malformed as error:
            self._drop()
            self._attempts.break_protocol(error)
            self._fail(Lost(f"the server broke the protocol: {error}"))

    async def _connect(self) -> None:
        """Wait until it is due, then try once."""
        mono_s = self._clock.mono_s()
        self._attempts.begin(mono_s)
        if self._attempts.retry_at_s > mono_s:
            await self._clock.sleep(self._attempts.retry_at_s - mono_s)
        shown = await self._papers.show()
        try:
            async with self._clock.timeout(OPEN_TIMEOUT_S):
                link = await AnswerLink.open(self._session_of_ours(), self._base, self._way, shown)
        except Refused as refused:
            if self._way.begin_again(refused):
                return
            raise
        if self._transcript.id is None:
            self._transcript.id = link.id
        self._link, self._read, self._silent_s = link, self._way.reader(), 0.0

    async def _receive(self, link: AnswerLink) -> None:
        begun_s = self._clock.mono_s()
        try:
            async with self._clock.timeout(self._heartbeat_s - self._silent_s):
                data = await link.receive()
        except TimeoutError:
            raise Lost(f"nothing came for {self._heartbeat_s:g} s") from None
        except asyncio.CancelledError:  # the consumer's timeout is shorter than ours
            self._silent_s += self._clock.mono_s() - begun_s
            raise
        self._silent_s = 0.0
        number = self._transcript.number
        self._read(data)
        self._attempts.note_data(self._clock.mono_s())
        if self._transcript.number != number:
            self._attempts.succeed()
        if self._transcript.is_over:
            self._drop()

    def _fail(self, error: Lost | TimeoutError) -> float:
        """Account for a connection that ended or was not made; return when the next one is due."""
        reason = str(error) or f"no answer within {OPEN_TIMEOUT_S:g} s"
        retry_after_s = error.retry_after_s if isinstance(error, Lost) else 0.0
        wait_s = self._attempts.fail(reason, self._clock.mono_s(), retry_after_s=retry_after_s)
        self._tell(Disconnected(reason, wait_s))
        return wait_s

    def _drop(self) -> None:
        link, self._link = self._link, None
        if link is not None:
            link.close()

    def _session_of_ours(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(headers=USER_AGENT)
        return self._session

    def _warn(self, event: Disconnected) -> None:
        _log.warning("%s: %s", self._base, event)
