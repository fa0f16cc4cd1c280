"""Hearing: the buckets of a cluster are read beside its events, and never hold these up.

Theory of operation: each bucket is a stream of its own, with a leader of its own, which may be
missing while that of the events is there. So each has a read that is begun, and begun anew, by a
task of its own, for as long as the connection stands. What it tells comes to the inbox of the
events. While the lease cannot be heard, batches say that somebody writes.
"""

import asyncio
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, NoReturn

from feed.cluster.buckets import Bucket
from feed.cluster.errors import BusAway, BusLost
from feed.cluster.ordered_read import Inbox, OrderedRead, Stored
from feed.errors import InvalidMessage
from feed.logger import logger_of
from feed.sources.follow.steps import Announcement
from feed.sources.nats.news import News
from feed.sources.upstream.account import Account

if TYPE_CHECKING:
    from nats.aio.msg import Msg

FIRST_S = 1.0  # events wait no longer for what is told beside them, at first
LOOK_S = 1.0  # between two looks whether a bucket is heard, and between two tries
_SWALLOWED_S = 0.1

log = logger_of("feed.follow")


class Hearing:
    """Hears of some buckets, over one connection.

    Attributes:
        unheard: the names of those that cannot be heard now.
    """

    def __init__(
        self, buckets: Sequence[Bucket], lease: str, inbox: Inbox, news: News, account: Account
    ) -> None:
        """Begin with none.

        Args:
            buckets: which.
            lease: the name of the one that says who leads.
            inbox: takes what they tell.
            news: what is known of it.
            account: is told why one is not heard.
        """
        self.unheard: set[str] = set()
        self._lease = lease
        self._inbox = inbox
        self._news = news
        self._account = account
        self._buckets: dict[OrderedRead, Bucket] = {}  # that are heard
        self._lost: dict[OrderedRead, BusLost] = {}  # of these
        self._tried = [asyncio.Event() for _ in buckets]
        self._tasks = [
            asyncio.create_task(self._keep(bucket, tried))
            for bucket, tried in zip(buckets, self._tried, strict=True)
        ]

    async def first(self) -> None:
        """Wait until each was tried once, but not for long."""
        try:
            async with asyncio.timeout(FIRST_S):
                for tried in self._tried:
                    await tried.wait()
        except TimeoutError:
            log.warning("buckets_slow", seconds=FIRST_S)

    def check(self) -> None:
        """See that every bucket is looked after still; raise what has ended that, if anything."""
        for task in self._tasks:
            if task.done():
                task.result()

    async def take(self, read: OrderedRead, message: "Msg") -> list[Announcement]:
        """Take a message of a bucket; return what is to be told."""
        bucket = self._buckets.get(read)
        if bucket is None or read in self._lost:
            return []  # of a read that has ended
        try:
            stored = await read.read(message)
        except BusLost as error:
            self._lost[read] = error
            return []
        return [] if stored is None else self._told(bucket, stored)

    async def close(self) -> None:
        """Hear of nothing more.

        The NATS client swallows a cancellation where it writes; so it is said until it is heard.
        """
        left = set(self._tasks)
        while left:
            for task in left:
                task.cancel()
            _, left = await asyncio.wait(left, timeout=_SWALLOWED_S)

    def _told(self, bucket: Bucket, stored: Stored) -> list[Announcement]:
        key, value = bucket.entry(stored)
        try:
            return self._news.take(key, value, time.monotonic_ns())
        except InvalidMessage as error:
            self._account.last_words = str(error)
            log.error("news_unreadable", key=key, error=str(error))  # noqa: TRY400 - it says all
            return []

    async def _keep(self, bucket: Bucket, tried: asyncio.Event) -> None:
        """Read a bucket for ever, with one read after the other."""
        while True:
            read = bucket.reading(self._inbox)
            self._buckets[read] = bucket  # before its first message comes
            try:
                if await bucket.watch(read):
                    self._begin(bucket)
                    tried.set()
                    await self._until_lost(read)
                self._miss(bucket, f"there is no bucket {bucket.name}")
            except BusAway as error:
                self._miss(bucket, str(error))
            finally:
                self._lost.pop(read, None)
                del self._buckets[read]
                await read.close()
            tried.set()
            await asyncio.sleep(LOOK_S)

    def _begin(self, bucket: Bucket) -> None:
        if bucket.name in self.unheard:
            self.unheard.discard(bucket.name)
            log.info("bucket_heard_again", bucket=bucket.name)
        if bucket.name == self._lease:
            self._news.begin(time.monotonic_ns())

    async def _until_lost(self, read: OrderedRead) -> NoReturn:
        """Look at a read for as long as it is heard.

        Raises:
            BusLost: it is not any more.
        """
        while read not in self._lost:
            await asyncio.sleep(LOOK_S)
            read.check()
        raise self._lost[read]

    def _miss(self, bucket: Bucket, reason: str) -> None:
        """Note that a bucket is not heard; it is told once."""
        if bucket.name in self.unheard:
            return
        self.unheard.add(bucket.name)
        self._account.last_words = reason
        log.warning("bucket_unheard", bucket=bucket.name, reason=reason)
        if bucket.name == self._lease:
            self._news.lose_lease(time.monotonic_ns())
