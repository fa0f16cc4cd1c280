"""The dialect's own SDK for Node: how it lives by its key."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.servers import Serve, trades
from tests.fakes.short_key import guarded, outcomes, subscribed
from tests.toolchains.foreign import Foreign, Start, tool

pytestmark = [pytest.mark.toolchains, pytest.mark.timeout(300)]


async def heard(sdk: Foreign, what: str) -> Any:
    """Return what the SDK said next of a kind."""
    while True:
        told: dict[str, Any] = json.loads(await sdk.next())
        if what in told:
            return told[what]


async def gives_up(sdk: Foreign) -> list[str]:
    """Wait for its end; return the errors that it told."""
    errors = []
    while (line := await sdk.line()) is not None:
        errors += [told["error"] for told in [json.loads(line)] if "error" in told]
    assert await sdk.ended() == (0, "")
    return errors


async def test_the_sdk_for_node_lives_by_its_key(
    serve: Serve, start: Start, node_scripts: Path, tmp_path: Path
) -> None:
    feed, key = await guarded(serve, tmp_path)
    node = tool("node", package="nodejs")
    sdk = (node, node_scripts / "alpaca.cjs", feed.url("/v2/iex", "ws"))
    program = await start(*sdk, key.id, key.secret)
    assert await heard(program, "state") == "connected"
    await subscribed(feed)
    await feed.publish(*trades(1, 3))
    assert [await heard(program, "trade") for _ in range(3)] == [1, 2, 3]
    key.expire()
    assert await gives_up(program) == ["auth failed"]
    assert outcomes(feed) == {"accepted": 1, "expired": 1}
    for shown in ((key.id, "another"), ("unknown", key.secret)):
        assert await gives_up(await start(*sdk, *shown)) == ["auth failed"]
    assert outcomes(feed) == {"accepted": 1, "expired": 1, "wrong": 1, "unknown": 1}
