"""Export: what do readers notice while others have files made of the ring, and of bars?

The same load on a server that exports one file of each after another, as fast as it can, and on one
that does not. When to cut is left to the cadence, as by default.
"""

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from http.client import HTTPConnection
from typing import Any

from ..comparison import compare, difference
from ..feed_server import Options, Server, Subscription
from ..outcome import Outcome, at_most, cpu_share, newest_p99_ms
from ..stage import Case, Stage, Target

SUBSCRIBERS = 100
RATE = 5_000
SETTLE_S = 1.0  # in which the first files are begun
AIM_MS = 5.0  # a turn of the loop, and what a machine of two cores adds
POLL_S = 0.05
ASKED: tuple[dict[str, Any], ...] = (
    {"kind": "ring", "format": "ndjson"},
    {"kind": "bars", "format": "ndjson", "timeframe": "1s"},
)


class Exporter:
    """Has files of one kind made, one after another, until it is to end.

    Attributes:
        rows: that were written into files that are whole.
    """

    def __init__(self, server: Server, asked: dict[str, Any]) -> None:
        self.rows = 0
        self._server = server
        self._asked = json.dumps(asked)
        self._ends = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def end(self) -> None:
        """Cancel what is being written, and wait for that."""
        self._ends.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._ends.is_set():
            job = self._ask("POST", "/v1/jobs", self._asked)
            path = f"/v1/jobs/{job['id']}"
            while job["state"] in {"queued", "running"} and not self._ends.wait(POLL_S):
                job = self._ask("GET", path)
            self.rows += job["done"] if job["state"] == "done" else 0
            self._ask("DELETE", path)

    def _ask(self, method: str, path: str, body: str | None = None) -> dict[str, Any]:
        server = self._server
        connection = HTTPConnection(server.host, server.port, timeout=10)
        try:
            headers = {**server.headers, "Content-Type": "application/json"}
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            document: dict[str, Any] = json.loads(answer.read())
            assert answer.status < 300, document
            return document
        finally:
            connection.close()


def run(stage: Stage, settle_s: float = SETTLE_S) -> Outcome:
    """Measure ages of ticks, and CPU time, with exports and without."""
    settings = stage.settings
    count, options = settings.subscribers or SUBSCRIBERS, Options(settings.rate or RATE)
    title = f"{count:,} subscribers in one lane, {stage.pace(options.rate)}, beside exports or none"
    written: list[float] = []
    plain, exporting = stage.compare(
        title,
        [
            Case("feed", _starting(stage, count, options, settle_s, None), ours=True),
            Case("feed, exports", _starting(stage, count, options, settle_s, written), ours=True),
        ],
    )
    why = plain.skipped or exporting.skipped
    grown = difference(exporting, plain, newest_p99_ms)
    cpu = compare(exporting, plain, cpu_share)
    notes = [f"{rows:,.0f} rows a second were exported in a round" for rows in written]
    if cpu is not None:
        notes.append(f"the server took {cpu.median:.2f} times the CPU time")
    aims = [at_most("milliseconds that the p99 age of ticks grows", grown, AIM_MS, why)]
    return Outcome("export", title, [plain, exporting], aims, notes)


def _starting(
    stage: Stage, count: int, options: Options, settle_s: float, written: list[float] | None
) -> Callable[[], AbstractContextManager[Target]]:
    @contextmanager
    def start() -> Iterator[Target]:
        with stage.server(options) as server:
            # Words of jobs have sequences too, which those would miss who look for every one.
            groups = (server.group("readers", count, Subscription()),)
            target = Target(groups, server.pids, settle_s=settle_s)
            if written is None:
                yield target
                return
            exporters = [Exporter(server, asked) for asked in ASKED]
            began_s = time.monotonic()
            for exporter in exporters:
                exporter.start()
            try:
                yield target
            finally:
                for exporter in exporters:
                    exporter.end()
                spent_s = time.monotonic() - began_s
                written.append(sum(exporter.rows for exporter in exporters) / spent_s)

    return start
