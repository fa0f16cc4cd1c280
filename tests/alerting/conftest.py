"""Servers with rules, and a scripted source."""

from tests.fakes.serving import pytest_asyncio_loop_factories, serve

__all__ = ["pytest_asyncio_loop_factories", "serve"]
