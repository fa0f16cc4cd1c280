"""Times as text: nanoseconds since the Unix epoch as RFC 3339 with nine digits, and back.

Knows only the one form that this server writes; other forms, of recordings, are read elsewhere.
"""

from datetime import UTC, datetime
from functools import lru_cache

from feed.market.ticks import SECOND_NS

_SECOND_LENGTH = len("2020-02-22T00:00:00")


def rfc3339(unix_ns: int) -> str:
    """Return nanoseconds since the Unix epoch as RFC 3339 with nine digits."""
    second, nanosecond = divmod(unix_ns, SECOND_NS)
    return f"{second_prefix(second)}{nanosecond:09d}Z"


@lru_cache(maxsize=64)
def second_prefix(second: int) -> str:
    """Return the beginning that all times of a second share, up to the point: the slow part."""
    return datetime.fromtimestamp(second, UTC).strftime("%Y-%m-%dT%H:%M:%S.")


def unix_ns(text: str) -> int:
    """Return the nanoseconds since the Unix epoch of a text that `rfc3339` made."""
    second = datetime.fromisoformat(f"{text[:_SECOND_LENGTH]}+00:00")
    return int(second.timestamp()) * SECOND_NS + int(text[_SECOND_LENGTH + 1 : -1])
