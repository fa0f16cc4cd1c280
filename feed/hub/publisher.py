"""The publisher: where events come in, and are cut in time.

It publishes what the one writer gives it, in parts that the ring can hold beside what waits for a
cut, and holds production where the slowest lossless subscriber would be overrun. Knows no source.
"""

import asyncio
from collections.abc import Callable, Collection, Sequence
from functools import partial

from feed.broadcast.audience import Audience
from feed.errors import NotNow
from feed.hub.bus import Bus
from feed.hub.catch_up import CatchUp
from feed.hub.clock import Clock
from feed.hub.cutter import Cutter
from feed.hub.steps import Step
from feed.hub.turns import Turns
from feed.market.receipts import Producer
from feed.market.ticks import Tick
from feed.market.words import Word
from feed.wire.messages import Message

SETTLED_S = 5.0  # that an answer waits for the acknowledgement of what it tells
RETRY_S = 1.0
_UNSETTLED = "the bus has not acknowledged yet what this tells; NATS is away, or slow"


def _resolve(heard: "asyncio.Future[int]", sequence: int) -> None:
    if not heard.done():  # whoever waits may have gone
        heard.set_result(sequence)


def nothing() -> None:
    """Be called, and do nothing."""


class Publisher:
    """Takes ticks into the ring, and words on the source to everybody.

    Attributes:
        bus: that acknowledges what is cut; None: what is cut is published.
        taps: are shown every batch of ticks that was taken, with the sequence of its first one,
            before it is cut; they are quick, and do not fail.
    """

    __slots__ = (
        "_audience",
        "_broadcast",
        "_catch_up",
        "_clock",
        "_cutter",
        "_hurries",
        "_most_published_ticks",
        "_turns",
        "bus",
        "taps",
    )

    def __init__(
        self, audience: Audience, cutter: Cutter, catch_up: CatchUp, turns: Turns, clock: Clock
    ) -> None:
        """Begin with nothing.

        Args:
            audience: takes the ticks, and knows what production has to wait for.
            cutter: sees to it that they are cut.
            catch_up: tells when a subscriber got further.
            turns: for resolving symbols, one piece at a time.
            clock: what the time is.
        """
        self._audience = audience
        self._broadcast = audience.broadcast
        self._cutter = cutter
        self._catch_up = catch_up
        self._turns = turns
        self._clock = clock
        self._most_published_ticks = audience.most_published_ticks
        self._hurries = False
        self.bus: Bus | None = None
        self.taps: list[Callable[[Sequence[Tick], int], None]] = []

    async def publish(
        self,
        ticks: list[Tick],
        *,
        wait: bool,
        source_ticks: Collection[Tick] = (),
        market_ns: tuple[int, int] | None = None,
        held: Callable[[], None] = nothing,
        whole: bool = False,
        batch: tuple[Producer, int] | None = None,
    ) -> None:
        """Take ticks into the ring, and see to it that they are cut.

        Args:
            ticks: in order, the bars that they finish among them.
            wait: hold production while the ring would overrun the slowest lossless subscriber.
            source_ticks: those of them that the source gave itself.
            market_ns: what the market's clock shows at the first and after the last of them; None:
                times are those of now.
            held: called each time that production is held.
            whole: they enter one cut together, unless they are more than half of the ring.
            batch: of which producer they are, and its number.
        """
        audience = self._audience
        step = audience.most_waiting_ticks if whole else self._most_published_ticks
        own = set(map(id, source_ticks)) if len(ticks) > step else None
        for start in range(0, len(ticks), step):
            part = ticks[start : start + step]
            given = len(source_ticks) if own is None else sum(id(tick) in own for tick in part)
            await self._resolve(part)
            if wait and not audience.can_take(len(part)):
                held()
                await self._hold_production(len(part))
            ended = batch if start + step >= len(ticks) else None
            while not audience.publish(part, self._clock.mono_ns(), given, ended, market_ns):
                self._cutter.cut()
            if self.taps:
                first = self._broadcast.ring.newest - len(part) + 1
                for tap in self.taps:
                    tap(part, first)
            self._cutter.schedule()

    def say(self, words: Sequence[Word]) -> None:
        """Let words wait for the next cut, in which they come behind the ticks."""
        self._broadcast.waiting_words.say(words)
        self._cutter.schedule()

    async def said(self, words: Sequence[Word]) -> int:
        """Say words, and wait until they are published; return the sequence of the last of them.

        Raises:
            NotNow: they are cut, and the bus will not acknowledge them.
        """
        heard: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._broadcast.waiting_words.say(words, partial(_resolve, heard))
        self._cutter.schedule()
        sequence = await heard
        await self.settled(sequence)
        return sequence

    async def settled(self, sequence: int) -> None:
        """Wait until a bus, where there is one, has acknowledged all up to a sequence.

        Raises:
            NotNow: it never will.
        """
        if self.bus is not None:
            await self.bus.settled(sequence)

    def cut_words(self) -> None:
        """Have all words cut that were said, so that they have their sequences."""
        while self._broadcast.waiting_words:
            self._cutter.cut()

    async def words_settled(self) -> None:
        """Wait until a bus, where there is one, has acknowledged all words that were said so far.

        Raises:
            NotNow: it never will, or not for a while.
        """
        if self.bus is None:
            return
        self.cut_words()
        try:
            async with asyncio.timeout(SETTLED_S):
                await self.bus.settled(self._broadcast.ring.newest_other)
        except TimeoutError:
            raise NotNow(_UNSETTLED, RETRY_S) from None

    def hurry(self) -> None:
        """Hold no production any more: the list that waits is the last one."""
        self._hurries = True
        self._catch_up.moved.set()

    def begin_pass(self) -> None:
        """Note that the times of a recording begin anew with the next tick."""
        self._broadcast.market_times.begin_pass()

    def announce(self, message: Message, source: str, *, down: bool) -> None:
        """Tell all subscribers that selected something whether a source is down."""
        if self._broadcast.waiting_ticks:
            self._cutter.cut()  # what came before it is told before it
        self._audience.announce(message, source, self._clock.mono_ns(), down=down)

    async def _resolve(self, ticks: list[Tick]) -> None:
        """Find out which globs match symbols that are new to them, before a cut has to."""
        sets = self._broadcast.lanes.wildcard_sets
        if not sets.all_known(ticks):
            await self._turns.in_slices(sets.resolving(ticks), Step.RESOLVE)

    async def _hold_production(self, count: int) -> None:
        """Wait until `count` more ticks overrun no subscriber that is owed every tick."""
        while True:
            self._catch_up.moved.clear()
            if self._hurries or self._audience.can_take(count):
                return
            if self._broadcast.waiting_ticks:
                self._cutter.cut()
            await self._catch_up.moved.wait()
