"""The pages: the built dashboard at `/`, or the plain first page where it is not built.

Built files carry a hash in their names, so they are cached for ever; a `.br` or `.gz` beside a file
is what aiohttp sends to clients that accept it. Everything a page loads comes from here: the
Content-Security-Policy allows nothing else, and no page may be framed, by which it would be clicked
unseen, or reached by whoever opened it.

A page names its files, and what it asks for, by where it is. A proxy that is trusted may take a
prefix off: then they are named with it, since `/prefix` and `/prefix/` look the same from here.
"""

import re
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path

from aiohttp import hdrs, web

from feed.http.mount import prefix_of

_PACKAGE = Path(__file__).parents[1]
BUILT = _PACKAGE / "web" / "dist"
PROTOBUF_SCHEMA = _PACKAGE / "wire" / "feed.proto"
PLAIN = _PACKAGE / "http" / "page"

_POLICY = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "img-src": "'self' data:",
    "font-src": "'self'",
    # It covers ws: and wss: of the same host and port too (CSP 3 §6.7.2.8; Chrome 71, Safari 16).
    "connect-src": "'self'",
    "base-uri": "'none'",
    "form-action": "'none'",
    "frame-ancestors": "'none'",
}
# What no page of ours uses, nor may anything that was smuggled into one.
_UNUSED = ("camera", "display-capture", "geolocation", "microphone", "payment", "usb")
_PAGE_HEADERS = {
    "Content-Security-Policy": "; ".join(f"{name} {value}" for name, value in _POLICY.items()),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Permissions-Policy": ", ".join(f"{feature}=()" for feature in _UNUSED),
    "Cross-Origin-Opener-Policy": "same-origin",  # passed over where the page is not over TLS
    hdrs.CACHE_CONTROL: "no-cache",
}
# Modules that pages of any origin import: they are the same for everybody.
_FOR_ALL_PAGES = {
    hdrs.ACCESS_CONTROL_ALLOW_ORIGIN: "*",
    "Cross-Origin-Resource-Policy": "cross-origin",
}
_MODULE_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    hdrs.CACHE_CONTROL: "no-cache",
    **_FOR_ALL_PAGES,
}
_PACKAGE_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    hdrs.CACHE_CONTROL: "no-cache",
    hdrs.CONTENT_TYPE: "application/gzip",
}
_SCHEMA_HEADERS = {**_PACKAGE_HEADERS, hdrs.CONTENT_TYPE: "text/plain; charset=utf-8"}
_MAY_CHANGE = {"X-Content-Type-Options": "nosniff"}
_NEVER_CHANGES = {
    **_MAY_CHANGE,
    hdrs.CACHE_CONTROL: "public, max-age=31536000, immutable",
    **_FOR_ALL_PAGES,  # `/elements.js` loads its parts from there
}
_COMPRESSED = {".br", ".gz"}
# Beside whole URLs, paths of other origins, and places within a page.
_RELATIVE = re.compile(r'\b(href|src)="(?![a-z]+:|/|#)(?:\./)?([^"]*)"')

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def page(path: Path) -> Handler:
    """Return a handler that answers one page, named as it is behind a proxy."""
    whole = _file(path, _PAGE_HEADERS)

    async def handle(request: web.Request) -> web.StreamResponse:
        prefix = prefix_of(request)
        if not prefix or not path.is_file():  # noqa: ASYNC240 - one look, of microseconds
            return await whole(request)
        text = prefixed(path.read_text(), prefix)  # noqa: ASYNC240 - some kilobytes
        return web.Response(text=text, content_type="text/html", headers=_PAGE_HEADERS)

    return handle


def prefixed(text: str, prefix: str) -> str:
    """Return a page whose files, and what its scripts ask for, begin with a prefix.

    Args:
        text: of the page.
        prefix: of letters, digits and `/._~-`, without a slash at its end.
    """
    named = _RELATIVE.sub(rf'\1="{prefix}/\2"', text)
    return named.replace("<html ", f'<html data-base="{prefix}/" ', 1)


def routes(built: Path = BUILT) -> list[web.AbstractRouteDef]:
    """Return the routes of the pages; the dashboard's if it is built.

    Args:
        built: the folder that the front-end build fills, with `index.html` and `assets/`.
    """
    plain = [
        web.get("/plain", page(PLAIN / "index.html")),
        web.get("/status", page(PLAIN / "status.html")),
        web.get("/admin", page(PLAIN / "admin.html")),
        web.get(f"/{PROTOBUF_SCHEMA.name}", _file(PROTOBUF_SCHEMA, _SCHEMA_HEADERS)),
        *_files("/page", PLAIN, _MAY_CHANGE),
    ]
    if not (built / "index.html").is_file():
        return [
            *_front(PLAIN / "index.html"),
            web.get("/docs", page(PLAIN / "docs.html")),
            *plain,
        ]
    return [
        *_front(built / "index.html"),
        web.get("/docs", page(built / "docs.html")),
        # The browser client, and elements made of it, for other pages.
        web.get("/client.js", _file(built / "client.js", _MODULE_HEADERS)),
        web.get("/elements.js", _file(built / "elements.js", _MODULE_HEADERS)),
        web.get("/client.tgz", _file(built / "client.tgz", _PACKAGE_HEADERS)),  # the same for npm
        *_files("/assets", built / "assets", _NEVER_CHANGES),
        *plain,
    ]


def _front(path: Path) -> list[web.AbstractRouteDef]:
    """Return the routes of the first page; the empty one is `/prices` of an application there."""
    front = page(path)
    return [web.get("/", front), web.get("", front)]


def _files(prefix: str, folder: Path, headers: Mapping[str, str]) -> list[web.AbstractRouteDef]:
    """Return a route for each file that is there now; compressed ones stand behind their own."""
    return [
        web.get(f"{prefix}/{path.name}", _file(path, headers))
        for path in sorted(folder.iterdir())
        if path.suffix not in _COMPRESSED
    ]


def _file(path: Path, headers: Mapping[str, str]) -> Handler:
    async def handle(request: web.Request) -> web.FileResponse:  # noqa: ARG001 - aiohttp's signature
        # aiohttp's own 404 has these headers, and may be cached for ever.
        if not path.is_file():  # noqa: ASYNC240 - one look, of microseconds
            raise web.HTTPNotFound
        return web.FileResponse(path, headers=headers)

    return handle
