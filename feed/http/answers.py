"""Answers that are whole: JSON documents, and the parameters that their requests may have."""

from collections.abc import Collection, Sequence
from typing import Any

import orjson
from aiohttp import web

from feed.errors import HIDDEN, InvalidParameter
from feed.http.protocol.headers import CONFLATE_HEADER, conflate_header
from feed.wire.grants import Grants
from feed.wire.json_codec import JSON
from feed.wire.requests import is_cache_buster

DEFAULT_LIMIT = 1_000
MAX_LIMIT = 10_000
_JSON = "application/json"


def json_answer(document: object, status: int = 200) -> web.Response:
    """Return a document as JSON."""
    body = orjson.dumps(document, option=orjson.OPT_NON_STR_KEYS)
    return web.Response(status=status, body=body, content_type=_JSON)


def ticks_answer(head: dict[str, Any], fragments: Sequence[bytes]) -> web.Response:
    """Return an object of small members and of `ticks`, which are encoded already."""
    return joined_answer(head, {"ticks": array_of(fragments)})


def joined_answer(head: dict[str, Any], encoded: dict[str, bytes]) -> web.Response:
    """Return an object of small members and of members that are JSON already."""
    members = (b'"%b":%b' % (name.encode(), value) for name, value in encoded.items())
    body = b",".join([orjson.dumps(head)[:-1], *members]) + b"}"
    return web.Response(body=body, content_type=_JSON)


def array_answer(items: Sequence[bytes]) -> web.Response:
    """Return an array of items that are JSON already."""
    return web.Response(body=b"[%b]" % b",".join(items), content_type=_JSON)


def array_of(fragments: Sequence[bytes]) -> bytes:
    """Return the array of these fragments of ticks; there may be zero of them."""
    return JSON.join(fragments) if fragments else b"[]"


def limit_of(request: web.Request) -> int:
    """Return the largest number of items that a request wants.

    Raises:
        InvalidParameter: `limit` is not a number of the accepted range.
    """
    return number_of(request, "limit", DEFAULT_LIMIT, (1, MAX_LIMIT))


def number_of(request: web.Request, name: str, usual: int, accepted: tuple[int, int]) -> int:
    """Return a whole number that a request asks for.

    Args:
        request: which.
        name: of the parameter.
        usual: without it.
        accepted: the least and the most.

    Raises:
        InvalidParameter: it is not a number of the accepted range.
    """
    least, most = accepted
    text = request.query.get(name, str(usual))
    short = len(text) <= len(str(most))  # int() refuses thousands of digits in its own way
    if not (short and text.isdecimal() and least <= int(text) <= most):
        raise InvalidParameter(name, text, f"a whole number from {least} to {most}")
    return int(text)


def paced(answer: web.Response, grants: Grants) -> web.Response:
    """Say in the header of an answer at which intervals whoever asks is given ticks, if at any."""
    intervals_ms = grants.slowed({})
    if intervals_ms:
        answer.headers[CONFLATE_HEADER] = conflate_header(intervals_ms)
    return answer


def refuse_parameters(request: web.Request, accepted: Collection[str]) -> None:
    """Refuse a request with a parameter that its route does not have.

    Raises:
        InvalidParameter: names the first of them, and those that are accepted.
    """
    for name in request.query:
        if name not in accepted and not is_cache_buster(name):
            words = f"the parameters {', '.join(accepted)}" if accepted else "no parameters"
            raise InvalidParameter(name, HIDDEN, words)
