"""A Prometheus of Debian's, scraping servers of the test with the rules that are committed.

It scrapes twice a second, and windows and waits of the rules are shortened alike: what takes
minutes in life is seen in seconds. Nothing else of the files is changed.
"""

import asyncio
import math
import re
import shutil
from asyncio.subprocess import DEVNULL
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from tests.fakes.patience import PROGRAM_PATIENCE_S
from tests.grafana.rules import FOLDER, RULE_FILES

SCRAPE = "500ms"
STEP_S = 0.25
RATE_INTERVAL = "2500ms"
_WINDOWS = {"[1m]": "[2500ms]", "[5m]": "[5s]", "[15m]": "[1m]"}
_LOOK_AGAIN_S = 0.1

Labels = frozenset[tuple[str, str]]
Values = dict[Labels, list[float]]


@dataclass
class Prometheus:
    """A Prometheus that runs.

    Attributes:
        client: of its HTTP interface.
        targets: the file that names its targets.
    """

    client: httpx.AsyncClient
    targets: Path

    def scrape(self, *addresses: str, encrypted: str | None = None) -> None:
        """Scrape these from now on, and one that encrypts by itself."""
        written = self.targets.with_suffix(".new")
        text = f"- targets: {[*addresses]}\n"
        if encrypted is not None:
            text += f"- targets: {[encrypted]}\n  labels: {{ __scheme__: https }}\n"
        written.write_text(text)
        written.replace(self.targets)  # at once, since it is being watched

    async def values(self, promql: str, since_s: float, until_s: float) -> Values:
        """Return what a query has been in a span of time, by labels; NaN is no data."""
        answer = await self.client.post(
            "/api/v1/query_range",
            data={"query": promql, "start": since_s, "end": until_s, "step": STEP_S},
        )
        document: dict[str, Any] = answer.json()
        assert document["status"] == "success", f"{promql}: {document.get('error')}"
        found: Values = {}
        for series in document["data"]["result"]:
            numbers = [float(value) for _, value in series["values"]]
            known = [number for number in numbers if not math.isnan(number)]
            if known:
                found[frozenset(series["metric"].items())] = known
        return found

    async def has(self, promql: str) -> bool:
        """Tell whether a query returns something."""
        answer = await self.client.get("/api/v1/query", params={"query": promql})
        return bool(answer.json()["data"]["result"])

    async def until(self, promql: str) -> None:
        """Wait until a query returns something."""
        async with asyncio.timeout(2 * PROGRAM_PATIENCE_S):
            while not await self.has(promql):  # noqa: ASYNC110 - it is another process
                await asyncio.sleep(_LOOK_AGAIN_S)


@asynccontextmanager
async def prometheus(folder: Path, port: int) -> AsyncIterator[Prometheus]:
    """Start one; it is ended by its own number."""
    program = shutil.which("prometheus")
    assert program is not None
    for name in ("prometheus.yml", *RULE_FILES):
        (folder / name).write_text(_shortened((FOLDER / name).read_text()))
    targets = folder / "targets.yml"
    targets.write_text("[]\n")
    log = (folder / "prometheus.log").open("wb")
    process = await asyncio.create_subprocess_exec(
        program,
        f"--config.file={folder / 'prometheus.yml'}",
        f"--storage.tsdb.path={folder / 'data'}",
        f"--web.listen-address=127.0.0.1:{port}",
        stdout=DEVNULL,
        stderr=log,
    )
    try:
        url, patience_s = f"http://127.0.0.1:{port}", PROGRAM_PATIENCE_S
        async with httpx.AsyncClient(base_url=url, timeout=patience_s) as client:
            await _until_ready(client)
            yield Prometheus(client, targets)
    finally:
        process.terminate()
        await process.wait()
        log.close()


def _shortened(text: str) -> str:
    for window, shorter in _WINDOWS.items():
        text = text.replace(window, shorter)
    text = re.sub(r"for: \d+\w", "for: 0s", text)
    unknown = (
        "tls_config: { insecure_skip_verify: true }"  # those who signed the test's certificate
    )
    text = re.sub(r"( +)- job_name: .*", rf"\g<0>\n\1  {unknown}", text)
    text = re.sub(r"( +)- files: .*", r"\g<0>\n\1  refresh_interval: 1s", text)
    return re.sub(r"((?:scrape|evaluation)_interval): 5s", rf"\1: {SCRAPE}", text)


async def _until_ready(client: httpx.AsyncClient) -> None:
    async with asyncio.timeout(PROGRAM_PATIENCE_S):
        while True:
            try:
                answer = await client.get("/-/ready")
            except httpx.TransportError:
                answer = None
            if answer is not None and answer.status_code == httpx.codes.OK:
                return
            await asyncio.sleep(_LOOK_AGAIN_S)


def matching(values: Values, labels: Mapping[str, str]) -> Values:
    """Return the series that have these labels."""
    return {series: numbers for series, numbers in values.items() if labels.items() <= series}
