"""A server for the tests of the client."""

from collections.abc import AsyncIterator

import pytest

from tests.fakes.mini_feed import MiniFeed


@pytest.fixture
async def feed() -> AsyncIterator[MiniFeed]:
    async with MiniFeed() as server:
        yield server
