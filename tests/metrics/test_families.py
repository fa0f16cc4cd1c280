"""`/metrics`: what operators see is what happened."""

import asyncio
import shutil
import time
from asyncio.subprocess import PIPE, STDOUT

import pytest
from prometheus_client.openmetrics import parser as openmetrics
from prometheus_client.parser import text_string_to_metric_families

from feed.wire.disconnect import Reason
from tests.fakes.patience import until
from tests.fakes.raw_http import RawHttp
from tests.fakes.readers import open_reader
from tests.fakes.servers import Feed, ScriptedSource, Serve, bar, trade, trades
from tests.fakes.websocket_reader import WebSocketReader

Sample = tuple[str, tuple[tuple[str, str], ...]]


async def scrape(feed: Feed) -> str:
    answer = await RawHttp.get((feed.host, feed.port), "/metrics")
    assert answer.status == 200
    assert answer.headers["Content-Type"].startswith("text/plain")
    return (await answer.body()).decode()


class Metrics:
    def __init__(self, text: str) -> None:
        self.samples = {
            (sample.name, tuple(sorted(sample.labels.items()))): sample.value
            for family in text_string_to_metric_families(text)
            for sample in family.samples
        }

    def __call__(self, name: str, **labels: str) -> float:
        return self.samples[name, tuple(sorted(labels.items()))]


async def metrics(feed: Feed) -> Metrics:
    return Metrics(await scrape(feed))


@pytest.mark.programs
async def test_promtool_is_content(serve: Serve) -> None:
    promtool = shutil.which("promtool")
    if promtool is None:
        pytest.skip("promtool is not installed (Debian: prometheus)")
    feed = await serve()
    await open_reader("sse-json", (feed.host, feed.port))
    await open_reader("websocket-msgpack", (feed.host, feed.port))
    await feed.sessions_reach(2)
    await feed.publish(*trades(1, 10))
    text = await scrape(feed)
    promtool_run = await asyncio.create_subprocess_exec(
        promtool, "check", "metrics", stdin=PIPE, stdout=PIPE, stderr=STDOUT
    )
    said, _ = await promtool_run.communicate(text.encode())
    assert said.decode().split() == []
    assert promtool_run.returncode == 0


async def test_every_metric_of_ours_is_explained(serve: Serve) -> None:
    feed = await serve()
    families = [
        family
        for family in text_string_to_metric_families(await scrape(feed))
        if family.name.startswith("feed_")
    ]
    assert len(families) > 20
    for family in families:
        assert len(family.documentation) > 25, family.name
        assert family.documentation.endswith("."), family.name


async def test_connections_are_counted_by_transport_and_codec(serve: Serve) -> None:
    feed = await serve()
    address = (feed.host, feed.port)
    reader = await open_reader("sse-json", address)
    for transport in ("websocket-json", "websocket-msgpack", "stream-msgpack", "stream-msgpack"):
        await open_reader(transport, address)
    await feed.sessions_reach(5)
    seen = await metrics(feed)
    assert seen("feed_connections", transport="sse", codec="json") == 1
    assert seen("feed_connections", transport="websocket", codec="json") == 1
    assert seen("feed_connections", transport="websocket", codec="msgpack") == 1
    assert seen("feed_connections", transport="stream", codec="msgpack") == 2
    assert seen("feed_disconnects_total", reason="client_left") == 0
    reader.abort()
    await feed.sessions_reach(4)
    seen = await metrics(feed)
    assert seen("feed_connections", transport="sse", codec="json") == 0
    assert seen("feed_connections_opened_total", transport="sse", codec="json") == 1
    assert seen("feed_disconnects_total", reason="client_left") == 1


async def test_every_reason_of_the_table_has_its_count_from_the_start(serve: Serve) -> None:
    feed = await serve()
    seen = await metrics(feed)
    for reason in Reason:
        assert seen("feed_disconnects_total", reason=reason.value.name) == 0


async def test_ticks_ring_batches_and_frames_are_counted(serve: Serve) -> None:
    began_s = time.monotonic()
    feed = await serve(ring=8)
    address = (feed.host, feed.port)
    readers = [await open_reader("stream-json", address, marks="0") for _ in range(3)]
    await feed.sessions_reach(3)
    received = 0
    for number in range(1, 13):
        await feed.publish(trade(number))
        ticks, _ = await readers[0].read()
        received += len(ticks)
    seen = await metrics(feed)
    assert received == 12
    assert seen("feed_ticks_total", source="script", kind="t") == 12
    assert seen("feed_ticks_total", source="script", kind="q") == 0
    assert seen("feed_source_up", source="script") == 1
    assert seen("feed_ring_capacity_ticks") == 8
    assert seen("feed_ring_ticks") == 8
    assert 0 < seen("feed_ring_oldest_age_seconds") < time.monotonic() - began_s
    assert seen("feed_batch_ticks_count") == 12
    assert seen("feed_batch_ticks_sum") == 12
    assert seen("feed_cut_seconds_count") == 12
    assert seen("feed_write_age_seconds_count", source="script") == 12, (
        "one observation a lane and frame"
    )
    assert seen("feed_frames_total", transport="stream", codec="json") == 36
    assert seen("feed_lanes", transport="stream", codec="json") == 1
    assert seen("feed_waiting_ticks") == 0


