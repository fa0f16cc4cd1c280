from random import Random
from statistics import fmean, pstdev

import pytest

from feed.sources.simulated.walk import MAX_STEP_S, NORMALS, TRADING_DAY_S, Walk


def test_normals_are_standard_and_symmetric() -> None:
    assert fmean(NORMALS) == pytest.approx(0.0, abs=1e-9)
    assert pstdev(NORMALS) == pytest.approx(1.0, abs=0.01)
    assert NORMALS[0] == pytest.approx(-NORMALS[-1])


@pytest.mark.parametrize("steps", [10, 400])
def test_a_day_of_steps_has_the_daily_volatility_however_it_is_cut(steps: int) -> None:
    random = Random(1)
    ends = []
    for _ in range(800):
        walk = Walk(0.02, random)
        for _ in range(steps):
            walk.step(TRADING_DAY_S / steps)
        ends.append(walk.value)
    assert pstdev(ends) == pytest.approx(0.02, rel=0.15)


def test_turbulence_multiplies_the_movement() -> None:
    calm, hot = Walk(0.02, Random(3)), Walk(0.02, Random(3))
    assert hot.step(1.0, 4.0) == pytest.approx(4.0 * calm.step(1.0))


def test_a_jump_is_half_forgotten_after_a_day() -> None:
    walk = Walk(0.02, Random(1))
    walk.jump(-25)
    assert walk.value == pytest.approx(-0.5)
    for _ in range(24 * 60):
        walk.step(60.0, turbulence=0.0)
    assert walk.value == pytest.approx(-0.25, rel=0.01)


def test_a_very_long_pause_is_no_longer_than_the_longest_step() -> None:
    one, other = Walk(0.02, Random(5)), Walk(0.02, Random(5))
    assert one.step(1e12) == other.step(MAX_STEP_S)
