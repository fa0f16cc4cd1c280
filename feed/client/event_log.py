"""What happens to connections, in the log of whoever does not take it."""

import logging
from collections.abc import Callable

from feed.client.events import Connected, Event, Expiring, Refreshed

_log = logging.getLogger("feed.client")


def event_logger(what: str) -> Callable[[Event], None]:
    """Return a function that logs events of something: "the room desk"."""

    def write(event: Event) -> None:
        is_usual = isinstance(event, Connected | Expiring | Refreshed)
        _log.log(logging.INFO if is_usual else logging.WARNING, "%s: %s", what, event)

    return write
