"""What programs write into a pipe."""

from feed.market.ticks import Tick
from feed.wire.json_codec import JSON


def lines(*ticks: Tick) -> bytes:
    """Return ticks as objects of the wire, one a line."""
    return b"".join(JSON.join(JSON.encode([tick]))[1:-1] + b"\n" for tick in ticks)
