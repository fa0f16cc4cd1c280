"""`/metrics` of rooms and jobs: what people say and export, and what is refused."""

from itertools import product
from typing import Any

import aiohttp
import pytest

from feed.errors import Clash, FeedError, LimitExceeded, Missing, NotGranted, NotNow, TooOften
from feed.http.app import JOBS
from feed.jobs.errors import Fault
from feed.jobs.request import Exports, FileFormat
from feed.jobs.tally import ENDINGS, Tally
from feed.market.job_words import JobState
from feed.market.room_words import RoomType
from feed.metrics.rooms import ENTRY_TYPES, MESSAGE_TYPES
from feed.rooms.presence import MOST_MEMBERS
from feed.rooms.tally import Refusal
from tests.fakes.patience import until
from tests.fakes.servers import Feed, Serve, trades
from tests.metrics.test_families import metrics

ROOM = "/v1/rooms/desk"


async def ask(feed: Feed, *requests: tuple[str, str, dict[str, Any]]) -> list[int]:
    """Return the statuses of the answers."""
    async with aiohttp.ClientSession() as session:
        statuses = []
        for method, path, body in requests:
            async with session.request(method, feed.url(path), json=body) as answer:
                statuses.append(answer.status)
        return statuses


async def test_every_count_of_rooms_and_jobs_is_there_from_the_start(serve: Serve) -> None:
    feed = await serve(rooms_max=7, jobs_max_bytes=1_000)
    seen = await metrics(feed)
    assert (seen("feed_rooms"), seen("feed_rooms_limit")) == (0, 7)
    assert (seen("feed_room_members"), seen("feed_room_members_limit")) == (0, MOST_MEMBERS)
    for each in MESSAGE_TYPES:
        assert seen("feed_room_messages_total", type=each) == 0
    for each in ENTRY_TYPES:
        assert seen("feed_room_entries_total", type=each) == 0
    for reason in Refusal:
        assert seen("feed_room_refused_total", reason=reason) == 0
    for state in JobState:
        assert seen("feed_jobs", state=state) == 0
    for kind, form in product(Exports, FileFormat):
        assert seen("feed_jobs_started_total", kind=kind, format=form) == 0
    for code in Fault:
        assert seen("feed_job_failures_total", code=code) == 0
    for state in ENDINGS:
        assert seen("feed_jobs_ended_total", state=state) == 0
    for name in ("refused", "resumed"):
        assert seen(f"feed_jobs_{name}_total") == 0
    assert (seen("feed_job_file_bytes"), seen("feed_job_file_limit_bytes")) == (0, 1_000)


def test_every_word_of_a_room_has_a_metric() -> None:
    assert {*MESSAGE_TYPES, *ENTRY_TYPES} == set(RoomType)


async def test_what_is_said_in_rooms_is_counted_and_what_is_not_published_too(
    serve: Serve,
) -> None:
    feed = await serve()
    said = {"text": "halted?", "id": "m1"}
    statuses = await ask(
        feed,
        ("POST", f"{ROOM}/messages", said),
        ("POST", f"{ROOM}/messages", said),
        ("POST", f"{ROOM}/messages", {**said, "text": "other"}),
        ("PATCH", f"{ROOM}/messages/m1", {"text": "halted"}),
        ("POST", f"{ROOM}/list", {"op": "add", "symbol": "AAPL"}),
        ("POST", f"{ROOM}/list", {"op": "remove", "symbol": "AAPL"}),
        ("DELETE", f"{ROOM}/messages/m1", {}),
        ("PATCH", f"{ROOM}/messages/m1", {"text": "halted"}),
        ("POST", f"{ROOM}/presence", {"name": "Ann"}),
        ("POST", "/v1/rooms/other/presence", {"name": "Ann"}),
    )
    assert statuses == [201, 200, 409, 200, 200, 200, 200, 410, 204, 204]
    seen = await metrics(feed)
    assert seen("feed_rooms") == 1
    assert seen("feed_room_members") == 2
    for each in MESSAGE_TYPES:
        assert seen("feed_room_messages_total", type=each) == 1, each
    for each in ENTRY_TYPES:
        assert seen("feed_room_entries_total", type=each) == 1, each
    assert seen("feed_room_repeats_total") == 1
    refused = {reason: seen("feed_room_refused_total", reason=reason) for reason in Refusal}
    assert {reason: number for reason, number in refused.items() if number} == {
        Refusal.CLASH: 1,
        Refusal.GONE: 1,
    }


def test_every_refusal_of_a_room_has_its_reason() -> None:
    errors: dict[FeedError, Refusal] = {
        Clash("another text"): Refusal.CLASH,
        Missing("no message"): Refusal.GONE,
        NotGranted("the room", "nothing"): Refusal.NOT_GRANTED,
        NotNow("no memory", 1.0): Refusal.UNAVAILABLE,
        TooOften("messages a second", 10, 0.1): Refusal.LIMIT,
        LimitExceeded("rooms", 2, 1): Refusal.LIMIT,
    }
    assert {error: Refusal.of(error) for error in errors} == errors
    assert set(errors.values()) == set(Refusal)


@pytest.mark.programs
async def test_jobs_are_counted_from_their_beginning_to_their_end(serve: Serve) -> None:
    feed = await serve()
    jobs = feed.server.app[JOBS]
    await feed.publish(*trades(1, 3))
    assert await ask(feed, ("POST", "/v1/jobs", {"kind": "ring", "format": "csv"})) == [202]
    await until(lambda: all(job.is_over for job in jobs.jobs))
    (job,) = jobs.jobs
    seen = await metrics(feed)
    assert seen("feed_jobs_started_total", kind="ring", format="csv") == 1
    assert (seen("feed_jobs", state="done"), seen("feed_jobs", state="running")) == (1, 0)
    assert seen("feed_jobs_ended_total", state="done") == 1
    assert seen("feed_job_rows_total") == 3
    assert seen("feed_job_bytes_total") == job.progress.size_bytes > 0
    assert seen("feed_job_file_bytes") == job.progress.size_bytes


def test_a_failure_of_an_unknown_code_is_ours() -> None:
    tally = Tally()
    tally.end(JobState.FAILED, "odd")
    tally.end(JobState.FAILED, Fault.DISK_FULL)
    tally.end(JobState.CANCELLED, "not_granted")
    assert tally.failed == {Fault.INTERNAL: 1, Fault.DISK_FULL: 1}
    assert tally.ended == {JobState.FAILED: 2, JobState.CANCELLED: 1}
