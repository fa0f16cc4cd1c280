"""The server's own fixture, for what is asked of its metrics."""

from tests.fakes.serving import serve

__all__ = ["serve"]
