"""An HTTP response that does not end: what SSE and plain streams have in common.

Headers leave at once; from then on everything goes straight to the transport, in frames built once
per lane. The handler only waits for the session's end, and sees to it that the end does end.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from aiohttp import HttpVersion11, web

from feed.dialect import Request, bye_message
from feed.disconnect import Reason
from feed.frames import SseFraming, StreamFraming
from feed.lane import PayloadKey, message_frame
from feed.ring import Position
from feed.server.hub import Hub
from feed.server.session import Session
from feed.server.transport import Connection

NEVER_STORED: Mapping[str, str] = {
    "Cache-Control": "no-cache, no-transform",
    "X-Accel-Buffering": "no",  # nginx would collect events otherwise
}
_LAST_WORDS_S = 1.0


@dataclass(frozen=True, slots=True)
class Endless:
    """One request for an endless response.

    Attributes:
        key, framing: the lane.
        content_type: of the response.
        asked: what was asked for; `after` and `snapshot` are read from here.
        after: where to resume; a str is a position that could not be read.
        prelude: the body's first bytes, this subscriber's own.
    """

    key: PayloadKey
    framing: SseFraming | StreamFraming
    content_type: str
    asked: Request
    after: Position | str | None
    prelude: bytes = b""


def speaks_chunks(request: web.Request) -> bool:
    """Tell whether the client knows HTTP/1.1 chunks; nginx's default towards us is 1.0."""
    return request.version >= HttpVersion11


async def respond(request: web.Request, hub: Hub, endless: Endless) -> web.StreamResponse:
    """Serve an endless response until the subscriber leaves or is disconnected.

    Raises:
        LimitExceeded: the selection is too large.
    """
    hub.check_limits(endless.key.selection)
    response = web.StreamResponse(headers={**NEVER_STORED, "Content-Type": endless.content_type})
    if endless.framing.chunked:
        response.enable_chunked_encoding()
    else:
        response.force_close()
    await response.prepare(request)
    if request.transport is None:
        return response
    connection = Connection(request.transport, hub.settings.high_water_bytes)

    def say_goodbye(reason: Reason) -> None:
        words = bye_message(reason.value)
        connection.write_last(message_frame(endless.framing, endless.key.codec, words))

    if endless.prelude:
        connection.write_last(endless.framing.wrap(endless.prelude))
    if hub.refusal is not None:
        # Never 429 or 503: an EventSource would not come back (facts/sse-clients).
        hub.refuse(hub.refusal, say_goodbye)
    else:
        session = hub.open(connection, endless.key, endless.framing, say_goodbye)
        try:
            _begin(hub, session, endless)
            await session.ended
        finally:
            hub.close(session, Reason.CLIENT_LEFT)
    await connection.finish(_LAST_WORDS_S)
    return response


def _begin(hub: Hub, session: Session, endless: Endless) -> None:
    subscriber = session.subscriber
    if endless.asked.on_lag is not None:
        subscriber.on_lag = endless.asked.on_lag
    if endless.after is not None:
        hub.resumes[subscriber.resume(endless.key.selection, endless.after)] += 1
    if endless.asked.snapshot:
        subscriber.request_snapshot(endless.key.selection)
    hub.start(session)
