"""A market that can be computed: which tick has which number, of which kind and symbol.

The keys of ticks follow a cycle that the seed shuffles, so that what is due between two numbers can
be told without having seen any of it. A tick carries its number and the monotonic microsecond when
it was made.
"""

import random
from bisect import bisect_left
from collections.abc import Iterable
from typing import Any

from feed.market.ticks import Bar, Kind, Quote, Status, Tick, Trade

CYCLE_TICKS = 32_768
SYMBOLS = tuple(f"S{number:02}" for number in range(40))
EVENT_NS = 1_582_329_600_000_000_000
Key = tuple[str, str]  # the dialect's T, and a symbol
_KINDS = {"t": (40, 6.0), "q": (40, 8.0), "b": (8, 0.2), "s": (6, 0.05)}  # symbols, and weight
CHANNELS = {"trades": "t", "quotes": "q", "bars": "b", "statuses": "s"}


class Selected:
    """The numbers that some keys have."""

    def __init__(self, places: list[int]) -> None:
        self._places = places  # in the cycle, from 0 and sorted

    def count(self, upto: int) -> int:
        """Return how many numbers there are up to one, itself included."""
        cycles, place = divmod(upto, CYCLE_TICKS)
        return cycles * len(self._places) + bisect_left(self._places, place)

    def nth(self, index: int) -> int:
        """Return a number by its index, from 0 on."""
        cycles, place = divmod(index, len(self._places))
        return cycles * CYCLE_TICKS + self._places[place] + 1

    def between(self, after: int, upto: int) -> list[int]:
        """Return the numbers after one, up to another."""
        return [self.nth(index) for index in range(self.count(after), self.count(upto))]

    def next(self, after: int) -> int:
        """Return the first number after one."""
        return self.nth(self.count(after))

    def last(self, upto: int) -> int:
        """Return the last number up to one; 0: there is none."""
        count = self.count(upto)
        return self.nth(count - 1) if count else 0


class Market:
    """All ticks of a seed.

    Attributes:
        keys: every key that has ticks.
        numbers: of each of them.
    """

    def __init__(self, seed: int) -> None:
        chance = random.Random(seed)
        weights: dict[Key, float] = {}
        for kind, (symbols, weight) in _KINDS.items():
            for rank, symbol in enumerate(chance.sample(SYMBOLS, symbols), 1):
                # From hundreds a second to one in several: what is quiet stays lost once it is.
                weights[kind, symbol] = weight / rank**2.5
        self.keys = list(weights)
        self._cycle = chance.choices(self.keys, list(weights.values()), k=CYCLE_TICKS)
        for key, place in zip(
            self.keys, chance.sample(range(CYCLE_TICKS), len(self.keys)), strict=True
        ):
            self._cycle[place] = key
        places: dict[Key, list[int]] = {key: [] for key in self.keys}
        for place, key in enumerate(self._cycle):
            places[key].append(place)
        self.numbers = {key: Selected(found) for key, found in places.items() if found}
        self.keys = list(self.numbers)
        self._places = places

    def key(self, number: int) -> Key:
        """Return the kind and the symbol of a tick."""
        return self._cycle[(number - 1) % CYCLE_TICKS]

    def select(self, keys: Iterable[Key]) -> Selected:
        """Return the numbers of several keys together."""
        return Selected(sorted(place for key in keys for place in self._places[key]))

    def resolve(self, channels: dict[str, list[str]]) -> frozenset[Key]:
        """Return the keys that channels with symbols, or `*`, select."""
        return frozenset(
            key
            for key in self.keys
            for channel, symbols in channels.items()
            if CHANNELS[channel] == key[0] and ("*" in symbols or key[1] in symbols)
        )

    def tick(self, number: int, made_us: int) -> Tick:
        """Make a tick."""
        kind, symbol = self.key(number)
        event_ns, price = EVENT_NS + number, price_of(number)
        if kind == "t":
            return Trade(symbol, number, "V", price, float(made_us), event_ns, ("@",), "C")
        if kind == "q":
            size, made = float(number), float(made_us)
            return Quote(symbol, "V", price, size, "Q", price + 1, made, event_ns, ("R",), "C")
        if kind == "b":
            volume = float(made_us)
            return Bar(
                Kind.BAR, symbol, price, price, price, price, volume, number, price, event_ns
            )
        return Status(symbol, "H", "Halt", str(number), str(made_us), event_ns, "C")


def price_of(number: int) -> float:
    """Return the price that a tick has."""
    return 100 + number % 4_001 / 4


def read_tick(message: dict[str, Any]) -> tuple[int, int]:
    """Return a tick's number, and when it was made; 0 and 0: its price is another tick's."""
    kind = message["T"]
    if kind == "s":
        return int(message["rc"]), int(message["rm"])
    number, made, price = (message[letter] for letter in _LETTERS[kind])
    return (int(number), int(made)) if price == price_of(int(number)) else (0, 0)


_LETTERS = {"t": "isp", "q": ("bs", "as", "bp"), "b": "nvc"}
