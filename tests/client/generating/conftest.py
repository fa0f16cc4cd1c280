"""A server for the tests of answers."""

from collections.abc import AsyncIterator

import pytest

from tests.fakes.mini_desk import MiniDesk


@pytest.fixture
async def desk() -> AsyncIterator[MiniDesk]:
    async with MiniDesk() as server:
        yield server
