"""Node's ws: the WebSocket server that most JavaScript programs use."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from feed.wire.transport import Transport

from .base import Running, Work, cache_folder, program, subscriber, which

VERSION = "8.23.0"
_SCRIPT = Path(__file__).with_name("node_ws.mjs")


class NodeWs:
    """Node's ws, one Buffer sent to every client."""

    name = "Node ws"

    def missing(self, work: Work) -> str:
        """Install ws; return why it cannot do this work here, or ""."""
        if work.transport is not Transport.WEBSOCKET:
            return "WebSocket only"
        npm = which("npm")
        if which("node") is None or npm is None:
            return "no Node.js"
        if (self._folder / "node_modules" / "ws").exists():
            return ""
        command = [npm, "install", "--prefix", str(self._folder), "--no-save", f"ws@{VERSION}"]
        made = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
        return f"npm: {made.stderr.strip()[-300:]}" if made.returncode else ""

    @contextmanager
    def start(self, work: Work) -> Iterator[Running]:
        """Start it on this work."""
        node = which("node")
        assert node is not None
        command = [node, str(_SCRIPT), str(self._folder), str(work.payloads), str(work.hz)]
        with program([*command, "1" if work.compress else "0"]) as started:
            port = int(started.wait_for_words(r"port (\d+)"))
            yield Running(subscriber(self.name, port, work), started.pids, f"ws {VERSION}")

    @property
    def _folder(self) -> Path:
        return cache_folder(f"ws-{VERSION}")
