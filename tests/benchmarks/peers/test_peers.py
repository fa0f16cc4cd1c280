"""Every peer that is installed delivers the payloads it is given, to all, in time."""

import signal
import socket
import subprocess
from pathlib import Path
from typing import Any

import pytest

from benchmarks.load.own_process import SwarmError, in_own_process
from benchmarks.load.plan import Group, Plan, Result
from benchmarks.load.steady import run_steady
from benchmarks.load.wire import stream_request, upgrade_request
from benchmarks.peers.aiohttp_send import AiohttpSend
from benchmarks.peers.bare_c import BareC
from benchmarks.peers.bare_python import FRAMINGS, BarePython
from benchmarks.peers.base import Contender, PeerError, Work, program
from benchmarks.peers.nchan import Nchan
from benchmarks.peers.websockets_broadcast import WebsocketsBroadcast
from feed.wire.transport import Transport
from tests.fakes.patience import PATIENCE_S

HZ = 50.0
SUBSCRIBERS = 8
HOUR_MS = 3_600_000.0
TICK = '{"T":"t","S":"A","i":1,"p":1.5,"s":1,"t":"2026-01-01T00:00:00.000000000Z"}'

# Those that need no download; Node's ws and Centrifugo are fetched when somebody runs `feed bench`.
CONTENDERS = [BarePython(), BareC(), AiohttpSend(), WebsocketsBroadcast(), Nchan()]


FLOORS = pytest.mark.parametrize("floor", [BarePython(), BareC()], ids=lambda floor: floor.name)


@pytest.fixture
def payloads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    path = tmp_path / "payloads.ndjson"
    path.write_text("".join(f"[{','.join([TICK] * count)}]\n" for count in (2, 2, 2)))
    return path


def measure(contender: Contender, work: Work) -> Result:
    missing = contender.missing(work)
    if missing:
        pytest.skip(f"{contender.name}: {missing}")
    with contender.start(work) as running:
        plan = Plan((running.subscribers(SUBSCRIBERS),), running.pids, steady_s=1.2, settle_s=0.1)
        return in_own_process(run_steady, plan, lambda _: None)


def check(result: Result) -> None:
    (group,) = result.groups
    assert group.count == SUBSCRIBERS
    assert group.lost == {}
    assert group.frames >= SUBSCRIBERS
    assert group.sampled_ticks == 2 * group.sampled_messages > 0
    assert 0 < group.newest.p50_ms < HOUR_MS, "stamped when sent, not when written"
    assert result.server_cpu_s > 0
    assert result.server_memory_bytes[1] > 0


def heard(group: Group, size: int) -> bytes:
    """Return the first bytes of the body that a subscriber gets."""
    ask = upgrade_request if group.transport is Transport.WEBSOCKET else stream_request
    with socket.create_connection((group.host, group.port), PATIENCE_S) as sock:
        sock.sendall(ask("floor", "/", {}))
        head, body = b"", b""
        while len(body) < size:
            head += sock.recv(1 << 16)
            body = head.partition(b"\r\n\r\n")[2]
    return body[:size]


@pytest.mark.parametrize("contender", CONTENDERS, ids=lambda contender: contender.name)
def test_a_peer_delivers_its_payloads(contender: Contender, payloads: Path) -> None:
    check(measure(contender, Work(payloads, HZ)))


@pytest.mark.parametrize(
    "contender", [AiohttpSend(), WebsocketsBroadcast(), Nchan()], ids=lambda each: each.name
)
def test_a_peer_compresses_where_it_can(contender: Contender, payloads: Path) -> None:
    result = measure(contender, Work(payloads, HZ, compress=True))
    check(result)
    assert "permessage-deflate" in result.groups[0].extensions
    assert result.received_bytes < result.frames * 2 * len(TICK)


@pytest.mark.parametrize("contender", [BarePython(), BareC(), Nchan()], ids=lambda each: each.name)
def test_a_peer_sends_events(contender: Contender, payloads: Path) -> None:
    check(measure(contender, Work(payloads, HZ, Transport.SSE)))


@FLOORS
def test_a_floor_sends_lines(floor: Contender, payloads: Path) -> None:
    check(measure(floor, Work(payloads, HZ, Transport.STREAM)))


@FLOORS
@pytest.mark.parametrize("transport", list(Transport))
def test_a_floor_rotates_payloads_of_different_lengths(
    floor: Contender, transport: Transport, payloads: Path
) -> None:
    payloads.write_text(f"[{TICK}]\n[{TICK},{TICK},{TICK}]\n")
    result = measure(floor, Work(payloads, HZ, transport, rotate=True))
    (group,) = result.groups
    assert group.lost == {}
    # The half of the subscribers that begins with the short one gets the long one next; each of
    # them may have got one more of the one kind than of the other.
    short, long = len(TICK) + 2, 3 * len(TICK) + 4
    framing = group.received_bytes - group.frames * (short + long) / 2
    uneven = group.count * (long - short) / 2
    assert -uneven < framing < 50 * group.frames + uneven, "as many short ones as long ones"


@FLOORS
@pytest.mark.parametrize("transport", list(Transport))
def test_floors_write_the_same_bytes(
    floor: Contender, transport: Transport, payloads: Path
) -> None:
    lines = [b"[1]", b"[%b]" % (b"2" * 300), b"[%b]" % (b"3" * 66_000)]
    payloads.write_bytes(b"\n".join(lines))
    work = Work(payloads, HZ, transport)
    if missing := floor.missing(work):
        pytest.skip(missing)
    frames = list(map(FRAMINGS[transport.value], lines))
    with floor.start(work) as running:
        body = heard(running.group, len(b"".join(frames)))
    assert body in {b"".join(frames[turn:] + frames[:turn]) for turn in range(3)}


def test_a_program_that_ends_at_once_is_told_with_its_last_words() -> None:
    with (
        program(["sh", "-c", "echo broken >&2; exit 3"]) as started,
        pytest.raises(PeerError, match="sh ended with status 3: broken"),
    ):
        started.wait_for_words(r"port (\d+)")


def test_a_program_that_a_signal_comes_amid_the_start_of_is_ended(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pids: list[int] = []

    class Disturbed(subprocess.Popen[bytes]):
        def __init__(self, *arguments: Any, **options: Any) -> None:
            super().__init__(*arguments, **options)
            pids.append(self.pid)
            signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(subprocess, "Popen", Disturbed)
    # Whatever ran before may have left another handler.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with pytest.raises(KeyboardInterrupt), program(["sleep", "60"]):
            pytest.fail("it goes on")
    finally:
        signal.signal(signal.SIGINT, before)
    assert [pid for pid in pids if Path(f"/proc/{pid}").exists()] == []
    assert len(pids) == 1


def test_a_server_that_refuses_is_told_by_the_swarm(payloads: Path) -> None:
    work = Work(payloads, HZ, Transport.SSE)
    with AiohttpSend().start(Work(payloads, HZ)) as running:
        group = running.subscribers(1)
        wrong = type(group)("wrong", 1, group.host, group.port, work.transport, group.openings)
        with pytest.raises(SwarmError, match="the server answered 400"):
            in_own_process(run_steady, Plan((wrong,)), lambda _: None)
