"""What two servers say to each other at a takeover: lines of JSON, over one Unix socket.

    new: {"takeover": 2, "how": "told"}     who wants to go on, and takes what it is told;
                                            "kept": what is left in the directory of the state
    old: {"listening": 2, "follow": "/…", "source": "sim", "follows": false}
                                            the sockets come with it, as descriptors (SCM_RIGHTS);
                                            where the new one follows, and whether the old one does
    new: {"ready": true}                    all is loaded that it needs, and it has caught up
    old: {"state": "k3f9-105", "bytes": 23} nothing more gets a sequence here; what is not in the
                                            ring comes behind it; with a state its lock comes along
    new: {"serving": "unix:/…"}             where the old one follows it
    old: {"following": true}                from now on the new one lets clients in
    new: {"ended": true}                    it was told to end, and is not to be missed

Whoever hears something else, or nothing more, ends it.
"""

import json
from enum import StrEnum
from typing import Any

from feed.errors import InvalidMessage, shorten

VERSION = 2
MOST_BYTES = 4_096
MOST_SOCKETS = 64
MOST_STATE_BYTES = 1 << 28


class How(StrEnum):
    """How the new server gets the state."""

    TOLD = "told"
    KEPT = "kept"


def line_of(**words: object) -> bytes:
    """Return a message."""
    return json.dumps(words).encode() + b"\n"


def read(line: bytes, name: str) -> Any:  # noqa: ANN401 - as it was said
    """Return what a message says under a name.

    Raises:
        InvalidMessage: it does not say it.
    """
    try:
        said = json.loads(line)
        if "refused" in said:
            raise InvalidMessage(f"takeover: {said['refused']}")
        return said[name]
    except (ValueError, TypeError, LookupError):
        said = shorten(line.decode(errors="replace")) if line else "the other one has gone"
        raise InvalidMessage(f"takeover: {said}; accepted: {name}") from None
