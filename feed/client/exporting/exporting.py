"""The way in for callers: `export`, and the same for scripts."""

import asyncio
import functools
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, suppress
from dataclasses import replace
from http import HTTPStatus
from pathlib import Path
from typing import Any, TypeVar

import aiohttp
import orjson

from feed.client.arguments import check_choice, check_patience, check_session
from feed.client.backoff import Backoff
from feed.client.clock import Clock
from feed.client.errors import GaveUp, Malformed, Refused
from feed.client.exporting.asked import FORMATS, asked_of
from feed.client.exporting.download import Download
from feed.client.exporting.errors import ExportFailed
from feed.client.exporting.progress import ExportProgress
from feed.client.exporting.requests import JobRequests
from feed.client.link import Lost
from feed.client.loop_thread import LoopThread
from feed.client.papers import Papers, TokenSource
from feed.client.sse import SseParser
from feed.client.subscription import Symbols, parse_url
from feed.errors import FeedError
from feed.market.job_words import JobState

PATIENCE_S = 60.0
CANCEL_TIMEOUT_S = 2.0  # whoever ends a program waits for no longer
Result = TypeVar("Result")
Progress = Callable[[ExportProgress], object]


async def export(
    url: str,
    kind: str = "ring",
    *,
    to: str | Path,
    format: str | None = None,  # noqa: A002 - as the server has it
    symbols: Mapping[str, Symbols] | None = None,
    after: str | None = None,
    start: str | None = None,
    end: str | None = None,
    timeframe: str | None = None,
    source: str | None = None,
    progress: Progress | None = None,
    key: str | None = None,
    secret: str | None = None,
    token: TokenSource | None = None,
    give_up_after_s: float | None = PATIENCE_S,
    session: aiohttp.ClientSession | None = None,
) -> Path:
    """Have a server write a file, download it, and check it; return where it is.

    ```
    await feed.export("http://127.0.0.1:8080", to="ticks.parquet", symbols={"trades": "AAPL"})
    ```

    A connection that is lost is made again, and goes on where it stood, also over a restart of a
    server that keeps its state. Where this is cancelled, so is the job.

    Args:
        url: base of the server.
        kind: "ring": the ticks that it holds, with their positions; "bars": the finished bars;
            "recording": the recording that it plays.
        to: the file; what is there is replaced once all of it is here.
        format: "csv", "ndjson" or "parquet"; by default what the name of the file ends with.
        symbols: by channel, such as `{"trades": ["AAPL", "BTC/*"]}`; by default all that are
            granted.
        after: of the ring: begin after a position, at a time, or a while ago.
        start: only what is at or after this time.
        end: only what is before this time.
        timeframe: of bars: "1s", "1m" or "1d".
        source: of a recording: the name of the source, where there are several.
        progress: is called with each `ExportProgress`.
        key: identity, where the server wants one; may be written as "id.secret".
        secret: of the key.
        token: instead of a key, as `feed.connect` takes it.
        give_up_after_s: raise `GaveUp` when there was no answer for this time; None: never.
        session: to connect with; it stays open.

    Raises:
        InvalidParameter: an argument is not accepted.
        ExportFailed: the server cannot write the file, or the job was cancelled there.
        WrongChecksum: what came is not what was written.
        Refused, NotAFeed, GaveUp, Expired: there is no way to the server.
        OSError: the file cannot be written here.
    """
    to = Path(to)
    chosen = to.suffix.lower().removeprefix(".") if format is None else format
    check_choice("to" if format is None else "format", chosen, FORMATS)
    check_patience(give_up_after_s)
    check_session(session)
    asked = asked_of(
        kind,
        chosen,
        symbols or {},
        after=after,
        start=start,
        end=end,
        timeframe=timeframe,
        source=source,
    )
    clock = Clock()
    papers = Papers(key, secret, token, clock)
    base = parse_url(url)
    async with AsyncExitStack() as stack:
        if session is None:
            session = await stack.enter_async_context(aiohttp.ClientSession())
        requests = JobRequests(session, base, papers)
        exporting = Exporting(requests, str(base), give_up_after_s, clock, Backoff(), progress)
        return await exporting.run(asked, to)


