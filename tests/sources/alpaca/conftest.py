from collections.abc import AsyncIterator

import pytest

from tests.fakes.serving import pytest_asyncio_loop_factories, serve
from tests.sources.alpaca.double import Double

__all__ = ["pytest_asyncio_loop_factories", "serve"]


@pytest.fixture
async def double() -> AsyncIterator[Double]:
    """Run a server of the dialect that does what a test says."""
    async with Double() as server:
        yield server
