"""Recordings: what is in the file, and that a killed recorder leaves it readable."""

import asyncio
import errno
import gzip
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgpack
import orjson
import pytest
import zstandard

from feed.client.events import Connected, Event, Gap, Mark, Snapshot
from feed.client.recording import RecordingWriter, json_line, record
from feed.client.stream import Stream
from feed.client.subscription import Subscription
from feed.errors import InvalidParameter
from feed.market.ticks import Channel
from feed.wire.transport import Transport
from tests.client.objects import as_tick
from tests.fakes.clocks import ManualClock
from tests.fakes.mini_feed import MiniFeed
from tests.fakes.patience import repeat_until

SUBSCRIPTION = Subscription.of({Channel.TRADES: "*"})


def unzstd(data: bytes) -> bytes:
    with zstandard.ZstdDecompressor().stream_reader(data, read_across_frames=True) as reader:
        return reader.read()


READERS: dict[str, Callable[[bytes], bytes]] = {
    "x.ndjson": bytes,
    "x.ndjson.gz": gzip.decompress,
    "x.ndjson.zst": unzstd,
}


def objects_in(path: Path) -> list[dict[str, Any]]:
    lines = READERS[path.name](path.read_bytes()).splitlines()
    return [orjson.loads(line) for line in lines]


def ticks_in(path: Path) -> list[int]:
    return [item["i"] for item in objects_in(path) if item["T"] == "t"]


def ignore(event: Event) -> None:
    del event


@pytest.mark.parametrize("name", READERS)
async def test_ticks_come_out_as_they_came_in(tmp_path: Path, name: str) -> None:
    async with MiniFeed() as feed:
        await feed.publish(20)
        stream = Stream(feed.url, SUBSCRIPTION, after="0", clock=ManualClock())
        async with stream:
            with RecordingWriter(tmp_path / name) as recording:
                await record(stream, recording, ignore, count=20)
            assert recording.ticks == 20
            assert recording.written_bytes == (tmp_path / name).stat().st_size
    objects = objects_in(tmp_path / name)
    assert objects[:2] == [{"T": "success", "msg": "connected"}, SUBSCRIPTION.acknowledgement()]
    assert ticks_in(tmp_path / name) == list(range(1, 21))
    assert objects[2]["t"] == "1970-01-01T00:00:01.000000001Z"


async def test_the_codec_makes_no_difference(tmp_path: Path) -> None:
    async with MiniFeed() as feed:
        await feed.publish(5)
        for codec in ("json", "msgpack"):
            options: Any = {"after": "0", "codec": codec, "transport": "websocket"}
            async with Stream(feed.url, SUBSCRIPTION, **options) as stream:
                with RecordingWriter(tmp_path / f"{codec}.ndjson") as recording:
                    await record(stream, recording, ignore, count=5)
    assert (tmp_path / "json.ndjson").read_bytes() == (tmp_path / "msgpack.ndjson").read_bytes()


async def test_a_count_is_exact(tmp_path: Path) -> None:
    async with MiniFeed() as feed:
        await feed.publish(20)
        async with Stream(feed.url, SUBSCRIPTION, after="0") as stream:
            with RecordingWriter(tmp_path / "x.ndjson") as recording:
                await record(stream, recording, ignore, count=10)
    assert ticks_in(tmp_path / "x.ndjson") == list(range(1, 11))


async def test_seconds_end_it(tmp_path: Path) -> None:
    async with MiniFeed() as feed:
        await feed.publish(3)
        async with Stream(feed.url, SUBSCRIPTION, after="0") as stream:
            with RecordingWriter(tmp_path / "x.ndjson") as recording:
                for _ in repeat_until(lambda: recording.ticks):  # they may take longer to come
                    await record(stream, recording, ignore, seconds=0.05)
    assert ticks_in(tmp_path / "x.ndjson") == [1, 2, 3]


async def test_gaps_and_snapshots_stand_where_they_happened(tmp_path: Path) -> None:
    told: list[Event] = []
    async with MiniFeed() as feed:
        await feed.publish(9)
        feed.oldest = 6
        async with Stream(feed.url, SUBSCRIPTION, after="aaaa-2") as stream:
            await stream.open()
            await feed.publish(1)
            with RecordingWriter(tmp_path / "x.ndjson") as recording:
                await record(stream, recording, told.append, count=2)
    kinds = [item["T"] for item in objects_in(tmp_path / "x.ndjson")]
    assert kinds == ["success", "subscription", "gap", "snapshot", "t", "snapshot", "t"]
    assert objects_in(tmp_path / "x.ndjson")[2] == {
        "T": "gap",
        "from": "aaaa-3",
        "to": "aaaa-9",
        "reason": "overrun",
    }
    assert [type(event) for event in told] == [Connected, Gap, Snapshot, Snapshot]


@pytest.mark.parametrize("name", READERS)
def test_what_was_flushed_can_be_read_before_the_file_is_closed(tmp_path: Path, name: str) -> None:
    recording = RecordingWriter(tmp_path / name)
    for number in range(3):
        recording.write_ticks([as_tick({"T": "t", "i": number})])
        recording.flush()
        assert ticks_in(tmp_path / name) == list(range(number + 1))
    recording.write_ticks([as_tick({"T": "t", "i": 3})])
    recording.__exit__(None, None, None)
    assert ticks_in(tmp_path / name) == [0, 1, 2, 3]


