"""A live market-data broadcaster: one ring buffer, one frame for everybody."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from feed.client import connect

__all__ = ["__version__", "connect"]

__version__ = "0.1.0"


def __getattr__(name: str) -> object:
    """Give `feed.connect` without importing aiohttp for everybody who imports something else."""
    if name == "connect":
        from feed.client import connect  # noqa: PLC0415 - aiohttp is slow to import

        return connect
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
