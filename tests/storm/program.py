"""The process of the server under test: started, asked, and ended in every way."""

import asyncio
import json
import signal
import socket
import sys
from asyncio.subprocess import PIPE, Process
from collections import defaultdict
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from typing import Any

from tests.fakes.patience import PROGRAM_PATIENCE_S
from tests.storm.server import Orders


class Program:
    """A server that runs.

    Attributes:
        port, epoch: of it.
    """

    def __init__(self, process: Process, hear_of_keys: Callable[[dict[str, Any]], None]) -> None:
        self.port = 0
        self.epoch = ""
        self._process = process
        self._hear_of_keys = hear_of_keys
        self._said: defaultdict[str, asyncio.Queue[dict[str, Any]]] = defaultdict(asyncio.Queue)
        self._hearing = asyncio.create_task(self._hear())

    @classmethod
    async def start(
        cls,
        orders: Orders,
        log: int,
        held: socket.socket | None,
        hear_of_keys: Callable[[dict[str, Any]], None],
    ) -> "Program":
        """Start one, and return once it serves.

        Args:
            orders: what it is told.
            log: the descriptor of its standard error.
            held: a socket that listens, for it.
            hear_of_keys: takes what it says of versions of the keys file.
        """
        fds = () if held is None else (held.fileno(),)
        if held is not None:
            orders = replace(orders, held=held.fileno())
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "tests.storm.server", orders.argument()),
            stdout=PIPE,
            stderr=log,
            pass_fds=fds,
        )
        program = cls(process, hear_of_keys)
        serving = await program._heard("serving")
        program.port, program.epoch = serving["port"], serving["epoch"]
        return program

    @property
    def pid(self) -> int:
        return self._process.pid

    async def measure(self) -> dict[str, Any]:
        """Return what it holds once everybody has left."""
        self._process.send_signal(signal.SIGUSR1)
        return await self._heard("measured")

    async def sample(self) -> dict[str, Any]:
        """Return what it holds now."""
        self._process.send_signal(signal.SIGHUP)
        return await self._heard("sample")

    async def close_market(self) -> int:
        """Close the market; return the number of its last tick."""
        self._process.send_signal(signal.SIGUSR2)
        return int((await self._heard("newest"))["last"])

    async def end(self, how: signal.Signals = signal.SIGTERM) -> int:
        """End it, and return its status."""
        with suppress(ProcessLookupError):
            self._process.send_signal(how)
        try:
            async with asyncio.timeout(PROGRAM_PATIENCE_S):
                return await self._process.wait()
        except TimeoutError:
            self._process.kill()
            raise
        finally:
            self._hearing.cancel()

    async def _heard(self, name: str) -> dict[str, Any]:
        said = asyncio.create_task(self._said[name].get())
        try:
            async with asyncio.timeout(PROGRAM_PATIENCE_S):
                await asyncio.wait((said, self._hearing), return_when=asyncio.FIRST_COMPLETED)
        finally:
            said.cancel()
        if not said.done() or said.cancelled():
            raise AssertionError(f"the server ended before it said {name!r}")
        return said.result()

    async def _hear(self) -> None:
        assert self._process.stdout is not None
        while line := (await self._process.stdout.readline()).decode():
            heard = json.loads(line)
            if heard["T"] == "keys":
                self._hear_of_keys(heard)
                continue
            self._said[heard["T"]].put_nowait(heard)


def hold_socket(port: int) -> socket.socket:
    """Return a socket that listens at a port, for servers that come and go."""
    listening = socket.create_server(("127.0.0.1", port), backlog=4_096)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    return listening
