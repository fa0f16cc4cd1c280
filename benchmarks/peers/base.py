"""Contenders: the work that each is given, and how it is started and ended.

A contender is a program that sends given payloads at a given rate, each of them to all its
subscribers. Its CPU time per frame and subscriber is compared.
"""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, Protocol

from feed.wire.transport import Transport

from ..load.plan import Group, Look, Opening
from ..load.process import family

HOST = "127.0.0.1"
PUBLISHER = f"{__package__}.publisher"  # feeds peers that take payloads by HTTP
START_TIMEOUT_S = 120.0  # it is waited no longer than that, and not at all once it has ended
END_TIMEOUT_S = 5.0
REQUEST_TIMEOUT_S = 60.0  # of the floors, for a request to come, which the swarm sends at once

OFFER_DEFLATE = {"Sec-WebSocket-Extensions": "permessage-deflate; client_max_window_bits"}
OFFER_GZIP = {"Accept-Encoding": "gzip"}


class PeerError(Exception):
    """A contender cannot be started; the message says which and why."""


@dataclass(frozen=True, slots=True)
class Work:
    """The work of each contender in one run.

    Attributes:
        payloads: a file of JSON payloads, one a line, sent in turn, over and over.
        hz: how many a second.
        transport: how subscribers are served.
        compress: subscribers offer compression and want it.
        rotate: subscriber k is k payloads ahead, as if each had a selection of its own.
    """

    payloads: Path
    hz: float
    transport: Transport = Transport.WEBSOCKET
    compress: bool = False
    rotate: bool = False

    @property
    def offer(self) -> Mapping[str, str]:
        """The request headers by which a subscriber offers compression."""
        if not self.compress:
            return {}
        return OFFER_DEFLATE if self.transport is Transport.WEBSOCKET else OFFER_GZIP


@dataclass(frozen=True, slots=True)
class Running:
    """A contender that is running.

    Attributes:
        group: a subscriber of it; `subscribers` makes as many as are wanted.
        pids: its processes, helpers that only feed it left out.
        version: of the program, as far as it is known.
    """

    group: Group
    pids: tuple[int, ...]
    version: str = ""

    def subscribers(self, count: int) -> Group:
        """Return the group of this many subscribers."""
        return replace(self.group, count=count)


class Contender(Protocol):
    """A server that can be compared.

    Attributes:
        name: as tables call it.
    """

    name: str

    def missing(self, work: Work) -> str:
        """Install all that can be installed; return why it cannot do this work here, or ""."""

    def start(self, work: Work) -> AbstractContextManager[Running]:
        """Start it on this work; leaving the context ends it.

        Raises:
            PeerError: it did not start.
        """


def subscriber(  # noqa: PLR0917 - a group has many sides
    name: str,
    port: int,
    work: Work,
    path: str = "/",
    hello: tuple[bytes, ...] = (),
    headers: Mapping[str, str] | None = None,
    *,
    binary: bool = False,
) -> Group:
    """Return a subscriber of a peer: its payloads are searched for their time stamp."""
    return Group(
        name=name,
        count=1,
        host=HOST,
        port=port,
        transport=work.transport,
        openings=(Opening(path, hello),),
        headers=dict(work.offer) | dict(headers or {}),
        binary=binary,
        look=Look.NOTHING if work.rotate else Look.STAMP,  # no time to stamp that many a round
    )


