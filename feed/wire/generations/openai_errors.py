"""Errors as OpenAI's APIs have them, as bodies and inside of streams.

Source: the API reference, "Errors". SDKs choose the class of an exception by the status alone.
"""

from typing import Any

# The API's own words for what we say otherwise; other kinds go as they are.
_CODES = {
    "unknown_model": "model_not_found",
    "too_long": "context_length_exceeded",
    "too_many": "rate_limit_exceeded",
    "rate_limited": "rate_limit_exceeded",
}
_TYPES = {
    401: "authentication_error",
    403: "permission_error",
    429: "rate_limit_error",
}
SERVER_ERROR = 500  # the status of errors that come when no status can be sent any more


def code_of(kind: str) -> str | None:
    """Return the code of an error of some kind; None: it has none."""
    return _CODES.get(kind, kind) or None


def error(status: int, kind: str, words: str, param: str | None = None) -> dict[str, Any]:
    """Return the body of an error.

    Args:
        status: of HTTP.
        kind: what went wrong, for programs; "": nothing that has a name.
        words: the same for a person.
        param: the field of the request that it is about, if any.
    """
    otherwise = "server_error" if status >= SERVER_ERROR else "invalid_request_error"
    return {
        "error": {
            "message": words,
            "type": _TYPES.get(status, otherwise),
            "param": param,
            "code": code_of(kind),
        }
    }
