"""What all readers say of the messages that they read."""

from typing import Any

Message = dict[str, Any]


def marked(messages: list[Message]) -> str | None:
    """Return the position of the mark that is last in an array, or of a snapshot's end."""
    last = messages[-1]
    if last["T"] == "mark" or (last["T"] == "snapshot" and last["state"] == "end"):
        position: str = last["pos"]
        return position
    return None
