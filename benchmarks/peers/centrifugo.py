"""Centrifugo: a broadcaster in Go, fed through its HTTP API, over its own WebSocket protocol.

Built once by the Go toolchain from its module proxy, and kept in the cache folder. Its protocol:
<https://centrifugal.dev/docs/transports/client_protocol>; JSON, or Protobuf with the payload as
JSON bytes within.
"""

import json
import os
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from feed.wire.transport import Transport
from tests.fakes.ports import free_port

from .base import (
    HOST,
    PUBLISHER,
    Running,
    Work,
    cache_folder,
    program,
    python_peer,
    subscriber,
    which,
)

CHANNEL = "feed"
BUILD_TIMEOUT_S = 1800.0  # it is large, and two cores may be all there are
_NO_PINGS = "600s"  # application pings would have to be answered; no run is that long


def _configuration_6(port: int, compress: bool) -> dict[str, object]:
    return {
        "http_server": {"address": HOST, "port": port},
        "http_api": {"insecure": True},
        "client": {"insecure": True, "ping_interval": _NO_PINGS, "allowed_origins": ["*"]},
        "websocket": {"compression": compress},
        "log": {"level": "error"},
        "usage_stats": {"disabled": True},
    }


def _configuration_5(port: int, compress: bool) -> dict[str, object]:
    return {
        "address": HOST,
        "port": str(port),
        "api_insecure": True,
        "client_insecure": True,
        "ping_interval": _NO_PINGS,
        "allowed_origins": ["*"],
        "websocket_compression": compress,
        "log_level": "error",
        "usage_stats_disable": True,
    }


@dataclass(frozen=True, slots=True)
class Release:
    """A release, and how it is configured: version 6 renamed every option."""

    module: str
    version: str
    configuration: Callable[[int, bool], dict[str, object]]

    @property
    def folder(self) -> Path:
        """Where it is built."""
        return cache_folder(f"centrifugo-{self.version}")

    @property
    def binary(self) -> Path:
        """The program that is built."""
        return self.folder / "centrifugo"


# The second where a module proxy does not serve all that the first one needs.
RELEASES = (
    Release("github.com/centrifugal/centrifugo/v6", "v6.9.1", _configuration_6),
    Release("github.com/centrifugal/centrifugo/v5", "v5.4.9", _configuration_5),
)

# Command{id: 1, connect: {}} and Command{id: 2, subscribe: {channel: "feed"}}, each after its
# length (client.proto of github.com/centrifugal/protocol).
_HELLO_PROTOBUF = b"\x04\x08\x01\x22\x00" + b"\x0a\x08\x02\x2a\x06\x0a\x04feed"
_HELLO_JSON = b'{"id":1,"connect":{}}\n{"id":2,"subscribe":{"channel":"feed"}}'


class Centrifugo:
    """Centrifugo with one channel, its clients speaking JSON or Protobuf."""

    def __init__(self, *, protobuf: bool = False) -> None:
        self.name = "Centrifugo, Protobuf" if protobuf else "Centrifugo, JSON"
        self._protobuf = protobuf

    def missing(self, work: Work) -> str:
        """Build it; return why it cannot do this work here, or ""."""
        if work.transport is not Transport.WEBSOCKET:
            return "WebSocket only"
        return "" if _built() is not None else _build()

    @contextmanager
    def start(self, work: Work) -> Iterator[Running]:
        """Start it on this work."""
        release = _built()
        assert release is not None
        port = free_port()
        with tempfile.TemporaryDirectory(prefix="feed-bench-centrifugo-") as folder:
            configuration = Path(folder) / "config.json"
            configuration.write_text(json.dumps(release.configuration(port, work.compress)))
            with program([str(release.binary), "--config", str(configuration)]) as started:
                started.wait_for_port(port)
                url = f"http://{HOST}:{port}/api/publish"
                with python_peer(PUBLISHER, work, "--url", url, "--channel", CHANNEL):
                    group = subscriber(
                        self.name,
                        port,
                        work,
                        "/connection/websocket",
                        (_HELLO_PROTOBUF if self._protobuf else _HELLO_JSON,),
                        {"Sec-WebSocket-Protocol": "centrifuge-protobuf"} if self._protobuf else {},
                        binary=self._protobuf,
                    )
                    yield Running(group, started.pids, f"Centrifugo {release.version}")


def _built() -> Release | None:
    return next((release for release in RELEASES if release.binary.exists()), None)


def _build() -> str:
    """Build the first release that can be; return why none can, or ""."""
    go = which("go") or which("/usr/local/go/bin/go")
    if go is None:
        return "no Go toolchain"
    said = ""
    for release in RELEASES:
        said = _build_release(go, release)
        if not said:
            return ""
    return said


def _build_release(go: str, release: Release) -> str:
    """Build one release within a module of its own; return why that failed, or "".

    `go install MODULE@VERSION` would do where a proxy lists versions; not all do.
    """
    environment = os.environ | {"GOFLAGS": "-mod=mod -buildvcs=false"}
    steps = [
        [go, "mod", "init", "peer"],  # its go line is this toolchain's: the module graph is pruned
        [go, "mod", "edit", f"-require={release.module}@{release.version}"],
        [go, "build", "-p", "1", "-o", str(release.binary), release.module],
    ]
    with tempfile.TemporaryDirectory(prefix="feed-bench-go-") as folder:
        for step in steps:
            try:
                made = subprocess.run(
                    step,
                    cwd=folder,
                    env=environment,
                    capture_output=True,
                    text=True,
                    check=False,
                    timeout=BUILD_TIMEOUT_S,
                )
            except subprocess.TimeoutExpired:
                return f"go build took more than {BUILD_TIMEOUT_S:g} s"
            if made.returncode:
                said = made.stderr.strip()[-300:]
                return f"{release.module}@{release.version} cannot be built: {said}"
    return ""
