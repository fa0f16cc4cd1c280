"""A server that follows: `python -m tests.follow_chain.edge URL`; it prints its port.

Its ring is longer than a link is ever down, so that whatever is lost is lost by somebody's fault.
When SIGTERM ends it, it prints what became of its link.
"""

import asyncio
import signal
import socket
import sys

import orjson
import uvloop
from aiohttp import web

from feed.http.app import HUB, make_app
from feed.http.protocol.runner import Runner
from feed.program import logs
from feed.program.memory import collect_rarely
from feed.settings.options import Settings
from feed.sources.follow.source import FollowSource
from tests.chaos.server import SEND_BUFFER_BYTES

RING_TICKS = 131_072


async def _serve(url: str) -> None:
    settings = Settings(
        port=0,
        ring=RING_TICKS,
        high_water_bytes=8_192,
        slow_timeout_s=4.0,
        mark_interval_s=1.0,
        keepalive_s=1.0,
        ping_interval_s=2.0,
    )
    source = FollowSource(url)
    app = await make_app(settings, source)
    runner = Runner(app, app[HUB])
    await runner.setup()
    listening = socket.create_server(("127.0.0.1", 0), backlog=1_024)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER_BYTES)  # inherited
    await web.SockSite(runner, listening).start()
    collect_rarely()
    print(f"port {listening.getsockname()[1]}", flush=True)
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    await stop.wait()
    account, relay = source.account, app[HUB].relay
    told = {
        "connections": account.connections,
        "resumed": account.resumed,
        "ends": {end.value: count for end, count in account.ends.items() if count},
        "epochs": relay.epochs,
        "missing": relay.missing,
        "newest": app[HUB].broadcast.ring.newest,
    }
    print(orjson.dumps(told).decode(), flush=True)
    await runner.cleanup()


if __name__ == "__main__":
    logs.begin(sys.stderr.fileno(), interactive=False)
    uvloop.run(_serve(sys.argv[1]))