class Program:
    """A child process with its output in files; ended by its own pid."""

    def __init__(
        self, command: Sequence[str], folder: Path, environment: Mapping[str, str] | None = None
    ) -> None:
        self.command = list(command)
        self._output = folder / "output"
        self._errors = folder / "errors"
        with self._output.open("wb") as output, self._errors.open("wb") as errors:
            self.process = subprocess.Popen(
                self.command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=errors,
                env=os.environ | dict(environment or {}),
                start_new_session=True,  # an interrupt in the terminal is ours to handle
            )

    @property
    def pids(self) -> tuple[int, ...]:
        """The process and all that it has started."""
        return tuple(family(self.process.pid))

    def wait_for_words(self, pattern: str) -> str:
        """Wait until the pattern is in its output; return its first group.

        Raises:
            PeerError: it ended, or said nothing of the kind in time.
        """
        for _ in self._attempts():
            said = self._output.read_text(errors="replace") + self._tail()
            if match := re.search(pattern, said):
                return match[1]
        raise PeerError(f"{self._what} did not say {pattern!r} within {START_TIMEOUT_S:g} s")

    def wait_for_port(self, port: int) -> None:
        """Wait until it accepts connections.

        Raises:
            PeerError: it ended, or does not listen in time.
        """
        for _ in self._attempts():
            with suppress(OSError), socket.create_connection((HOST, port), timeout=1):
                return
        raise PeerError(f"{self._what} does not listen on {port} within {START_TIMEOUT_S:g} s")

    def end(self) -> None:
        """End it and all that it has started: first asked, then made to."""
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGTERM)
            try:
                self.process.wait(END_TIMEOUT_S)
            except subprocess.TimeoutExpired:
                os.killpg(self.process.pid, signal.SIGKILL)
                self.process.wait()

    @property
    def _what(self) -> str:
        return Path(self.command[0]).name

    def _attempts(self) -> Iterator[None]:
        """Attempt until it is too late; once more after the process has ended: its last words."""
        until_s = time.monotonic() + START_TIMEOUT_S
        while time.monotonic() < until_s:
            status = self.process.poll()
            yield
            if status is not None:
                last = self._tail().rpartition("\n")[2]
                raise PeerError(f"{self._what} ended with status {status}: {last}")
            time.sleep(0.02)

    def _tail(self) -> str:
        with self._errors.open("rb") as errors:
            return _last(errors)


def _last(file: IO[bytes], limit: int = 2000) -> str:
    size = file.seek(0, os.SEEK_END)
    file.seek(max(0, size - limit))
    return file.read().decode(errors="replace").strip()


@contextmanager
def program(
    command: Sequence[str], environment: Mapping[str, str] | None = None
) -> Iterator[Program]:
    """Run a program within a context, its output in a temporary folder."""
    with tempfile.TemporaryDirectory(prefix="feed-bench-") as folder:
        started: Program | None = None
        try:
            with _signals_wait():
                started = Program(command, Path(folder), environment)
            yield started
        finally:
            if started is not None:
                started.end()


@contextmanager
def _signals_wait() -> Iterator[None]:
    """Hold back signals that would end us: amid its start a program is not yet known by its pid.

    (Blocked they would be for the program too, which inherits that.)
    """
    came: list[int] = []
    held = {
        number: signal.signal(number, lambda number, _: came.append(number))
        for number in (signal.SIGINT, signal.SIGTERM)
    }
    try:
        yield
    finally:
        for number, handler in held.items():
            signal.signal(number, handler)
    for caught in came:
        signal.raise_signal(caught)


@contextmanager
def python_peer(module: str, work: Work, *arguments: str) -> Iterator[tuple[Program, int]]:
    """Run the server in one of our own modules; yield it and its port.

    Such a module takes the options of `sender.arguments`, and says `port N` once it listens.
    """
    command = [
        sys.executable,
        "-m",
        module,
        "--payloads",
        str(work.payloads),
        "--hz",
        str(work.hz),
        "--transport",
        work.transport.value,
        *(["--compress"] if work.compress else []),
        *(["--rotate"] if work.rotate else []),
        *arguments,
    ]
    with program(command, {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}) as started:
        yield started, int(started.wait_for_words(r"port (\d+)"))


def cache_folder(name: str) -> Path:
    """Return a folder that outlives a run, for programs that are installed or built only once."""
    base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    folder = base / "feed-bench" / name
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def which(name: str) -> str | None:
    """Return the path of an installed program, /usr/sbin included."""
    return shutil.which(name) or shutil.which(name, path="/usr/sbin:/usr/local/sbin")
