"""The words of HTTP that the client's links and finite requests have in common.

Both say which program asks, and read the words of an answer that is not the body they asked for.
Knows no socket.
"""

import orjson

from feed import __version__

USER_AGENT = {"User-Agent": f"feed-broadcaster/{__version__}"}


def problem_words(body: bytes | bytearray) -> str | None:
    """Return the words of a problem document (RFC 9457 §3.1), perhaps none: ""; else None."""
    try:
        problem = orjson.loads(body)
    except orjson.JSONDecodeError:
        return None
    if not isinstance(problem, dict):
        return None
    return str(problem.get("detail") or problem.get("title") or "")
