"""What the tests of following share: production's event loop, and servers that follow others."""

import pytest

from feed.wire import clock_offset
from tests.fakes.edges import edges, pytest_asyncio_loop_factories
from tests.fakes.serving import serve

__all__ = ["edges", "pytest_asyncio_loop_factories", "serve"]


@pytest.fixture(autouse=True)
def _one_time_of_day(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have times of day believed, which are the same here, however long a word waits for us."""
    monkeypatch.setattr(clock_offset, "LONGEST_WAY_NS", 60_000_000_000)
