"""A server for the tests of publishing, and publishers whose waits take no time."""

from collections.abc import AsyncIterator

import pytest

from tests.fakes.mini_ingest import MiniIngest


@pytest.fixture
async def server() -> AsyncIterator[MiniIngest]:
    async with MiniIngest() as mini:
        yield mini
