"""`GET /v1/checkpoint`: all that this server knows beside its ring, for servers that follow it.

It is what is kept over a restart, as of one event. It has everything of everybody, so it needs the
grant `follow`.
"""

from aiohttp import web

from feed.errors import NotGranted
from feed.http.access import identity_of
from feed.http.server import Server
from feed.state import checkpoint
from feed.state.gathering import gather

MEDIA_TYPE = "application/vnd.feed.checkpoint"


async def answer(request: web.Request, server: Server) -> web.Response:
    """Answer a checkpoint as of the last cut.

    Raises:
        NotGranted: whoever asks may not follow.
        HTTPServiceUnavailable: there is none before it is known where the sequences stand.
    """
    grants = identity_of(request).grants
    if not grants.follow:
        raise NotGranted("following this server", grants.words())
    if not server.hub.knows_epoch:
        raise web.HTTPServiceUnavailable(
            text="this server does not know yet where the one stands that it follows; come back",
            headers={"Retry-After": "1"},
        )
    async with server.ingest.between_lists():
        gathered = gather(server.ingest, 0)
    body = checkpoint.whole(await gathered.packed())
    return web.Response(body=body, content_type=MEDIA_TYPE, headers={"Cache-Control": "no-store"})
