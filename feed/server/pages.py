"""The pages: the built dashboard at `/`, or the plain first page where it is not built.

Built files carry a hash in their names, so they are cached for ever; a `.br` or `.gz` beside a file
is what aiohttp sends to clients that accept it. Everything a page loads comes from here: the
Content-Security-Policy allows nothing else.
"""

from collections.abc import Awaitable, Callable
from pathlib import Path

from aiohttp import hdrs, web

_PACKAGE = Path(__file__).parents[1]
BUILT = _PACKAGE / "web" / "dist"
PLAIN = _PACKAGE / "server" / "page"

_POLICY = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "img-src": "'self' data:",
    "font-src": "'self'",
    "connect-src": "'self' ws: wss:",  # 'self' does not cover ws: in every browser yet
    "base-uri": "'none'",
    "form-action": "'none'",
    "frame-ancestors": "'none'",
}
_PAGE_HEADERS = {
    "Content-Security-Policy": "; ".join(f"{name} {value}" for name, value in _POLICY.items()),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    hdrs.CACHE_CONTROL: "no-cache",
}
_FOR_EVER = "public, max-age=31536000, immutable"
_ASSETS = "/assets/"

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def page(path: Path) -> Handler:
    """Return a handler that answers one page."""

    async def handle(request: web.Request) -> web.FileResponse:  # noqa: ARG001 - aiohttp's signature
        return web.FileResponse(path, headers=_PAGE_HEADERS)

    return handle


def routes(built: Path = BUILT) -> list[web.AbstractRouteDef]:
    """Return the routes of the pages; the dashboard's if it is built.

    Args:
        built: the folder that the front-end build fills, with `index.html` and `assets/`.
    """
    plain = [web.get("/plain", page(PLAIN / "index.html")), web.static("/page", PLAIN)]
    if not (built / "index.html").is_file():
        return [web.get("/", page(PLAIN / "index.html")), *plain]
    return [
        web.get("/", page(built / "index.html")),
        web.get("/client.js", page(built / "client.js")),  # the browser client, for other pages
        web.static(_ASSETS, built / "assets"),
        *plain,
    ]


async def on_prepare(request: web.Request, response: web.StreamResponse) -> None:
    """Let hashed files be cached for ever (`on_response_prepare` signal)."""
    if isinstance(response, web.FileResponse) and request.path.startswith(_ASSETS):
        response.headers[hdrs.CACHE_CONTROL] = _FOR_EVER
        response.headers["X-Content-Type-Options"] = "nosniff"
