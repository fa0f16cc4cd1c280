"""Control messages of a WebSocket, as queries are compared with them, and words of refusals."""

from typing import Any

from feed.wire.control import Subscribe, parse_control

A_POSITION = "a position as this server sends it, <epoch>-<sequence>, or 0"
A_SYMBOL = "'*' for every symbol, or 1 to 64 printable characters"


def subscribe(**fields: Any) -> Subscribe:
    """Return a subscribe message, as the server understands it."""
    control = parse_control({"action": "subscribe", **fields})
    assert isinstance(control, Subscribe)
    return control
