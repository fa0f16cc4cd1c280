"""The floor in C: the cost of the kernel, without an interpreter."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from .base import Running, Work, cache_folder, program, subscriber, which

_SOURCE = Path(__file__).with_name("bare_c.c")


class BareC:
    """`send()` in a loop in C, compiled where there is a compiler."""

    name = "bare send(), C"

    def missing(self, work: Work) -> str:
        """Compile it; return why it cannot do this work here, or ""."""
        if work.compress:
            return "it does not compress"
        binary = self._binary
        if binary.exists() and binary.stat().st_mtime > _SOURCE.stat().st_mtime:
            return ""
        compiler = which("cc")
        if compiler is None:
            return "no C compiler (cc)"
        made = subprocess.run(
            [compiler, "-O2", "-o", str(binary), str(_SOURCE)],
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        return f"cc: {made.stderr.strip()}" if made.returncode else ""

    @contextmanager
    def start(self, work: Work) -> Iterator[Running]:
        """Start it on this work."""
        turns = "rotate" if work.rotate else "same"
        command = [str(self._binary), str(work.hz), str(work.payloads), work.transport.value, turns]
        with program(command) as started:
            port = int(started.wait_for_words(r"port (\d+)"))
            yield Running(subscriber(self.name, port, work), started.pids)

    @property
    def _binary(self) -> Path:
        return cache_folder("bare-c") / "bare_c"
