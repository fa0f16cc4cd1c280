"""EventSource polyfills of npm, which come back with their last id in the query."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.patience import until
from tests.fakes.servers import Feed, Serve, trades
from tests.toolchains.foreign import Foreign, Start, tool

pytestmark = [pytest.mark.toolchains, pytest.mark.timeout(300)]

EVENTS_A_ROUND = 7


@pytest.mark.parametrize("library", ["event-source-polyfill", "reconnecting-eventsource"])
@pytest.mark.parametrize("query", ["", "&after=0&snapshot=1&_=1764380000000&r=0.25"], ids=repr)
async def test_a_polyfill_comes_back_for_what_it_missed(
    serve: Serve, start: Start, node_scripts: Path, library: str, query: str
) -> None:
    feed = await serve()
    node = tool("node", package="nodejs")
    program = await start(
        node, node_scripts / "polyfills.cjs", library, feed.url(f"/v1/sse?trades=*{query}")
    )
    await feed.sessions_reach(1)
    last, ids = 0, []
    for _ in range(3):
        for _ in range(EVENTS_A_ROUND):
            await feed.publish(*trades(last + 1, last + 5))
            last += 5
        ids += await read_ids(program, last)
        await cut(feed)
        await feed.publish(*trades(last + 1, last + 5))
        last += 5
    ids += await read_ids(program, last)
    assert ids == list(range(1, last + 1)), "nothing is missing, and nothing comes twice"
    assert sum(feed.hub.audience.resumes.values()) == 3 + ("after" in query)


async def read_ids(program: Foreign, last: int) -> list[int]:
    """Read until a trade; return the ids. Errors of a connection are no end."""
    ids: list[int] = []
    while not ids or ids[-1] != last:
        heard: dict[str, Any] = json.loads(await program.next())
        if "error" in heard:
            continue
        assert heard.get("name") != "gap", heard
        if "id" in heard:
            ids += [tick["i"] for tick in json.loads(heard["data"]) if tick["T"] == "t"]
    return ids


async def cut(feed: Feed) -> None:
    """Lose the connection, as networks do, and wait until the server knows."""
    (session,) = feed.hub.sessions.values()
    session.connection.transport.abort()
    await until(lambda: session not in feed.hub.sessions.values())
