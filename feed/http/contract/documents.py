"""The two documents of a server, made when they are first asked for."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import orjson

Document = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Place:
    """Where a server is, for whoever asks.

    Attributes:
        host: with its port, where that is not the usual one.
        secure: whether it is asked over TLS.
        prefix: what a proxy takes off paths, without a slash at its end.
    """

    host: str
    secure: bool
    prefix: str


class Documents:
    """Keeps both documents: making them takes tens of milliseconds, and few ask."""

    __slots__ = ("_asyncapi", "_make_asyncapi", "_make_openapi", "_openapi")

    def __init__(
        self, make_openapi: Callable[[], Document], make_asyncapi: Callable[[], Document]
    ) -> None:
        self._make_openapi = make_openapi
        self._make_asyncapi = make_asyncapi
        self._openapi: Document | None = None
        self._asyncapi: Document | None = None

    def openapi(self, place: Place) -> bytes:
        """Return the document of requests; its paths go on from the host that answers it."""
        if self._openapi is None:
            self._openapi = self._make_openapi()
        servers = {"servers": [{"url": place.prefix}]} if place.prefix else {}
        return _encode({**self._openapi, **servers})

    def asyncapi(self, place: Place) -> bytes:
        """Return the document of messages; the addresses of its servers are whole ones."""
        if self._asyncapi is None:
            self._asyncapi = self._make_asyncapi()
        document = self._asyncapi
        here = {"host": place.host} | ({"pathname": place.prefix} if place.prefix else {})
        servers = {
            name: {**server, **here, "protocol": server["protocol"] + "s" * place.secure}
            for name, server in document["servers"].items()
        }
        return _encode({**document, "servers": servers})


def _encode(document: Document) -> bytes:
    # Names of headers are texts of aiohttp's own kind, and statuses of ours.
    return orjson.dumps(document, option=orjson.OPT_NON_STR_KEYS)
