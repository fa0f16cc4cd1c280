"""The words of HTTP that the client's links and finite requests have in common.

Both say which program asks, and read the words of an answer that is not the body they asked for.
Knows no socket.
"""

from collections.abc import Mapping
from typing import Any

import orjson

from feed import __version__

USER_AGENT = {"User-Agent": f"feed-broadcaster/{__version__}"}


def problem_of(body: bytes | bytearray) -> dict[str, Any] | None:
    """Return the object that a body is: a problem document, for one; None: it is something else."""
    try:
        problem = orjson.loads(body)
    except orjson.JSONDecodeError:
        return None
    return problem if isinstance(problem, dict) else None


def problem_words(body: bytes | bytearray) -> str | None:
    """Return the words of a problem document (RFC 9457 §3.1), perhaps none: ""; else None."""
    problem = problem_of(body)
    return None if problem is None else words_of_problem(problem)


def words_of_problem(problem: Mapping[str, Any]) -> str:
    """Return what a problem document says to a person; "": nothing."""
    return str(problem.get("detail") or problem.get("title") or "")
