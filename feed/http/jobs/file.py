"""The file of a job as an answer: whole, or a range of it (RFC 9110, 14.2).

aiohttp serves ranges of files; but it takes an `If-Range` with an ETag for one that matches, and
refuses what is to be ignored. So it is shown no `Range` where the whole file is the answer.
"""

import asyncio
import re
from collections.abc import Mapping
from pathlib import Path

from aiohttp import hdrs, web
from aiohttp.abc import AbstractStreamWriter
from multidict import CIMultiDict

_RANGE = re.compile(r"bytes=(?:(\d+)-(\d*)|-0*[1-9]\d*)", re.ASCII | re.IGNORECASE)


def is_range_wanted(method: str, range_: str | None, if_range: str | None, etag: str) -> bool:
    """Tell whether a range is the answer, and not the whole.

    One range in bytes is served; several, other units and what is none are ignored. A date in
    `If-Range` never matches: it may be the same for two files of one second.

    Args:
        method: of the request.
        range_: its `Range`; None: it has none.
        if_range: its `If-Range`, likewise.
        etag: of the file, with its quotes.
    """
    found = _RANGE.fullmatch(range_.strip()) if range_ is not None else None
    if found is None or method != hdrs.METH_GET:
        return False
    first, last = found.groups()
    if first and last and int(last) < int(first):
        return False
    return if_range is None or if_range.strip() == etag


class JobFile(web.FileResponse):
    """A file that is answered whole where its range is not wanted."""

    def __init__(self, path: Path, headers: Mapping[str, str]) -> None:
        super().__init__(path, headers=headers)
        self._file = path

    async def prepare(self, request: web.BaseRequest) -> AbstractStreamWriter | None:
        """Send it."""
        wanted, if_range = (request.headers.get(each) for each in (hdrs.RANGE, hdrs.IF_RANGE))
        if wanted is None:
            return await super().prepare(request)
        etag = await asyncio.to_thread(_etag, self._file)
        headers = CIMultiDict(request.headers)
        headers.popall(hdrs.IF_RANGE, None)
        if not is_range_wanted(request.method, wanted, if_range, etag):
            headers.popall(hdrs.RANGE)
        return await super().prepare(request.clone(headers=headers))


def _etag(path: Path) -> str:
    """Return the ETag that aiohttp gives a file; "": it is not there any more."""
    try:
        known = path.stat()
    except OSError:
        return ""
    return f'"{known.st_mtime_ns:x}-{known.st_size:x}"'
