"""What the tests of whole servers share: somebody who asks for jobs, and what a file is to have."""

from typing import Any

import aiohttp
import orjson

from feed.http.app import JOBS
from feed.jobs.job import Job
from feed.market.ticks import Channel
from feed.wire.json_codec import JSON
from tests.fakes.patience import until
from tests.fakes.servers import Feed

RING = {"kind": "ring", "format": "ndjson"}
FOR_EVER = 10**9  # in place of the pause behind each piece: a job that runs until it is ended


class Client:
    """Asks one server."""

    def __init__(self, feed: Feed, headers: dict[str, str] | None = None) -> None:
        self.feed = feed
        self.headers = headers or {}
        self.jobs = feed.server.app[JOBS]

    async def ask(self, method: str, path: str, **more: Any) -> tuple[int, Any, bytes]:
        """Return the status, the headers and the body of an answer."""
        headers = {**self.headers, **more.pop("headers", {})}
        async with (
            aiohttp.ClientSession() as session,
            session.request(method, self.feed.url(path), headers=headers, **more) as answer,
        ):
            return answer.status, answer.headers, await answer.read()

    async def begin(self, **asked: Any) -> Job:
        status, headers, body = await self.ask("POST", "/v1/jobs", json={**RING, **asked})
        assert status == 202, body
        key = orjson.loads(body)["id"]
        assert headers["Location"] == f"/v1/jobs/{key}"
        return self.find(key)

    def find(self, key: str) -> Job:
        return next(job for job in self.jobs.jobs if job.id == key)

    async def done(self, job: Job) -> bytes:
        """Return the file of a job, once it is over."""
        await until(lambda: job.is_over)
        assert (job.state, job.words) == ("done", "")
        status, _, body = await self.ask("GET", f"/v1/jobs/{job.id}/file")
        assert status == 200
        return body


def ring_of(feed: Feed, *channels: Channel) -> list[dict[str, Any]]:
    """Return what the ring holds of some channels, as its export has it."""
    ring = feed.hub.broadcast.ring
    told = []
    for sequence in range(ring.oldest, ring.newest + 1):
        (tick,) = ring.read(sequence - 1, 1)
        fields = orjson.loads(JSON.join(JSON.encode([tick])))[0]
        if fields["T"] in {"t" if channel is Channel.TRADES else "q" for channel in channels}:
            told.append({**fields, "pos": feed.position(sequence)})
    return told


def lines(data: bytes) -> list[Any]:
    return [orjson.loads(line) for line in data.splitlines()]
