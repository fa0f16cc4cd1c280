"""The head of a request as aiohttp's parser gives it, which can be made to forget what was read.

A subscriber's request stays for as long as it does. Its query may name thousands of symbols: its
text alone, in three forms, would be 24 kB of each subscriber to 900. Its headers are one kB at
least, those of a browser three, and credentials may be among them.
"""

from typing import TYPE_CHECKING, Any, Self

from aiohttp import HttpVersion, web
from multidict import CIMultiDict, CIMultiDictProxy
from yarl import URL
from yarl._url import build_pre_encoded_url

if TYPE_CHECKING:
    from aiohttp.http_parser import RawRequestMessage


LONG_CHARACTERS = 1_024  # of a target that is worth forgetting
_NO_HEADERS = CIMultiDictProxy[str](CIMultiDict())
_READ_FROM_QUERIES = ("path_qs", "query", "query_string", "raw_path", "rel_url", "url")


class Message:
    """The parts of a head, by aiohttp's names."""

    __slots__ = (
        "chunked",
        "compression",
        "headers",
        "method",
        "path",
        "raw_headers",
        "should_close",
        "upgrade",
        "url",
        "version",
    )

    method: str
    path: str
    version: HttpVersion
    headers: CIMultiDictProxy[str]
    raw_headers: tuple[tuple[bytes, bytes], ...]
    should_close: bool
    compression: str | None
    upgrade: bool
    chunked: bool
    url: URL

    def __init__(self, parsed: "RawRequestMessage | Message") -> None:
        for name in self.__slots__:
            setattr(self, name, getattr(parsed, name))
        self.raw_headers = ()  # nobody asks for them

    def _replace(self, **others: Any) -> Self:  # noqa: ANN401 - as named tuples have it
        """Return a copy with other parts, as `BaseRequest.clone` needs it."""
        copy = type(self)(self)
        for name, value in others.items():
            setattr(copy, name, value)
        return copy


def forget_query(request: web.BaseRequest) -> bool:
    """Let go of the query of a request that was read; tell whether that was worth it."""
    message: object = request._message  # noqa: SLF001 - pinned by a test, as the others here
    if not isinstance(message, Message) or len(message.path) < LONG_CHARACTERS:
        return False
    message.path = message.path.partition("?")[0]
    message.url = request._rel_url = message.url.with_query(None)  # noqa: SLF001
    for name in _READ_FROM_QUERIES:
        request._cache.pop(name, None)  # noqa: SLF001
    build_pre_encoded_url.cache_clear()  # of the last 128 queries, which may be of 64 KiB each
    return True


def forget_headers(request: web.BaseRequest, response: web.StreamResponse) -> None:
    """Let go of the headers of an exchange whose answer has begun, and does not end."""
    message: object = request._message  # noqa: SLF001 - pinned by a test, as the others here
    if isinstance(message, Message):
        message.headers = request._headers = _NO_HEADERS  # noqa: SLF001
        request._cache.clear()  # noqa: SLF001 - is computed anew where it is asked for again
    response.headers.clear()
