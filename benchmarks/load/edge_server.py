"""A writer and an edge of ours on this machine, and what lies between."""

import os
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from ..peers.base import PeerError, program
from .feed_server import Options, Server, attach
from .process import family

_ADDRESS = r"(http://127\.0\.0\.1:\d+)"
READY_S = 20.0
POLL_S = 0.05
_BUS = "FEED_BUS_SOCKET"


@dataclass(frozen=True, slots=True)
class Pair:
    """A writer, and the edge that subscribers are served by.

    Attributes:
        edge: where they connect.
        writer: the processes of the writer.
    """

    edge: Server
    writer: tuple[int, ...]


def _await_ready(address: str) -> None:
    """Wait until an edge knows where the writer stands, and lets subscribers in.

    Raises:
        PeerError: it does not come to know it.
    """
    deadline_s = time.monotonic() + READY_S
    while True:
        try:
            with urllib.request.urlopen(f"{address}/readyz", timeout=READY_S):
                return
        except OSError as error:
            if time.monotonic() > deadline_s:
                raise PeerError(f"{address} is not ready: {error}") from error
            time.sleep(POLL_S)


@contextmanager
def over_the_bus(options: Options) -> Iterator[Pair]:
    """Start a writer and an edge that follows it over a socket of this machine.

    Raises:
        PeerError: one of them does not start.
    """
    path = {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    serve = [sys.executable, "-m", "feed", "serve", "--port", "0"]
    with TemporaryDirectory(prefix="feed-bus-") as folder:
        bus = Path(folder) / "bus.sock"
        writing = [*serve, *options.arguments()]
        with program(writing, {**path, _BUS: str(bus)}) as writer:
            writer.wait_for_words(_ADDRESS)
            with program([*serve, "--source", f"feed:unix:{bus}"], path) as edge:
                address = edge.wait_for_words(_ADDRESS)
                _await_ready(address)
                served = attach(address, edge.process.pid, simulated=True)
                yield Pair(served, tuple(family(writer.process.pid)))
