"""What a connection is told that comes too often: before anything of it is parsed.

Only the first bytes are looked at. An EventSource comes back after an answer that it can read, or
none at all, and never after a status that is an error, or an answer that its page may not read.
"""

import math
from dataclasses import replace
from http import HTTPStatus

import orjson

from feed.errors import TooOften
from feed.http.problems import PROBLEM_JSON
from feed.http.protocol.headers import SERVER
from feed.wire.disconnect import Reason
from feed.wire.framing import SseFraming, goodbye_envelope
from feed.wire.json_codec import JSON

_SSE = b"GET /v1/sse"
_FRAMING = SseFraming(base64=False, chunked=False)
_MANNERS = (
    f"Server: {SERVER}\r\nX-Content-Type-Options: nosniff\r\nConnection: close\r\n\r\n".encode()
)
_MS_PER_S = 1_000


def seconds_of(error: TooOften) -> int:
    """Return what `Retry-After` says."""
    return max(1, math.ceil(error.retry_s))


def events_of(error: TooOften) -> bytes:
    """Return all that an EventSource is told, which comes back after that time."""
    told = replace(Reason.TOO_MANY_CONNECTIONS.value, words=str(error))
    retry = b"retry: %d\n" % (seconds_of(error) * _MS_PER_S)
    return retry + goodbye_envelope(_FRAMING, JSON, told)


def answer_to(data: bytes, error: TooOften) -> bytes:
    """Return the answer to a request that begins with some bytes; b"": it is closed without."""
    if data.startswith(_SSE):
        if b"\r\norigin:" in data.lower():
            return b""
        return (
            b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream; charset=utf-8\r\n"
            b"Cache-Control: no-cache\r\n" + _MANNERS + events_of(error)
        )
    status, retry_s = HTTPStatus.TOO_MANY_REQUESTS, seconds_of(error)
    document = {"title": status.phrase, "status": status, "detail": str(error)}
    accepted = f"at most {error.maximum}"
    body = orjson.dumps({**document, "limit": error.limit, "accepted": accepted})
    head = (
        f"HTTP/1.1 {status:d} {status.phrase}\r\nContent-Type: {PROBLEM_JSON}\r\n"
        f"Content-Length: {len(body)}\r\nRetry-After: {retry_s}\r\n"
    )
    return head.encode() + _MANNERS + body
