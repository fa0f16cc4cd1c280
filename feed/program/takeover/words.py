"""What two servers say to each other at a takeover: lines of JSON, over one Unix socket.

    new: {"takeover": 1}             who wants to go on
    old: {"listening": 2}            the sockets come with it, as descriptors (SCM_RIGHTS)
    new: {"ready": true}             all is loaded that it needs
    old: {"state": "k3f9-105"}       nothing more gets a sequence here; the state is the new one's
    new: {"serving": "unix:/…"}      where the old one follows it, until its subscribers have gone

Whoever hears something else, or nothing more, ends it.
"""

import json
from pathlib import Path
from typing import Any

from feed.errors import InvalidMessage, shorten

VERSION = 1
MOST_BYTES = 4_096
MOST_SOCKETS = 64
_NAME = "takeover.sock"
_LONGEST_PATH_BYTES = 107  # sockaddr_un, unix(7)


def place_in(state: Path) -> Path | None:
    """Return where a server with this state is asked; None: the path is too long for a socket."""
    place = state.absolute() / _NAME
    return place if len(bytes(place)) <= _LONGEST_PATH_BYTES else None


def line_of(**words: object) -> bytes:
    """Return a message."""
    return json.dumps(words).encode() + b"\n"


def read(line: bytes, name: str) -> Any:  # noqa: ANN401 - as it was said
    """Return what a message says under a name.

    Raises:
        InvalidMessage: it does not say it.
    """
    try:
        return json.loads(line)[name]
    except (ValueError, TypeError, LookupError):
        said = shorten(line.decode(errors="replace")) if line else "the other one has gone"
        raise InvalidMessage(f"takeover: {said}; accepted: {name}") from None
