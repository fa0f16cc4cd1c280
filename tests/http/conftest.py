from tests.fakes.serving import pytest_asyncio_loop_factories, serve
from tests.sources.replay.conftest import write

__all__ = ["pytest_asyncio_loop_factories", "serve", "write"]
