"""An answer that many are given: made, and compressed, once for all of them."""

import asyncio
from hashlib import blake2b

from aiohttp import ETag, hdrs, web

from feed.http.content_encoding import ENCODERS, choose_encoding, encode

_JSON = "application/json"
_TAG_BYTES = 12
_HEADERS = {hdrs.CACHE_CONTROL: "private, no-cache"}  # what is granted differs


class Told:
    """A document as bytes.

    Attributes:
        body: it as JSON.
        tag: of it, whatever its encoding.
    """

    __slots__ = ("_encoded", "_encoding", "body", "tag")

    def __init__(self, body: bytes) -> None:
        """Tell a document, which is JSON."""
        self.body = body
        self.tag = ETag(blake2b(self.body, digest_size=_TAG_BYTES).hexdigest(), is_weak=True)
        self._encoded: dict[str, bytes] = {}
        self._encoding = asyncio.Lock()

    async def answer(self, request: web.Request) -> web.Response:
        """Answer a request; nothing but the tag where its client has the document."""
        if any(tag.value in {self.tag.value, "*"} for tag in request.if_none_match or ()):
            response = web.Response(status=304, headers=_HEADERS)
        else:
            response = web.Response(body=self.body, content_type=_JSON, headers=_HEADERS)
            header = ", ".join(request.headers.getall(hdrs.ACCEPT_ENCODING, ()))
            encoding = choose_encoding(header, len(self.body))
            if encoding in ENCODERS:
                response.body = await self._encode(encoding)
                response.headers[hdrs.CONTENT_ENCODING] = encoding
                response.headers.add(hdrs.VARY, hdrs.ACCEPT_ENCODING)
        response.etag = self.tag
        return response

    async def _encode(self, encoding: str) -> bytes:
        async with self._encoding:
            if encoding not in self._encoded:
                self._encoded[encoding] = await encode(encoding, self.body)
        return self._encoded[encoding]
