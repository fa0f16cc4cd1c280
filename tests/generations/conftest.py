from collections.abc import AsyncIterator

import pytest

from tests.fakes.serving import pytest_asyncio_loop_factories, serve
from tests.fakes.upstream import FakeUpstream, fake_upstream

__all__ = ["pytest_asyncio_loop_factories", "serve"]


@pytest.fixture
async def fake() -> AsyncIterator[FakeUpstream]:
    """A server of language models."""
    async with fake_upstream() as running:
        yield running
