"""Random walks: how the logarithm of a price, or of a force on many prices, wanders.

A walk is pulled gently back to its beginning, so a market that is left running for months keeps
believable prices. Knows no clock: the caller says how much time has passed.
"""

from math import log, sqrt
from random import Random
from statistics import NormalDist

TRADING_DAY_S = 23_400  # 6.5 hours, to which "daily" volatility refers
MAX_STEP_S = 3_600.0  # a longer pause does not move a price further; keeps slow markets sane
_PULL_PER_S = log(2) / 86_400  # half of a departure is gone after a day

# Quantiles of the standard normal distribution, to be drawn with 10 random bits: 5 times as fast as
# Random.gauss, and the tails end at 3.3 deviations, which rules out freak prices.
NORMALS = tuple(NormalDist().inv_cdf((i + 0.5) / 1024) for i in range(1024))


class Walk:
    """One random walk that begins at 0, its home."""

    __slots__ = ("_bits", "_daily", "_deviation", "value")

    def __init__(self, daily_volatility: float, random: Random) -> None:
        self.value = 0.0
        self._daily = daily_volatility
        self._deviation = daily_volatility / sqrt(TRADING_DAY_S)  # after one second
        self._bits = random.getrandbits

    @property
    def deviation(self) -> float:
        """How far it wanders in one second, as a standard deviation."""
        return self._deviation

    def step(self, elapsed_s: float, turbulence: float = 1.0) -> float:
        """Move on by a time; return the value. `turbulence` multiplies the volatility."""
        if elapsed_s > MAX_STEP_S:  # noqa: PLR1730 - min() costs 60 ns, at every visit
            elapsed_s = MAX_STEP_S
        self.value += (
            self._deviation * turbulence * sqrt(elapsed_s) * NORMALS[self._bits(10)]
            - self.value * _PULL_PER_S * elapsed_s
        )
        return self.value

    def jump(self, volatilities: float) -> None:
        """Move at once by a number of daily volatilities, up or down (negative)."""
        self.value += volatilities * self._daily
