"""`POST /v1/tickets` and `POST /v1/sign-out`: what browsers are given, and give back.

A cookie with the prefix `__Host-` is of this host alone, and over TLS; its page never sees it.
"""

from http import HTTPStatus

from aiohttp import hdrs, web

from feed.http.access import real_identity
from feed.http.answer_models import TicketAnswer
from feed.http.answers import json_answer
from feed.http.browsers import COOKIE
from feed.http.server import Server
from feed.trust.tickets import USED_WITHIN_S

_JSON = "application/json"


async def tickets(request: web.Request, server: Server) -> web.Response:
    """Answer a ticket for one stream, and set the cookie of a visit.

    Raises:
        HTTPUnsupportedMediaType: it is not JSON, which only pages that are allowed may send.
        CredentialRefused: who asks was not shown by a credential, but by a cookie.
    """
    if request.content_type != _JSON:
        raise web.HTTPUnsupportedMediaType(text=f"accepted: Content-Type: {_JSON}, such as {{}}")
    access = server.access
    if not access.identities.required:
        return web.Response(status=HTTPStatus.NO_CONTENT)  # nobody needs one
    identity = real_identity(request)
    origin = request.headers.get(hdrs.ORIGIN, "")
    mono_ns, wall_ns = server.hub.clock.mono_ns(), server.hub.clock.wall_ns()
    ticket = access.browsers.tickets.issue(identity, origin, mono_ns)
    given: TicketAnswer = {"ticket": ticket, "used_within_s": USED_WITHIN_S}
    answer = json_answer(given, HTTPStatus.CREATED)
    answer.headers[hdrs.CACHE_CONTROL] = "no-store"
    if not origin or server.origins.is_own(request):
        site: str | None = "Strict"
    else:
        site = "None" if server.origins.names(request) else None
    if site is not None:
        shown = request.cookies.get(COOKIE)
        text, lives_s = access.browsers.tickets.visit(identity, mono_ns, wall_ns, shown)
        answer.headers.add(hdrs.SET_COOKIE, _cookie(text, lives_s, site))
    return answer


async def sign_out(request: web.Request, server: Server) -> web.Response:
    """Forget the visit of a cookie, and the cookie."""
    text = request.cookies.get(COOKIE)
    if text is not None:
        server.access.browsers.tickets.end_visit(text, server.hub.clock.mono_ns())
        if server.access.browsers.endings is not None:
            server.access.browsers.endings.tell()
    answer = web.Response(status=HTTPStatus.NO_CONTENT)
    answer.headers.add(hdrs.SET_COOKIE, _cookie("", 0, "Strict"))
    if text is not None:  # one that is partitioned is another cookie
        answer.headers.add(hdrs.SET_COOKIE, _cookie("", 0, "None"))
    return answer


def _cookie(text: str, lives_s: int, site: str) -> str:
    """Return the header that sets the cookie; `http.cookies` knows `Partitioned` from 3.14 on only.

    Across sites browsers send nothing but cookies that are partitioned (tried in Chromium).
    """
    partitioned = "; Partitioned" if site == "None" else ""
    return (
        f"{COOKIE}={text}; Path=/; Max-Age={lives_s}; Secure; HttpOnly; "
        f"SameSite={site}{partitioned}"
    )
