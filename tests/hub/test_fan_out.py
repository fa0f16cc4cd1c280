"""Which engine is chosen, and where it is said."""

import errno
import platform
import socket
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import aiohttp
import pytest

from feed.broadcast.fan_out import Engine
from feed.errors import FeedError
from feed.hub import fan_out as choice
from feed.hub.connection import Connection
from feed.hub.fan_out import choose_fan_out
from feed.native import build as builder
from feed.native.build import digest_of
from feed.wire.frame_shape import compose
from tests.fakes.engines import EVERY_ENGINE
from tests.fakes.servers import Serve


class FakeWriter:
    """Takes what `Writer` takes."""

    def __init__(self, *, io_uring: bool, helpers: int) -> None:
        self.options = io_uring, helpers


@pytest.fixture
def native(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """Stand for the library in C, on a machine with four cores that allows everything."""
    library = SimpleNamespace(Writer=FakeWriter, compose=compose, io_uring_refusal=lambda: 0)
    monkeypatch.setattr(choice, "load_native", lambda: library)
    monkeypatch.setattr(choice, "usable_cores", lambda: 4)
    monkeypatch.setattr(platform, "machine", lambda: "x86_64")
    return library


def chosen(wanted: Engine, most_threads: int | None = None) -> tuple[Engine, int, str]:
    made = choose_fan_out(wanted, most_threads)
    return made.engine, made.threads, made.why


def test_auto_is_io_uring_on_all_cores_where_it_is_allowed(native: SimpleNamespace) -> None:
    assert native.io_uring_refusal() == 0
    assert chosen(Engine.AUTO) == (Engine.IO_URING, 4, "")
    assert chosen(Engine.AUTO, 2) == (Engine.IO_URING, 2, "")
    assert chosen(Engine.SEND) == (Engine.SEND, 4, "")
    assert chosen(Engine.PYTHON, 2) == (Engine.PYTHON, 1, "")


def test_there_are_at_most_eight_threads(
    native: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert native.io_uring_refusal() == 0
    monkeypatch.setattr(choice, "usable_cores", lambda: 64)
    assert chosen(Engine.AUTO) == (Engine.IO_URING, 8, "")


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (errno.EPERM, "Operation not permitted"),
        (errno.ENOMEM, "Cannot allocate memory"),
        (errno.ENOSYS, "Function not implemented"),
        (errno.EINVAL, "Invalid argument"),
    ],
    ids=["seccomp", "a limit of memory", "another system", "an older kernel"],
)
def test_io_uring_that_is_refused_is_send_with_the_reason(
    native: SimpleNamespace, number: int, words: str
) -> None:
    native.io_uring_refusal = lambda: number
    why = f"io_uring is refused: {words}"
    assert chosen(Engine.AUTO) == (Engine.SEND, 4, why)
    assert chosen(Engine.SEND) == (Engine.SEND, 4, "")
    with pytest.raises(FeedError, match=f"--fan-out io_uring: {why}; --fan-out auto takes"):
        choose_fan_out(Engine.IO_URING)


def test_a_machine_that_was_not_tried_uses_send_unless_it_is_told(
    native: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert native.io_uring_refusal() == 0
    monkeypatch.setattr(platform, "machine", lambda: "aarch64")
    assert chosen(Engine.AUTO) == (Engine.SEND, 4, "io_uring was not tried on aarch64")
    assert chosen(Engine.IO_URING) == (Engine.IO_URING, 4, "")


def test_without_the_library_everything_works_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(choice, "load_native", lambda: None)
    assert chosen(Engine.AUTO) == (
        Engine.PYTHON,
        1,
        "the engine in C is not compiled, or of other sources",
    )
    assert chosen(Engine.PYTHON) == (Engine.PYTHON, 1, "")
    for engine in (Engine.SEND, Engine.IO_URING):
        with pytest.raises(FeedError, match=rf"{engine}: .* python -m feed\.native\.build"):
            choose_fan_out(engine)


def test_a_library_of_other_sources_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    stale: Any = SimpleNamespace(SOURCES="0123456789abcdef")
    monkeypatch.setitem(sys.modules, "feed.native._fan_out", stale)
    assert choice.load_native() is None
    stale.SOURCES = digest_of(Path(builder.__file__).parent)
    loaded: Any = choice.load_native()
    assert loaded is stale
    del stale.SOURCES  # as long as it had none
    assert choice.load_native() is None


# Connections.


class FakeTransport:
    """Has what `Connection` asks a transport for."""

    def __init__(self, **extra: Any) -> None:
        self.extra = extra

    def get_extra_info(self, name: str) -> Any:
        return self.extra.get(name)

    def write(self, data: bytes) -> None: ...

    def is_closing(self) -> bool:
        return False

    def get_write_buffer_size(self) -> int:
        return 0


class FakeSocket:
    """Has a number."""

    family = socket.AF_INET

    def fileno(self) -> int:
        return 7

    def setsockopt(self, *_: int) -> None: ...


def target_of(**extra: Any) -> Any:
    transport: Any = FakeTransport(**extra)
    return Connection(transport, 1_000).target


def test_only_plain_sockets_are_written_past_their_transports() -> None:
    number, is_closing, buffered_bytes, _ = target_of(socket=FakeSocket())
    assert (number, is_closing(), buffered_bytes()) == (7, False, 0)
    assert target_of(socket=FakeSocket(), sslcontext=object()) is None
    assert target_of() is None


# Where it is said.


@pytest.mark.parametrize("engine", EVERY_ENGINE)
async def test_status_and_build_info_name_the_engine(
    serve: Serve, engine: tuple[Engine, int]
) -> None:
    feed = await serve(fan_out=engine[0], send_threads=1)
    async with aiohttp.ClientSession() as session:
        async with session.get(feed.url("/v1/status")) as answer:
            assert (await answer.json())["fan_out"] == {
                "engine": engine[0],
                "threads": 1,
                "why": "",
            }
        async with session.get(feed.url("/metrics")) as answer:
            (line,) = [
                line
                for line in (await answer.text()).splitlines()
                if line.startswith("feed_build_info{")
            ]
            assert f'fan_out="{engine[0]}"' in line
