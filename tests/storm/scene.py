"""What everybody in a storm knows of it."""

import asyncio
import random
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from functools import cached_property

from tests.chaos.market import CYCLE_TICKS, Market
from tests.chaos.times import Times
from tests.fakes.wire import Address
from tests.storm.heeding import Heeded

_BUSIEST = 6


@dataclass
class Scene:
    """A storm, as it is now.

    Attributes:
        market: the ticks of every epoch.
        slack_s: the longest time in which the server heeds what changed about papers.
        address: of the server.
        epoch: of the server that runs, or ran last.
        boots: how many servers there were.
        last: the number of the last tick, once the market has closed.
        is_open: guests may come; else they leave.
        spread_s: over which they come, once they may: whoever brings thousands at once is slow
            itself, and finds out nothing of the server.
        openings: how often it was opened.
        keys: what the server has read of the keys file.
        times: when ticks were made, by epoch.
        counts: of whatever happens.
    """

    market: Market
    slack_s: float
    address: Address = ("127.0.0.1", 0)
    epoch: str = ""
    boots: int = 0
    last: int | None = None
    is_open: asyncio.Event = field(default_factory=asyncio.Event)
    spread_s: float = 0.0
    openings: int = 0
    keys: Heeded = field(default_factory=Heeded)
    times: defaultdict[str, Times] = field(default_factory=lambda: defaultdict(Times))
    counts: Counter[str] = field(default_factory=Counter)

    @cached_property
    def busiest(self) -> list[str]:
        """The symbols of which most ticks come."""
        counts = Counter[str]()
        for (_, symbol), numbers in self.market.numbers.items():
            counts[symbol] += numbers.count(CYCLE_TICKS)
        return [symbol for symbol, _ in counts.most_common(_BUSIEST)]

    @property
    def slack_us(self) -> int:
        return int(self.slack_s * 1e6)

    def open(self) -> None:
        """Let everybody come."""
        self.openings += 1
        self.is_open.set()

    def newest(self) -> int | None:
        """Return the last number once the market has closed."""
        return self.last


class Entrance:
    """The way in of one of them, who comes at a moment of its own when the scene opens."""

    def __init__(self, scene: Scene, chance: random.Random) -> None:
        self._scene = scene
        self._chance = chance
        self._opening = 0

    async def wait(self) -> None:
        """Return when it may come."""
        scene = self._scene
        await scene.is_open.wait()
        while self._opening != scene.openings:
            self._opening = scene.openings
            await asyncio.sleep(self._chance.random() * scene.spread_s)
            await scene.is_open.wait()


class Sight(Times):
    """The times of one epoch, which is not known before the first position."""

    def __init__(self) -> None:
        super().__init__()
        self._shared: Times | None = None

    @property
    def is_new(self) -> bool:
        return self._shared is None

    def enter(self, times: Times) -> None:
        """Share from now on what others saw of the epoch."""
        self._shared = times

    def note(self, number: int, made_us: int) -> None:
        if self._shared is not None:
            self._shared.note(number, made_us)

    def made_us(self, number: int) -> int:
        return 0 if self._shared is None else self._shared.made_us(number)

    def before(self, number: int, age_us: int) -> int:
        return 0 if self._shared is None else self._shared.before(number, age_us)
