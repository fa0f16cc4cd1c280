"""Webhooks: firings go to the addresses of their rules, signed, until they are taken or given up.

Each is kept in the book until then. An attempt that fails is repeated with growing pauses, by
chance longer or shorter. Redirects are not followed, no proxy of the environment is used, and no
answer is read beyond its head.
"""

import asyncio
import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

import aiohttp
import orjson

from feed import __version__
from feed.alerting.addresses import public_socket
from feed.alerting.resolver import Resolver
from feed.alerting.signature import headers_of
from feed.alerting.tally import Tally
from feed.logger import logger_of
from feed.market.alert_words import AlertWord
from feed.wire.rfc3339 import rfc3339
from feed.wire.word_fields import fields_of_word

MOST_AT_ONCE = 16
MOST_AT_ONCE_PER_OWNER = 2
ATTEMPT_S = 10.0
CONNECT_S = 5.0
FIRST_PAUSE_S = 1.0
LONGEST_PAUSE_S = 300.0
_MOST_DOUBLINGS = 16
_GONE = 410  # Standard Webhooks: the receiver wants no more
_NS_PER_S = 1_000_000_000

log = logger_of("feed.alerts")


@dataclass(slots=True)
class Delivery:
    """A firing on its way.

    Attributes:
        id: of the firing.
        until_ns: when it is given up, by the time of day.
        attempts: that failed so far.
    """

    id: str
    owner: str
    rule: str
    body: bytes
    until_ns: int
    attempts: int = 0


@dataclass(frozen=True, slots=True)
class Target:
    """Where a delivery goes, and the secret that signs it."""

    url: str
    secret: str = field(repr=False)


Ended = Callable[[Delivery, str], None]


def body_of(word: AlertWord) -> bytes:
    """Return what a receiver gets of a firing."""
    told = {"type": "alert.fired", "timestamp": rfc3339(word.event_ns)}
    return orjson.dumps({**told, "data": fields_of_word(word)})


class Webhooks:
    """All deliveries that are under way."""

    def __init__(
        self,
        tally: Tally,
        find: Callable[[str], Target | None],
        ended: Ended,
        wall_ns: Callable[[], int],
        *,
        allow_private: bool,
        first_pause_s: float = FIRST_PAUSE_S,
    ) -> None:
        """Begin with none.

        Args:
            tally: counts what becomes of them.
            find: returns where the deliveries of a rule go now; None: nowhere any more, or its
                owner may not see what it sees.
            ended: is told of each that is over, and why it failed; "": it was taken.
            wall_ns: the time of day.
            allow_private: let them go to any address.
            first_pause_s: behind the first attempt.
        """
        self._tally = tally
        self._find = find
        self._ended = ended
        self._wall_ns = wall_ns
        self._allow_private = allow_private
        self._first_pause_s = first_pause_s
        self._places = asyncio.Semaphore(MOST_AT_ONCE)
        self._owners: dict[str, asyncio.Semaphore] = {}
        self._waiting: Counter[str] = Counter()
        self._tasks: dict[asyncio.Task[None], Delivery] = {}
        self._resolver = Resolver()
        self._session: aiohttp.ClientSession | None = None

    def __len__(self) -> int:
        """Count those that are under way."""
        return len(self._tasks)

    def send(self, delivery: Delivery) -> None:
        """Send one, now and again."""
        task = asyncio.create_task(self._deliver(delivery), name=f"webhook {delivery.id}")
        self._tasks[task] = delivery
        task.add_done_callback(self._tasks.pop)

    def under_way(self) -> list[Delivery]:
        """Return all that are not over."""
        return [*self._tasks.values()]

    async def close(self) -> None:
        """End all attempts; what is not taken stays in the book."""
        for task in [*self._tasks]:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._session is not None:
            await self._session.close()
        await self._resolver.close()

    async def _deliver(self, delivery: Delivery) -> None:
        while True:
            target = self._find(delivery.rule)
            if target is None:
                self._tally.withdrawn += 1
                self._ended(
                    delivery, "the rule has no webhook any more, or its owner lost the symbol"
                )
                return
            flaw, is_final = await self._attempt_in_turn(delivery, target)
            if not flaw:
                self._tally.delivered += 1
                self._ended(delivery, "")
                return
            delivery.attempts += 1
            pause_s = self._pause_s(delivery.attempts)
            if is_final or self._wall_ns() + pause_s * _NS_PER_S > delivery.until_ns:
                self._end(delivery, flaw)
                return
            self._tally.retried += 1
            await asyncio.sleep(pause_s)

    def _end(self, delivery: Delivery, flaw: str) -> None:
        self._tally.given_up += 1
        log.warning("webhook_given_up", alert=delivery.id, attempts=delivery.attempts, why=flaw)
        self._ended(delivery, flaw)

    def _pause_s(self, attempts: int) -> float:
        doubled = self._first_pause_s * 2.0 ** min(attempts - 1, _MOST_DOUBLINGS)
        return min(LONGEST_PAUSE_S, doubled) * random.uniform(0.5, 1.0)

    async def _attempt_in_turn(self, delivery: Delivery, target: Target) -> tuple[str, bool]:
        """Attempt it when there is a place; nobody takes them all."""
        owner = delivery.owner
        own = self._owners.setdefault(owner, asyncio.Semaphore(MOST_AT_ONCE_PER_OWNER))
        self._waiting[owner] += 1
        try:
            async with own, self._places:
                return await self._attempt(delivery, target)
        finally:
            self._waiting[owner] -= 1
            if not self._waiting[owner]:
                del self._waiting[owner], self._owners[owner]

    async def _attempt(self, delivery: Delivery, target: Target) -> tuple[str, bool]:
        """Return what went wrong ("": nothing), and whether nothing can come of it any more."""
        signed = headers_of(delivery.id, delivery.body, target.secret, self._wall_ns() // _NS_PER_S)
        headers = {**signed, "Content-Type": "application/json"}
        try:
            async with self._open().post(
                target.url, data=delivery.body, headers=headers, allow_redirects=False
            ) as answer:
                status = answer.status
        except TimeoutError:
            return f"no answer within {ATTEMPT_S:g} s", False
        except (aiohttp.ClientError, OSError, ValueError) as error:
            return f"{type(error).__name__}: {error}"[:200], False
        if 200 <= status < 300:  # noqa: PLR2004 - RFC 9110 §15.3
            return "", True
        return f"the answer was {status}", status == _GONE

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            connector = aiohttp.TCPConnector(
                limit=MOST_AT_ONCE,
                force_close=True,
                use_dns_cache=False,
                resolver=self._resolver,
                socket_factory=None if self._allow_private else public_socket,
            )
            self._session = aiohttp.ClientSession(
                connector=connector,
                cookie_jar=aiohttp.DummyCookieJar(),
                timeout=aiohttp.ClientTimeout(total=ATTEMPT_S, connect=CONNECT_S),
                auto_decompress=False,
                trust_env=False,
                headers={"User-Agent": f"feed-broadcaster/{__version__}"},
                max_line_size=8_190,
                max_field_size=8_190,
            )
        return self._session
