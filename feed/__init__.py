"""A live market-data broadcaster: one ring buffer, one frame for everybody.

`connect` and `connect_blocking` are the Python client; the rest of it is in `feed.client`.
"""

from typing import TYPE_CHECKING

__all__ = ["__version__", "connect", "connect_blocking"]

__version__ = "0.1.0"

if TYPE_CHECKING:
    from feed.client.connecting import connect, connect_blocking
else:  # a type checker that saw a `__getattr__` would let every name pass

    def __getattr__(name: str) -> object:
        """Give the client without importing aiohttp for programs that import something else."""
        if name in {"connect", "connect_blocking"}:
            from feed.client import connecting  # noqa: PLC0415 - aiohttp is slow to import

            return getattr(connecting, name)
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
