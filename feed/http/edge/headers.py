"""The headers that an edge hands on: of requests to the writer, and of its answers.

What is of one connection is not (RFC 9110 §7.6.1), nor what the edge has judged by itself: where a
page is from, who asks, and for whom a proxy asks.
"""

from collections.abc import Mapping

from aiohttp import hdrs
from multidict import CIMultiDict, CIMultiDictProxy

from feed.trust.credentials import AUTHORIZATION, KEY_HEADER, SECRET_HEADER

CREDENTIALS = (AUTHORIZATION, KEY_HEADER, SECRET_HEADER)
_OF_ONE_CONNECTION = frozenset(
    {
        "connection",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authorization",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)
_OF_REQUESTS = frozenset(
    {
        *(name.lower() for name in CREDENTIALS),
        *("cookie", "expect", "feed-identity", "forwarded", "host", "origin", "referer"),
        *("via", "x-real-ip"),
    }
)
_PREFIXES_OF_REQUESTS = ("access-control-", "sec-", "x-forwarded-")
_OF_ANSWERS = frozenset({"date", "server", "set-cookie", "strict-transport-security"})
_PREFIX_OF_ANSWERS = "access-control-"


def of_request(headers: Mapping[str, str]) -> CIMultiDict[str]:
    """Return the headers of a request that are handed on."""
    named = _named(headers) | _OF_ONE_CONNECTION | _OF_REQUESTS
    return CIMultiDict(
        (name, value)
        for name, value in headers.items()
        if not (name.lower() in named or name.lower().startswith(_PREFIXES_OF_REQUESTS))
    )


def of_answer(headers: CIMultiDictProxy[str]) -> CIMultiDict[str]:
    """Return the headers of an answer that are handed on."""
    named = _named(headers) | _OF_ONE_CONNECTION | _OF_ANSWERS
    return CIMultiDict(
        (name, value)
        for name, value in headers.items()
        if not (name.lower() in named or name.lower().startswith(_PREFIX_OF_ANSWERS))
    )


def shown_in(headers: Mapping[str, str]) -> dict[str, str]:
    """Return the headers of a request that show a credential."""
    return {name: headers[name] for name in CREDENTIALS if name in headers}


def _named(headers: Mapping[str, str]) -> frozenset[str]:
    """Return the headers that a message says are of its connection alone."""
    names = headers.get(hdrs.CONNECTION, "").lower().split(",")
    return frozenset(name.strip() for name in names)
