"""The two documents of a server, made when they are first asked for."""

from collections.abc import Callable
from typing import Any

import orjson

Document = dict[str, Any]


class Documents:
    """Keeps both documents: making them takes tens of milliseconds, and few ask."""

    __slots__ = ("_asyncapi", "_make_asyncapi", "_make_openapi", "_openapi")

    def __init__(
        self, make_openapi: Callable[[], Document], make_asyncapi: Callable[[], Document]
    ) -> None:
        self._make_openapi = make_openapi
        self._make_asyncapi = make_asyncapi
        self._openapi: bytes | None = None
        self._asyncapi: Document | None = None

    def openapi(self) -> bytes:
        """Return the document of requests."""
        if self._openapi is None:
            self._openapi = _encode(self._make_openapi())
        return self._openapi

    def asyncapi(self, host: str, *, secure: bool) -> bytes:
        """Return the document of messages.

        Args:
            host: under which it was asked for: its addresses are whole ones.
            secure: whether that was over TLS.
        """
        if self._asyncapi is None:
            self._asyncapi = self._make_asyncapi()
        document = self._asyncapi
        servers = {
            name: {**server, "host": host, "protocol": server["protocol"] + "s" * secure}
            for name, server in document["servers"].items()
        }
        return _encode({**document, "servers": servers})


def _encode(document: Document) -> bytes:
    # Names of headers are texts of aiohttp's own kind, and statuses of ours.
    return orjson.dumps(document, option=orjson.OPT_NON_STR_KEYS)
