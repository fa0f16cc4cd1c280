"""One HTTP request, and its answer as it comes over the wire."""

from typing import Any

import orjson
from multidict import CIMultiDict

from tests.fakes.wire import Address, Ended, Wire


class RawHttp:
    """One request, and its answer as it comes over the wire."""

    def __init__(self, wire: Wire) -> None:
        self.wire = wire
        self.status = 0
        self.version = ""
        self.headers: CIMultiDict[str] = CIMultiDict()
        self._body = b""  # dechunked, not yet asked for

    @classmethod
    async def get(
        cls,
        address: Address,
        target: str,
        headers: dict[str, str] | None = None,
        *,
        version: str = "1.1",
        method: str = "GET",
        receive_buffer_bytes: int | None = None,
    ) -> "RawHttp":
        wire = await Wire.connect(address, receive_buffer_bytes=receive_buffer_bytes)
        lines = [f"{method} {target} HTTP/{version}", f"Host: {address[0]}:{address[1]}"]
        lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
        if not wire.writer.is_closing():  # it may be gone already, and the head tells so
            wire.writer.write("\r\n".join([*lines, "", ""]).encode())
        answer = cls(wire)
        try:
            await answer.head()
        except BaseException:  # whoever asks may be cancelled
            wire.abort()
            raise
        return answer

    @classmethod
    async def open(cls, address: Address) -> "RawHttp":
        """Connect, and say nothing."""
        return cls(await Wire.connect(address))

    async def ask(self, data: bytes) -> "RawHttp":
        """Send these bytes, and return with the head of the next answer."""
        self.wire.writer.write(data)
        await self.head()
        return self

    async def head(self) -> None:
        version, status, _ = (await self.wire.line()).decode().split(" ", 2)
        self.version, self.status = version, int(status)
        self.headers.clear()
        while (line := await self.wire.line()) != b"\r\n":
            name, _, value = line.decode().partition(":")
            self.headers.add(name, value.strip())

    @property
    def chunked(self) -> bool:
        return self.headers.get("Transfer-Encoding") == "chunked"

    async def chunk(self) -> bytes:
        """Return the data of the next chunk; b"" of the last one."""
        size = int(await self.wire.line(), 16)
        data = await self.wire.exactly(size)
        assert await self.wire.exactly(2) == b"\r\n"
        return data

    async def body(self) -> bytes:
        """Return the whole body of a finite answer."""
        if self.chunked:
            data = b""
            while chunk := await self.chunk():
                data += chunk
            return data
        return await self.wire.exactly(int(self.headers["Content-Length"]))

    async def document(self) -> Any:
        return orjson.loads(await self.body())

    async def up_to(self, marker: bytes) -> bytes:
        """Return the body up to and including a marker, whatever the chunks."""
        while marker not in self._body:
            self._body += await self._more()
        found, _, self._body = self._body.partition(marker)
        return found + marker

    async def more(self) -> bytes:
        """Return what comes next of the body."""
        data, self._body = self._body or await self._more(), b""
        return data

    async def _more(self) -> bytes:
        if not self.chunked:
            return await self.wire.some()
        chunk = await self.chunk()
        if not chunk:
            raise Ended
        return chunk
