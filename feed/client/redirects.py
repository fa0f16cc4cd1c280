"""Redirects: a credential goes to the origin that it was given for, and nowhere else.

aiohttp repeats every header but `Authorization` to whatever host a redirect names, so that a key
and its secret would go along. A redirect is followed on the same scheme, host and port, and from
http to https on port 443 of the same host; any other is a refusal that names where it led.
"""

from http import HTTPStatus
from typing import Any

import aiohttp
from yarl import URL

from feed.client.errors import Refused
from feed.errors import shorten

MOST = 10  # in a row; a circle has no end
_SAME_METHOD = {HTTPStatus.TEMPORARY_REDIRECT, HTTPStatus.PERMANENT_REDIRECT}
_BY_GET = {HTTPStatus.MOVED_PERMANENTLY, HTTPStatus.FOUND, HTTPStatus.SEE_OTHER}
_HTTPS_PORT = 443


async def send(
    session: aiohttp.ClientSession,
    method: str,
    url: URL,
    **options: Any,  # noqa: ANN401 - as aiohttp has them
) -> aiohttp.ClientResponse:
    """Send a request, to where redirects of its own origin lead; return the answer.

    A redirect of another method that asks for a GET is an answer.

    Args:
        session: to send by.
        method: "GET", "POST", "PATCH" or "DELETE".
        url: of the server that the credentials are for.
        options: of `ClientSession.request`.

    Raises:
        Refused: a redirect leads to another origin, or there are too many.
        aiohttp.ClientError, OSError: there was no answer.
    """
    at = url
    for _ in range(MOST + 1):
        response = await session.request(method, at, allow_redirects=False, **options)
        location = response.headers.get("Location")
        follows = response.status in _SAME_METHOD or (
            method == "GET" and response.status in _BY_GET
        )
        if location is None or not follows:
            return response
        response.close()
        before, at = at, _target(at, location, response.status)
        check(before, at, response.status)
        options.pop("params", None)  # the redirect has a query of its own
    words = f"it redirects more than {MOST} times"
    raise Refused(str(url), response.status, words, by_feed=False)


def check(asked: URL, led: URL, status: int) -> None:
    """Refuse a redirect to where the credentials of a server must not go.

    Args:
        asked: the URL that was given.
        led: the URL that a redirect named.
        status: of the answer that named it.

    Raises:
        Refused: it is of another origin.
    """
    upgraded = (asked.scheme, led.scheme, led.port) == ("http", "https", _HTTPS_PORT)
    same = (asked.scheme, asked.port) == (led.scheme, led.port)
    if led.host == asked.host and (same or upgraded):
        return
    bare = led.with_user(None).with_query(None).with_fragment(None) if led.host else led
    base = str(bare).partition("/v1/")[0]
    words = (
        f"it redirects to {shorten(str(bare))}, another origin, which is not shown credentials; "
        f"if that is the server, give its URL instead: {shorten(base)}"
    )
    raise Refused(str(asked), status, words, by_feed=False)


def _target(at: URL, location: str, status: int) -> URL:
    """Return the URL of a redirect."""
    try:
        return at.join(URL(location, encoded=True))
    except ValueError:
        words = f"it redirects to {shorten(location)}, which is not a URL"
        raise Refused(str(at), status, words, by_feed=False) from None