async def test_a_quiet_recording_is_flushed_by_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    flushed = asyncio.Event()
    flush = RecordingWriter.flush

    def flush_and_tell(self: RecordingWriter) -> None:
        flush(self)
        if self.ticks == 2:
            flushed.set()

    monkeypatch.setattr(RecordingWriter, "flush", flush_and_tell)
    async with MiniFeed() as feed:
        await feed.publish(2)
        async with Stream(feed.url, SUBSCRIPTION, after="0") as stream:
            with RecordingWriter(tmp_path / "x.ndjson.gz") as recording:
                recorder = asyncio.create_task(record(stream, recording, ignore, flush_s=0.001))
                await flushed.wait()
                assert ticks_in(tmp_path / "x.ndjson.gz") == [1, 2]
                recorder.cancel()
                await asyncio.gather(recorder, return_exceptions=True)


def test_much_is_flushed_at_once(tmp_path: Path) -> None:
    with RecordingWriter(tmp_path / "x.ndjson.zst", flush_bytes=1000) as recording:
        recording.write_ticks([as_tick({"T": "t", "i": number}) for number in range(100)])
        assert recording.written_bytes > 0


@pytest.mark.parametrize("name", READERS)
async def test_a_full_disk_ends_the_recording(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    failed = asyncio.Event()

    def no_space(self: RecordingWriter) -> None:
        del self
        failed.set()
        raise OSError(28, "No space left on device")

    async with MiniFeed() as feed, Stream(feed.url, SUBSCRIPTION, after="0") as stream:
        await stream.open()
        recording = RecordingWriter(tmp_path / name)
        with monkeypatch.context() as patched:
            patched.setattr(RecordingWriter, "flush", no_space)
            recorder = asyncio.create_task(record(stream, recording, ignore, flush_s=0.0))
            await failed.wait()
            await feed.publish(1)
            with pytest.raises(OSError, match="No space"):
                await recorder
        recording.__exit__(None, None, None)


async def test_a_flush_that_failed_after_the_last_tick_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    failed = asyncio.Event()

    def no_space(self: RecordingWriter) -> None:
        del self
        failed.set()
        raise OSError(errno.ENOSPC, "No space left on device")

    async with MiniFeed() as feed, Stream(feed.url, SUBSCRIPTION) as stream:
        await stream.open()
        recording = RecordingWriter(tmp_path / "x.ndjson.gz")
        with monkeypatch.context() as patched:
            patched.setattr(RecordingWriter, "flush", no_space)
            recorder = asyncio.create_task(
                record(stream, recording, ignore, flush_s=0.0, seconds=0.05)
            )
            await failed.wait()
            with pytest.raises(OSError, match="No space"):
                await recorder
        recording.__exit__(None, None, None)


async def test_a_timeout_of_the_file_is_no_end_in_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def timed_out(self: RecordingWriter) -> None:
        del self
        raise OSError(errno.ETIMEDOUT, "Connection timed out")

    async with MiniFeed() as feed, Stream(feed.url, SUBSCRIPTION, after="0") as stream:
        await feed.publish(1)
        recording = RecordingWriter(tmp_path / "x.ndjson")
        with monkeypatch.context() as patched:
            patched.setattr(RecordingWriter, "flush", timed_out)
            with pytest.raises(TimeoutError, match="timed out"):
                await record(stream, recording, ignore)
        recording.__exit__(None, None, None)


@pytest.mark.parametrize("name", ["x.csv", "x", "x.gz", "x.json", "x.ndjson.xz", "x.ndjson.txt"])
def test_a_name_without_a_format_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(InvalidParameter, match=r"FILE.*\.ndjson\.zst"):
        RecordingWriter(tmp_path / name)
    assert not (tmp_path / name).exists()


def test_a_file_that_is_there_is_replaced_only_on_request(tmp_path: Path) -> None:
    (tmp_path / "x.ndjson").write_text("precious\n")
    with pytest.raises(InvalidParameter, match="--overwrite"):
        RecordingWriter(tmp_path / "x.ndjson")
    assert (tmp_path / "x.ndjson").read_text() == "precious\n"
    with RecordingWriter(tmp_path / "x.ndjson", overwrite=True):
        pass
    assert (tmp_path / "x.ndjson").read_bytes() == b""


def test_marks_are_not_recorded(tmp_path: Path) -> None:
    with RecordingWriter(tmp_path / "x.ndjson") as recording:
        recording.write_event(Mark("ab-1", None), {})
        recording.write_event(Connected(Transport.SSE, "http://x", None, {}), {"T": "subscription"})
    assert [item["T"] for item in objects_in(tmp_path / "x.ndjson")] == ["success", "subscription"]


def test_a_timestamp_becomes_text_with_nine_digits() -> None:
    line = json_line({"T": "t", "t": msgpack.Timestamp(1_767_364_200, 120_000_000), "p": 1.50})
    assert line == b'{"T":"t","t":"2026-01-02T14:30:00.120000000Z","p":1.5}\n'
    with pytest.raises(TypeError):
        json_line({"T": object()})
