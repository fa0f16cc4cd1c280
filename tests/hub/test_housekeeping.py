"""How often the hub keeps house: often enough for the shortest interval that it serves."""

import pytest

from feed.hub.housekeeping import housekeeping_pause_s
from feed.settings.options import Settings

EVERY_INTERVAL = ("keepalive_s", "mark_interval_s", "ping_interval_s", "pong_timeout_s")


def test_keepalives_come_before_a_client_that_waits_five_seconds_gives_up() -> None:
    settings = Settings()
    assert settings.keepalive_s + housekeeping_pause_s(settings) <= 3.5


@pytest.mark.parametrize("option", EVERY_INTERVAL)
def test_what_is_due_is_late_by_a_sixth_of_its_interval_at_most(option: str) -> None:
    assert housekeeping_pause_s(Settings.model_validate({option: 0.3})) == pytest.approx(0.05)


def test_a_pause_is_neither_endless_nor_none() -> None:
    long = Settings.model_validate(dict.fromkeys(EVERY_INTERVAL, 3_600))
    assert housekeeping_pause_s(long) == 1
    assert housekeeping_pause_s(Settings(keepalive_s=0.001)) == pytest.approx(0.01)
