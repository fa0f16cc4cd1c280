"""A crowd stays until it was scraped, however slow the machine is."""

from typing import cast

import pytest

from benchmarks.load.scenarios.metrics import MOST_AGAIN, until_scraped
from benchmarks.load.scraper import Scraper
from benchmarks.load.stage import Stage, Target

TARGET = Target((), ())


class Scraped:
    """A stage and a scraper, of which a scrape ends amid the window with a number."""

    def __init__(self, ends_in: int) -> None:
        self.took_ms = [] if ends_in else [1.0]
        self.windows = 0
        self._ends_in = ends_in

    def run(self, target: Target) -> None:
        assert target is TARGET
        self.windows += 1
        if self.windows == self._ends_in:
            self.took_ms.append(400.0)


@pytest.mark.parametrize(("ends_in", "windows"), [(0, 0), (1, 1), (3, 3), (99, MOST_AGAIN)])
def test_a_crowd_comes_again_until_a_scrape_has_ended(ends_in: int, windows: int) -> None:
    scraped = Scraped(ends_in)
    until_scraped(cast("Stage", scraped), TARGET, cast("Scraper", scraped))
    assert scraped.windows == windows
