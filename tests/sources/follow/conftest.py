"""What the tests of following share: production's event loop, and servers that follow others."""

from tests.fakes.edges import edges, pytest_asyncio_loop_factories
from tests.fakes.serving import serve

__all__ = ["edges", "pytest_asyncio_loop_factories", "serve"]
