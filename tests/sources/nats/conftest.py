"""What the tests of edges share."""

from tests.fakes.bus_edges import bus, bus_edges, pytest_asyncio_loop_factories, writer
from tests.fakes.serving import serve

__all__ = ["bus", "bus_edges", "pytest_asyncio_loop_factories", "serve", "writer"]
