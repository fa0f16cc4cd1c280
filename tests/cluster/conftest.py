"""What the tests of clusters share."""

from tests.fakes.bus_edges import bus, bus_edges, pytest_asyncio_loop_factories, writer

__all__ = ["bus", "bus_edges", "pytest_asyncio_loop_factories", "writer"]
