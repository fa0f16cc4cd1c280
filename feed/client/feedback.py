"""Feedback: ages of ticks when this reader had them, a few of them now and then.

Only the reader knows the age that a user feels. A server that wants to know takes a sample at
`POST /v1/feedback`, whichever transport carries the ticks; where it does not, nothing is lost.
"""

import asyncio
import logging
import random
import time
from collections.abc import Callable, Mapping
from http import HTTPStatus

import aiohttp
from yarl import URL

from feed.client.errors import Malformed, Refused
from feed.client.events import Batch
from feed.client.failure_words import words_of
from feed.client.redirects import send
from feed.client.tables import event_ns
from feed.market.ticks import Kind
from feed.wire.request_fields import MAX_AGE_MS, MAX_AGES
from feed.wire.transport import Transport

INTERVAL_S = 10.0
_TIMEOUT_S = 5.0
_NOT_LIVE = "not_live"  # the outcome of a report to a server that plays a recording
_NS_PER_MS = 1_000_000
_BARS = frozenset({Kind.BAR, Kind.UPDATED_BAR, Kind.SECOND_BAR})

_log = logging.getLogger("feed.client")


class FeedbackReporter:
    """A random sample of ages, told every ten seconds while ticks come."""

    def __init__(self, base: URL, mono_s: float, wall_ns: Callable[[], int] = time.time_ns) -> None:
        """Begin with nothing noted.

        Args:
            base: the server's URL.
            mono_s: the time as `note` is given it, seconds that only grow.
            wall_ns: the time of day, nanoseconds since 1970.
        """
        self._url = base / "v1" / "feedback"
        self._wall_ns = wall_ns
        self._random = random.Random()
        self._ages_ms: list[float] = []
        self._seen = 0
        self._wanted = True  # until the server says that its ticks have no age
        self._sent_s = mono_s
        self._sending: asyncio.Task[None] | None = None

    def note(
        self,
        batch: Batch,
        session: aiohttp.ClientSession,
        transport: Transport,
        mono_s: float,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        """Note a batch that is handed out, and report where it is time; returns at once.

        Args:
            batch: that is handed out.
            session: to report by.
            transport: that it came over.
            mono_s: the time.
            headers: that say who reports.
        """
        if not self._wanted:
            return
        self._sample(batch)
        if self._ages_ms and mono_s - self._sent_s >= INTERVAL_S:
            body = {"transport": transport.value, "ages_ms": self._ages_ms}
            self._ages_ms, self._seen, self._sent_s = [], 0, mono_s
            self._sending = asyncio.create_task(self._send(session, body, headers))

    def close(self) -> None:
        """Drop a report that is on its way."""
        if self._sending is not None:
            self._sending.cancel()

    def _sample(self, batch: Batch) -> None:
        """Take the age of one tick of a batch, any of them, into the sample (Vitter's algorithm R).

        Ticks of a snapshot are not news. A bar's time is its beginning, which says nothing of how
        long its delivery took. A tick that is older than a day is from a recording.
        """
        tick = self._random.choice(batch)
        if batch.snapshot or tick["T"] in _BARS:
            return
        try:
            event = event_ns(tick)
        except Malformed:
            return  # without a time there is no age; a consumer that reads the time gets the error
        # The clocks of two machines differ: a tick from the future is of now.
        age_ms = max(0, self._wall_ns() - event) / _NS_PER_MS
        if age_ms > MAX_AGE_MS:
            return
        self._seen += 1
        if len(self._ages_ms) < MAX_AGES:
            self._ages_ms.append(age_ms)
        elif (place := self._random.randrange(self._seen)) < MAX_AGES:
            self._ages_ms[place] = age_ms

    async def _send(
        self,
        session: aiohttp.ClientSession,
        body: Mapping[str, object],
        headers: Mapping[str, str] | None,
    ) -> None:
        """Report; that it cannot be is of no consequence: the connection says what is wrong."""
        timeout = aiohttp.ClientTimeout(total=_TIMEOUT_S)
        try:
            asked = send(session, "POST", self._url, json=body, headers=headers, timeout=timeout)
            async with await asked as answer:
                if answer.status == HTTPStatus.OK:  # 204 is said to reports that are counted
                    self._wanted = await answer.json() != {"outcome": _NOT_LIVE}
                elif not answer.ok:
                    _log.debug("%s answers %s", self._url, answer.status)
        except (aiohttp.ClientError, OSError, ValueError) as error:
            _log.debug("%s: %s", self._url, words_of(error, self._url))
        except Refused as refused:
            _log.debug("%s", refused)
