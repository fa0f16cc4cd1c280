"""Autobahn's fuzzing client against our frames: the handshake, what is read, what is written.

Its suite needs a server that echoes; ours does here, over the product's own socket, conversation
and lanes, with their shared compressor, keyframes and fan-out. The suite runs on Python 2.7 alone
(`pip install autobahntestsuite` there): put its `wstest` on PATH, or name it in `WSTEST`.
`AUTOBAHN_CASES=9.*,12.*,13.*` runs others than the quick ones, with whatever time they take, and
`AUTOBAHN_ENGINE=python` (`send`, `io_uring`) another engine than the best.

By hand, with autobahntestsuite 25.10.1, over uvloop and io_uring, all 517 cases; none FAILED:

    1-5, 7, 10     99 OK, 3 INFORMATIONAL (7.1.6, 7.13.1, 7.13.2, of which the RFC says nothing)
    6              141 OK, 4 NON-STRICT (6.4.1-6.4.4: wrong UTF-8 is refused with the whole message)
    9              54 OK
    12             90 OK
    13             126 OK

Over asyncio's own loop the same, but of 12 and 13 only the cases without fragments and of up to
32 KiB (96 OK): the others take half an hour, most of which is the suite's own.
"""

import fnmatch
import json
import os
import shutil
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from feed.broadcast.deflated_lane import DeflatedLane
from feed.broadcast.lane import Lane
from feed.broadcast.outgoing import Outgoing
from feed.broadcast.traffic import Traffic
from feed.http import websocket, websocket_response
from feed.http.conversation import Conversation
from feed.wire.disconnect import Disconnect
from feed.wire.framing import WebSocketFraming
from feed.wire.websocket_frame import Opcode
from tests.fakes.programs import ran
from tests.fakes.servers import Feed, Serve

# By hand a section of 12 or 13 takes minutes, of which most are the suite's own.
BY_HAND = "AUTOBAHN_CASES"
PATIENCE_S = 3_600.0 if BY_HAND in os.environ else 100.0
pytestmark = [pytest.mark.toolchains, pytest.mark.timeout(PATIENCE_S + 60)]

QUICK = "1.*,2.*,3.*,4.*,5.*,7.*,10.*,12.1.1,12.3.2,12.5.3,13.1.1,13.4.2,13.7.3"
MANY = 1_000_000
LARGEST_BYTES = 16 * 1024 * 1024  # of case 9.1.6
# Close codes and the order of failures that RFC 6455 leaves open are told as such by the suite.
PASSED = {"OK", "NON-STRICT", "INFORMATIONAL"}


class Echo(Conversation):
    """A conversation that says back what it hears, in a lane like those in which ticks go out."""

    __slots__ = ("_lane",)

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._lane: Lane | None = None

    def _say_connected(self) -> None:
        """Say nothing of our own."""

    def _say_error(self, reason: Disconnect) -> None:
        """Say nothing of our own."""

    def _hear(self, data: str | bytes) -> None:
        opcode = Opcode.TEXT if isinstance(data, str) else Opcode.BINARY
        payload = data.encode() if isinstance(data, str) else data
        framing = WebSocketFraming(opcode)
        if self._lane is None or self._lane.framing != framing:
            self._lane = self._enter(framing)
        outgoing = Outgoing()
        outgoing.add(self._lane, [payload], self._hub.clock.mono_ns())
        outgoing.write(self._hub.broadcast.fan_out, LARGEST_BYTES)

    def _enter(self, framing: WebSocketFraming) -> Lane:
        """Be live in a lane of its own, which the server's engine writes for."""
        subscriber, broadcast = self._session.subscriber, self._hub.broadcast
        known = subscriber.lane.payload, framing, Traffic(), 0
        lane = (
            Lane(*known)
            if self._order.agreed is None
            else DeflatedLane(*known, compression=self._order.agreed, budget=broadcast.lanes.budget)
        )
        lane.add(subscriber)
        return lane


async def fuzz(feed: Feed, cases: list[str], folder: Path) -> dict[str, dict[str, Any]]:
    """Run cases, and return what the suite found out about each."""
    wstest = os.environ.get("WSTEST") or shutil.which("wstest")
    if wstest is None:
        pytest.skip("wstest is not installed (Python 2.7: pip install autobahntestsuite)")
    specification = folder / "spec.json"
    server = {"agent": "feed", "url": feed.url("/v1/ws", "ws")}
    known = {"outdir": str(folder / "reports"), "servers": [server], "cases": cases}
    specification.write_text(json.dumps(known | {"exclude-cases": [], "exclude-agent-cases": {}}))
    clean = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    command = (wstest, "--mode", "fuzzingclient", "--spec", str(specification))
    _, said = await ran(folder, *command, environment=clean, patience_s=PATIENCE_S)
    index = folder / "reports" / "index.json"
    assert index.exists(), said[-2_000:]
    found: dict[str, dict[str, Any]] = json.loads(index.read_text())["feed"]
    return found


async def test_the_fuzzing_client_finds_nothing(
    serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(websocket, "Conversation", Echo)
    # aiohttp takes what is shorter than its limit.
    monkeypatch.setattr(websocket_response, "MAX_CONTROL_BYTES", LARGEST_BYTES + 1)
    feed = await serve(
        max_control_messages_per_s=MANY,
        max_control_ms_per_s=MANY,
        max_unfinished_heads_bytes=4 * LARGEST_BYTES,
        high_water_bytes=LARGEST_BYTES,
        fan_out=os.environ.get("AUTOBAHN_ENGINE", "auto"),
    )
    cases = os.environ.get(BY_HAND, QUICK).split(",")
    found = await fuzz(feed, cases, tmp_path)
    assert all(fnmatch.filter(found, pattern) for pattern in cases), "each names a case"
    failed = {
        case: (result["behavior"], result["behaviorClose"])
        for case, result in found.items()
        if {result["behavior"], result["behaviorClose"]} - PASSED
    }
    counts = Counter(result["behavior"] for result in found.values())
    assert failed == {}, counts
    print(f"Autobahn: {dict(counts)}")  # noqa: T201 - for whoever runs it by hand, with -s
