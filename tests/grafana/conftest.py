"""The server's own fixture, for what is asked of its metrics."""

from tests.server.conftest import serve

__all__ = ["serve"]