async def test_frame_bytes_are_those_on_the_wire(serve: Serve) -> None:
    feed = await serve()
    reader = await WebSocketReader.connect((feed.host, feed.port))
    await reader.begin()
    await reader.subscribe(trades=["*"])
    heard = len(reader.frames)
    for number in range(1, 6):
        await feed.publish(trade(number))
        await reader.frame()
    on_the_wire = sum(
        len(frame.data) + (2 if len(frame.data) < 126 else 4) for frame in reader.frames[heard:]
    )
    seen = await metrics(feed)
    assert seen("feed_frames_total", transport="websocket", codec="json") == 5
    assert seen("feed_frame_bytes_total", transport="websocket", codec="json") == on_the_wire


async def test_resumes_are_counted_by_outcome(serve: Serve) -> None:
    feed = await serve(ring=8)
    for number in range(1, 21):
        await feed.publish(trade(number))
    for after in (feed.position(15), feed.position(20), feed.position(3), "zzzzzzzz-4"):
        await open_reader("sse-json", (feed.host, feed.port), after=after)
    await feed.sessions_reach(4)
    seen = await metrics(feed)
    assert seen("feed_resumes_total", outcome="replayed") == 2
    assert seen("feed_resumes_total", outcome="gap") == 1
    assert seen("feed_resumes_total", outcome="new_epoch") == 1
    assert seen("feed_ring_overruns_total") == 1
    assert seen("feed_gap_ticks_total") == 17
    assert seen("feed_ladder_steps_total", step="gap") == 2


async def test_lag_and_held_bytes_show_who_is_behind(serve: Serve) -> None:
    feed = await serve(ring=1 << 16, high_water_bytes=4_096, slow_timeout_s=3_600)
    address = (feed.host, feed.port)
    await open_reader("websocket-json", address, receive_buffer_bytes=4_096)
    await feed.sessions_reach(1)
    seen = await metrics(feed)
    for step in ("1", "100", "1000", "10000"):
        assert seen("feed_lagging_subscribers", ticks=step) == 0
    for first in range(1, 40_000, 500):
        await feed.publish(*trades(first, first + 499))
    seen = await metrics(feed)
    for step in ("1", "100", "1000", "10000"):
        assert seen("feed_lagging_subscribers", ticks=step) == 1
    assert seen("feed_behind_subscribers") == 1
    assert 10_000 < seen("feed_largest_lag_ticks") <= 40_000
    assert 4_096 < seen("feed_socket_buffer_bytes") <= 4_096 + 256 * 1024
    assert seen("feed_largest_socket_buffer_bytes") == seen("feed_socket_buffer_bytes")
    assert seen("feed_ladder_steps_total", step="paused") == 1


async def test_how_many_are_behind_and_which_limits_they_meet(serve: Serve) -> None:
    feed = await serve(max_connections=7, max_index_entries=50, resume_window_s=33)
    address = (feed.host, feed.port)
    await open_reader("websocket-json", address)
    await open_reader("sse-json", address)
    await feed.sessions_reach(2)
    seen = await metrics(feed)
    assert seen("feed_connections_limit") == 7
    assert seen("feed_index_entries_limit") == 50
    assert seen("feed_index_entries") == 2
    assert seen("feed_resume_window_seconds") == 33
    assert seen("feed_behind_subscribers") == 0


