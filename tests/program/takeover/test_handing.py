"""What the old server hands on, and takes back where nobody goes on."""

from feed.http.app import INGEST
from feed.program.takeover.handing import Handing
from tests.fakes.edges import Leader
from tests.fakes.servers import Serve, trade


async def test_a_server_that_is_taken_back_builds_its_bars_as_before(serve: Serve) -> None:
    feed = await serve()
    await feed.publish(trade(1))
    app = feed.server.app
    bars = app[INGEST].strands[0].bars
    before = bars._recorded_kinds, dict(bars._minutes)
    handing = Handing(app)
    await handing.cut()
    async with Leader() as leader:
        await handing.follow(leader.url)
        await handing.close()
    await handing.take_back()
    assert (bars._recorded_kinds, bars._minutes) == before
    await feed.publish(trade(2))
    assert feed.hub.broadcast.ring.newest == 2
