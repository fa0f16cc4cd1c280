"""Sockets that are passed on: which are taken, and in what words the others are refused."""

import asyncio
import os
import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from feed.errors import InvalidInput
from feed.http.app import HUB, make_app
from feed.http.protocol.runner import Runner
from feed.hub.waiting import TurnedAway
from feed.program import listening
from feed.program.listening import HELD, HELD_FOR, HELD_NAMES, Site, held_sockets
from feed.settings.options import Settings
from tests.fakes.patience import PATIENCE_S, until
from tests.fakes.servers import ScriptedSource

PID = 4_711
SETTINGS = Settings()
uvloop = pytest.importorskip("uvloop", reason="there is no uvloop for this system")


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as made:
        yield made


def passed(fd: int, settings: Settings = SETTINGS) -> list[socket.socket]:
    """Take one descriptor as if it were the first that systemd passes on."""
    environment = {HELD: "1", HELD_FOR: str(PID), HELD_NAMES: "feed.socket", "HOME": "/"}
    found = held_sockets(environment, settings, pid=PID, first=fd)
    assert environment == {"HOME": "/"}, "what is started here is not for these sockets"
    return found


def test_without_variables_the_server_listens_by_itself() -> None:
    assert held_sockets({}, SETTINGS, pid=PID) == []


def test_a_listening_socket_is_taken(listener: socket.socket) -> None:
    address = listener.getsockname()
    fd = os.dup(listener.fileno())
    os.set_inheritable(fd, True)
    (held,) = passed(fd)
    with held:
        assert held.getsockname() == address
        assert not os.get_inheritable(held.fileno())


def test_sockets_for_another_process_are_left_alone(listener: socket.socket) -> None:
    environment = {HELD: "1", HELD_FOR: str(PID + 1)}
    assert held_sockets(environment, SETTINGS, pid=PID, first=listener.fileno()) == []
    assert environment == {}


@pytest.mark.parametrize(
    ("variables", "words"),
    [
        ({HELD: "1"}, "LISTEN_PID is missing; accepted: both"),
        ({HELD_FOR: "1"}, "LISTEN_FDS is missing; accepted: both"),
        ({HELD: "x", HELD_FOR: str(PID)}, "LISTEN_FDS: 'x' is not accepted"),
        ({HELD: "0", HELD_FOR: str(PID)}, "LISTEN_FDS: '0' is not accepted"),
        ({HELD: "-1", HELD_FOR: str(PID)}, "LISTEN_FDS: '-1' is not accepted"),
        ({HELD: "\u0661", HELD_FOR: str(PID)}, "LISTEN_FDS: '\u0661' is not accepted"),
        ({HELD: "1", HELD_FOR: ""}, "LISTEN_PID: '' is not accepted"),
        ({HELD: "1" * 5_000, HELD_FOR: str(PID)}, "LISTEN_FDS: '1111"),
        ({HELD: "1", HELD_FOR: "1" * 5_000}, "accepted: a whole number of 1 to 9999999999"),
        ({HELD: "65", HELD_FOR: str(PID)}, "LISTEN_FDS: 65 is not accepted; accepted: at most 64"),
    ],
)
def test_variables_that_make_no_sense_are_refused(variables: dict[str, str], words: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        held_sockets(variables, SETTINGS, pid=PID)
    assert words in str(refused.value)
    assert len(str(refused.value)) < 200


def test_what_is_no_listening_socket_is_refused_as_what_it_is(tmp_path: Path) -> None:
    readable, writable = os.pipe()
    with (
        (tmp_path / "file").open("wb") as file,
        socket.socket() as deaf,
        socket.socket(type=socket.SOCK_DGRAM) as datagrams,
        socket.socket(socket.AF_UNIX) as local,
        open(readable, "rb") as pipe,  # noqa: PTH123 - a descriptor
        open(writable, "wb"),  # noqa: PTH123 - a descriptor
    ):
        deaf.bind(("127.0.0.1", 0))
        kinds = {
            file.fileno(): "a file",
            pipe.fileno(): "a pipe",
            deaf.fileno(): "a socket that does not listen",
            datagrams.fileno(): "a socket of SOCK_DGRAM",
            local.fileno(): "a socket of AF_UNIX",
            999_999: "not open",
        }
        for fd, what in kinds.items():
            with pytest.raises(InvalidInput) as refused:
                passed(fd)
            words = f"LISTEN_FDS: descriptor {fd} is {what}; accepted: a TCP socket that listens"
            assert str(refused.value) == words
        os.fstat(deaf.fileno())  # it was not closed


def test_a_socket_that_others_reach_wants_the_same_options_as_an_address(
    tmp_path: Path,
) -> None:
    keys = tmp_path / "keys.toml"
    keys.touch()
    open_to_all = Settings(allow_anonymous=True, host="0.0.0.0")
    with socket.create_server(("0.0.0.0", 0)) as everywhere:
        with pytest.raises(InvalidInput, match=r"listens on 0\.0\.0\.0, which others reach"):
            passed(everywhere.fileno())
        (held,) = passed(os.dup(everywhere.fileno()), open_to_all)
        held.close()


def hello() -> bytes:
    """Return what a client says first."""
    up, down = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = ssl.create_default_context().wrap_bio(down, up, server_hostname="localhost")
    with pytest.raises(ssl.SSLWantReadError):
        client.do_handshake()
    return up.read()


@pytest.mark.parametrize("is_slow", [False, True], ids=["silent", "slow"])
@pytest.mark.parametrize("make_loop", [asyncio.new_event_loop, uvloop.new_event_loop])
def test_a_handshake_that_does_not_come_to_an_end_is_not_waited_for(
    monkeypatch: pytest.MonkeyPatch,
    listener: socket.socket,
    make_loop: Callable[[], asyncio.AbstractEventLoop],
    is_slow: bool,
) -> None:
    """Not for long from its beginning, however often a byte of it comes."""
    monkeypatch.setattr(listening, "HANDSHAKE_TIMEOUT_S", 0.05)

    async def shake_hands() -> int:
        app = await make_app(SETTINGS, ScriptedSource())
        runner = Runner(app, app[HUB])
        await runner.setup()
        await Site(runner, listener, ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)).start()
        reader, writer = await asyncio.open_connection(*listener.getsockname())
        sent = 0
        async with asyncio.timeout(PATIENCE_S):
            for byte in hello() if is_slow else b"":
                if reader.at_eof() or reader.exception() is not None:
                    break
                writer.write(bytes((byte,)))
                sent += 1
                await asyncio.sleep(0.002)
            with suppress(ConnectionResetError):
                assert await reader.read() == b""
        writer.close()
        await until(lambda: app[HUB].waiting.turned_away == {TurnedAway.HANDSHAKE: 1})
        await runner.cleanup()
        return sent

    with asyncio.Runner(loop_factory=make_loop) as loop:
        assert loop.run(shake_hands()) < len(hello()), "it was cut off within"
