"""Answers of the writer that many clients of an edge ask for: asked for once, for all of them.

Those who may read the same share an answer for half a second. Where the writer judges by itself who
asks, only the requests of one somebody share it. While the writer is away its last answer is told
for a minute, since it says as of when it is; then the edge has its own.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Hashable
from contextlib import suppress
from http import HTTPStatus

from aiohttp import hdrs

from feed.errors import LimitExceeded
from feed.http.edge.link import Asker, Link, WriterAway
from feed.http.told import Told
from feed.hub.clock import Clock
from feed.market.ticks import MINUTE_NS

PATIENCE_S = 2.0  # with a writer whose answer is the better one, and not the only one
SHARED_NS = 500_000_000
AWAY_NS = MINUTE_NS
MOST_SHARED = 64  # answers: 50 kB each


class _Answer:
    """What the writer answered last to whoever may read the same."""

    __slots__ = ("asked_ns", "asking", "told", "told_ns")

    def __init__(self) -> None:
        self.asking = asyncio.Lock()
        self.asked_ns: int | None = None  # when it was asked last, and was done, monotonic
        self.told: Told | None = None
        self.told_ns = 0  # when it answered last

    def of(self, mono_ns: int) -> Told | None:
        """Return the last answer, unless it is too old."""
        return self.told if mono_ns - self.told_ns < AWAY_NS else None


class SharedAnswers:
    """Asks the writer for documents."""

    __slots__ = ("_answers", "_clock", "_link")

    def __init__(self, link: Link, clock: Clock) -> None:
        """Ask over a link."""
        self._link = link
        self._clock = clock
        self._answers: OrderedDict[Hashable, _Answer] = OrderedDict()

    async def ask(self, asker: Asker, target: str, readers: Hashable) -> Told | None:
        """Return the document that the writer answers; None: it does not.

        Args:
            asker: who asks.
            target: path and query of what is asked of the writer.
            readers: equal for all that may read the same.
        """
        identity = asker.identity
        whose = None if self._link.speaks_for else (identity.kind, identity.id)
        key = target, readers, whose
        answer = self._answers.setdefault(key, _Answer())
        self._answers.move_to_end(key)
        if len(self._answers) > MOST_SHARED:
            self._answers.popitem(last=False)
        async with answer.asking:
            mono_ns = self._clock.mono_ns()
            if answer.asked_ns is None or mono_ns - answer.asked_ns >= SHARED_NS:
                with suppress(WriterAway, LimitExceeded):
                    answer.told, answer.told_ns = await self._ask(asker, target), mono_ns
                mono_ns = answer.asked_ns = self._clock.mono_ns()
            return answer.of(mono_ns)

    async def _ask(self, asker: Asker, target: str) -> Told | None:
        """Return what the writer answers; None: it refuses, and nobody is told what it told before.

        Raises:
            WriterAway: it does not answer, or cannot.
            LimitExceeded: what the asker is granted cannot be said.
        """
        link = self._link
        response = await link.ask(asker, hdrs.METH_GET, target, answer_s=PATIENCE_S)
        async with response:
            with link.telling_of_ends():
                async with asyncio.timeout(PATIENCE_S):
                    body = await response.read()
        is_busy = response.status == HTTPStatus.TOO_MANY_REQUESTS
        if is_busy or response.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            raise WriterAway(may_be_done=False)
        return Told(body) if response.status == HTTPStatus.OK else None
