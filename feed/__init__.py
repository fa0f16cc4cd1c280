"""A live market-data broadcaster: one ring buffer, one frame for everybody."""

__version__ = "0.1.0"
