"""The web pages that may read this server: CORS, and the check of Origin.

A page of the same origin always may, others only if configured. Clients that are not browsers send
an Origin rarely, and without one they are not concerned. CORS keeps answers from strange pages, not
requests from the server; so WebSockets, and requests that change something, are refused to them.
"""

import re
from collections.abc import Collection

from aiohttp import hdrs, web

from feed.http.callers import caller_of, hosts_of
from feed.http.mount import mount_of
from feed.http.problems import allowed_methods, nothing_at
from feed.http.protocol.headers import EXPOSED, with_manners
from feed.trust.credentials import AUTHORIZATION, KEY_HEADER, SECRET_HEADER

ANY = "*"
SCHEMES = frozenset({"http", "https"})  # of pages
SAFE_METHODS = frozenset({hdrs.METH_GET, hdrs.METH_HEAD, hdrs.METH_OPTIONS})  # RFC 9110 §9.2.1
_HEADERS = ", ".join(
    (
        *("Accept", KEY_HEADER, SECRET_HEADER, AUTHORIZATION),
        *("Cache-Control", "Content-Type", "Last-Event-ID", "User-Agent"),
    )
)
_OF_SDKS = re.compile(r"(?:x-stainless|openai)-[a-z-]{1,40}")  # of OpenAI's, in a browser
_MAX_AGE_S = 86_400  # for which browsers remember a preflight


class Origins:
    """The allowed origins, `*` for all."""

    __slots__ = ("_allowed",)

    def __init__(self, allowed: Collection[str]) -> None:
        self._allowed = frozenset(allowed)

    def allows(self, request: web.Request) -> bool:
        """Tell whether a request comes from a page that may read its answer, or not from a page."""
        origin = request.headers.get(hdrs.ORIGIN)
        if origin is None or ANY in self._allowed or origin in self._allowed:
            return True
        return _is_own(origin, request)

    def is_own(self, request: web.Request) -> bool:
        """Tell whether a request comes from a page of this server itself."""
        return _is_own(request.headers.get(hdrs.ORIGIN, ""), request)

    def names(self, request: web.Request) -> bool:
        """Tell whether a request comes from a page that is allowed by its name, not by `*`."""
        return request.headers.get(hdrs.ORIGIN) in self._allowed - {ANY}

    def admits(self, request: web.Request) -> bool:
        """Tell whether the page that a request comes from may use the cookie of a visit."""
        return self.is_own(request) or self.names(request)

    def check(self, request: web.Request) -> None:
        """Refuse a WebSocket, or a request that may change something, from a strange page.

        Raises:
            HTTPForbidden: CORS does not protect WebSockets, so the server must.
        """
        if not self.allows(request):
            raise _refusal(request, self._allowed)

    def check_unsafe(self, request: web.Request) -> None:
        """Refuse any request but GET, HEAD and OPTIONS from a page that is not allowed.

        Raises:
            HTTPForbidden: it would be carried out, though its page cannot read the answer.
        """
        if request.method not in SAFE_METHODS:
            self.check(request)

    def check_named(self, request: web.Request) -> None:
        """Refuse a page that is not allowed by its name: `*` is not for what administrators do.

        Raises:
            HTTPForbidden: it is of another origin.
        """
        if hdrs.ORIGIN in request.headers and not self.admits(request):
            raise _refusal(request, self._allowed - {ANY})

    async def on_prepare(self, request: web.Request, response: web.StreamResponse) -> None:
        """Let an allowed page read the response (`on_response_prepare` signal)."""
        origin = request.headers.get(hdrs.ORIGIN)
        with_manners(response, any_origin=ANY in self._allowed)
        if response.headers.get(hdrs.ACCESS_CONTROL_ALLOW_ORIGIN) == ANY:
            return  # the same for all pages: caches keep one
        if origin is not None and origin.isascii() and self.allows(request):
            response.headers[hdrs.ACCESS_CONTROL_ALLOW_ORIGIN] = origin
            response.headers[hdrs.ACCESS_CONTROL_EXPOSE_HEADERS] = EXPOSED
            if self.admits(request):
                response.headers[hdrs.ACCESS_CONTROL_ALLOW_CREDENTIALS] = "true"
        if self._allowed:
            response.headers.add(hdrs.VARY, hdrs.ORIGIN)

    async def preflight(self, request: web.Request) -> web.Response:
        """Answer `OPTIONS`: the methods of a path, and what a page may send of its own."""
        allow = await allowed_methods(request)
        if allow is None:
            return nothing_at(request.path, mount_of(request))
        headers = {hdrs.ALLOW: allow}
        if self.allows(request):
            headers |= {
                hdrs.ACCESS_CONTROL_ALLOW_METHODS: allow,
                hdrs.ACCESS_CONTROL_ALLOW_HEADERS: _headers(request),
                hdrs.ACCESS_CONTROL_MAX_AGE: str(_MAX_AGE_S),
            }
        return web.Response(status=204, headers=headers)


def _headers(request: web.Request) -> str:
    """Return the headers that a page may send of its own: with those that an SDK adds."""
    asked = request.headers.get(hdrs.ACCESS_CONTROL_REQUEST_HEADERS, "").lower()
    names = (name.strip() for name in asked.split(","))
    return ", ".join((_HEADERS, *(name for name in names if _OF_SDKS.fullmatch(name))))


def _is_own(origin: str, request: web.Request) -> bool:
    """Tell whether an origin is this server; whether by TLS an unknown proxy may hide."""
    scheme, separator, host = origin.partition("://")
    known = caller_of(request).scheme
    is_ours = scheme == known if known else scheme in SCHEMES
    return is_ours and bool(separator) and host in hosts_of(request)


def _refusal(request: web.Request, allowed: frozenset[str]) -> web.HTTPForbidden:
    origin = request.headers.get(hdrs.ORIGIN)
    accepted = ", ".join(sorted(allowed)) or "pages of this server"
    return web.HTTPForbidden(
        text=f"Origin: {origin!r} is not accepted; accepted: {accepted}; see --allow-origin"
    )