class Exporting:
    """One export on its way."""

    def __init__(  # noqa: PLR0917 - its parts
        self,
        requests: JobRequests,
        url: str,
        give_up_after_s: float | None,
        clock: Clock,
        backoff: Backoff,
        progress: Progress | None,
    ) -> None:
        """Make ready; arguments are those of `export`."""
        self._requests = requests
        self._url = url
        self._give_up_after_s = give_up_after_s
        self._clock = clock
        self._backoff = backoff
        self._progress = progress
        self._last_event = ""
        self._heard_s = 0.0

    async def run(self, asked: dict[str, Any], to: Path) -> Path:
        """Have a job done, and its file here."""
        self._heard_s = self._clock.mono_s()
        now = ExportProgress.of(await self._again(lambda: self._requests.begin(asked)))
        try:
            self._tell(now)
            now = await self._finished(now)
            with Download(to) as download:
                await self._again(functools.partial(self._download, now, download))
                download.finish(now.sha256)
        except BaseException:
            await self._remove(now.id)  # a program that is ended leaves no job behind
            raise
        await self._remove(now.id)
        return to

    async def _finished(self, now: ExportProgress) -> ExportProgress:
        """Return how a job stands once it is done.

        Raises:
            ExportFailed: it is not going to be.
        """
        while not now.is_over:
            now = await self._again(functools.partial(self._watch, now))
        if now.state is not JobState.DONE:
            raise ExportFailed(now.id, now.code, now.words)
        return now

    async def _watch(self, now: ExportProgress) -> ExportProgress:
        """Hear how a job stands until it is over.

        Raises:
            Lost: the events ended before it was.
        """
        async with self._requests.events(now.id, self._last_event) as content:
            if content is None:
                return ExportProgress.of(await self._requests.look(now.id))
            parser = SseParser()
            async for data in content.iter_any():
                self._note_life()
                for event in parser.feed(data):
                    now = _progress_of(event.data)
                    self._last_event = event.last_id
                    self._tell(now)
                    if now.is_over:
                        return now
        raise Lost("the server has ended the events of the job")

    async def _download(self, now: ExportProgress, download: Download) -> None:
        """Get what is not here yet.

        Raises:
            Lost: it ended before all was here.
        """
        if download.size_bytes < now.size_bytes:
            async with self._requests.file(now.id, download.size_bytes) as content:
                async for data in content.iter_any():
                    self._note_life()
                    download.write(data)
                    self._tell(replace(now, downloaded_bytes=download.size_bytes))
        if download.size_bytes < now.size_bytes:
            raise Lost("the server has ended the file before all of it was here")

    async def _again(self, attempt: Callable[[], Awaitable[Result]]) -> Result:
        """Do something, and once more as long as a connection is lost.

        Raises:
            GaveUp: that was too long.
        """
        while True:
            try:
                return await attempt()
            except Lost as lost:
                tried_s = self._clock.mono_s() - self._heard_s
                if self._give_up_after_s is not None and tried_s >= self._give_up_after_s:
                    raise GaveUp(self._url, tried_s, str(lost)) from lost
                await self._clock.sleep(self._backoff.next_s(lost.retry_after_s))
            except Refused as refused:
                if refused.code == HTTPStatus.NOT_FOUND and refused.by_feed:
                    words = f"the server knows it no more: {refused.words}"
                    raise ExportFailed("the job", "forgotten", words) from refused
                raise

    def _note_life(self) -> None:
        self._heard_s = self._clock.mono_s()
        self._backoff.reset()

    def _tell(self, now: ExportProgress) -> None:
        if self._progress is not None:
            self._progress(now)

    async def _remove(self, key: str) -> None:
        """Have a job cancelled and forgotten, if that can be had soon; else in time it is."""
        with suppress(FeedError, Lost, TimeoutError):
            async with asyncio.timeout(CANCEL_TIMEOUT_S):
                await self._requests.remove(key)


def export_blocking(url: str, kind: str = "ring", **options: Any) -> Path:  # noqa: ANN401
    """Do what `export` does with the same arguments, without `async`: for scripts and notebooks."""
    thread = LoopThread("a blocking export")
    thread.begin()
    try:
        return thread.wait(export(url, kind, **options))
    finally:
        thread.end()


def _progress_of(data: bytes) -> ExportProgress:
    try:
        told = orjson.loads(data)
    except orjson.JSONDecodeError as error:
        raise Malformed(f"an event of a job is not JSON: {error}") from error
    return ExportProgress.of(told)