async def test_compression_shows_what_it_saves_and_what_it_costs(serve: Serve) -> None:
    feed = await serve()
    http = await RawHttp.get(
        (feed.host, feed.port), "/v1/sse?trades=*", {"Accept-Encoding": "gzip"}
    )
    await http.chunk()
    await feed.sessions_reach(1)
    for first in (1, 101):
        await feed.publish(*trades(first, first + 99))
    seen = await metrics(feed)
    served = {"transport": "sse", "codec": "json"}
    assert seen("feed_plain_bytes_total", **served) > 4 * seen("feed_frame_bytes_total", **served)
    assert seen("feed_keyframes_total") == 1
    assert 0 < seen("feed_compressor_memory_bytes") < seen("feed_compressor_memory_limit_bytes")
    feed.hub.broadcast.lanes.budget.maximum_bytes = 0
    http.wire.abort()
    await feed.sessions_reach(0)
    await RawHttp.get((feed.host, feed.port), "/v1/sse?trades=*", {"Accept-Encoding": "gzip"})
    await feed.sessions_reach(1)
    await feed.publish(trade(1))
    seen = await metrics(feed)
    assert seen("feed_compressor_refusals_total") == 1
    assert seen("feed_compressor_memory_bytes") == 0


async def test_the_age_of_a_tick_is_known_from_its_event_on(serve: Serve) -> None:
    feed = await serve()
    now_ns = time.time_ns()
    await feed.publish(trade(1, event_ns=now_ns - 3_000_000_000), trade(2, event_ns=now_ns))
    await feed.publish(trade(3, event_ns=now_ns + 3_600_000_000_000))  # a clock that is ahead
    await feed.publish(bar())
    seen = await metrics(feed)
    assert seen("feed_source_age_seconds_count", source="script") == 2, "a list, of its oldest tick"
    passed_s = (time.time_ns() - now_ns) / 1e9
    assert 3 <= seen("feed_source_age_seconds_sum", source="script") <= 3 + passed_s
    assert seen("feed_source_age_seconds_bucket", source="script", le="0.0001") == 1
    assert now_ns / 1e9 <= seen("feed_last_tick_timestamp_seconds", source="script")


async def test_a_recordings_ticks_have_no_age(serve: Serve) -> None:
    feed = await serve(ScriptedSource(can_wait=True))
    await feed.publish(trade(1))
    seen = await metrics(feed)
    assert seen("feed_source_age_seconds_count", source="script") == 0


async def test_a_recording_that_has_ended_is_no_source_that_died(serve: Serve) -> None:
    source = ScriptedSource(can_wait=True)
    feed = await serve(source)
    assert (await metrics(feed))("feed_source_finished", source="script") == 0
    source.end()
    await until(lambda: feed.side.finished)
    seen = await metrics(feed)
    assert seen("feed_source_up", source="script") == 0
    assert seen("feed_source_finished", source="script") == 1
    assert seen("feed_source_failures_total", source="script") == 0


async def test_prometheus_own_format_and_single_metrics_are_served(serve: Serve) -> None:
    feed = await serve()
    address = (feed.host, feed.port)
    accept = {"Accept": "application/openmetrics-text; version=1.0.0"}
    answer = await RawHttp.get(address, "/metrics", accept)
    assert answer.headers["Content-Type"].startswith("application/openmetrics-text")
    assert answer.headers["Vary"] == "Accept, Accept-Encoding"
    text = (await answer.body()).decode()
    families = list(openmetrics.text_string_to_metric_families(text))  # type: ignore[no-untyped-call]  # published without types
    assert {"feed_ticks", "feed_source_up", "process_cpu_seconds"} <= {f.name for f in families}
    answer = await RawHttp.get(address, "/metrics?name[]=feed_source_up&name[]=feed_ring_ticks")
    text = (await answer.body()).decode()
    names = {family.name for family in text_string_to_metric_families(text)}
    assert names == {"feed_source_up", "feed_ring_ticks"}


async def test_a_source_that_dies_shows(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("feed.ingest.strand._FIRST_BACKOFF_S", 3_600.0)  # until it is hurried
    source = ScriptedSource()
    feed = await serve(source)
    source.die(OSError("the line is cut"))
    await until(lambda: feed.side.failures)
    seen = await metrics(feed)
    assert seen("feed_source_up", source="script") == 0
    assert seen("feed_source_failures_total", source="script") == 1
    feed.side.hurry()
    await until(lambda: source.opened == 2)
    assert (await metrics(feed))("feed_source_up", source="script") == 1


async def test_the_event_loop_and_the_process_are_watched(serve: Serve) -> None:
    feed = await serve(keepalive_s=0.08)
    await until(lambda: feed.hub.instruments.loop_lag.total > 0)
    seen = await metrics(feed)
    assert seen("feed_loop_lag_seconds_count") > 0
    assert seen("process_resident_memory_bytes") > 1_000_000


async def test_two_servers_in_one_process_count_apart(serve: Serve) -> None:
    one, other = await serve(), await serve()
    await one.publish(trade(1))
    assert (await metrics(one))("feed_ticks_total", source="script", kind="t") == 1
    assert (await metrics(other))("feed_ticks_total", source="script", kind="t") == 0
