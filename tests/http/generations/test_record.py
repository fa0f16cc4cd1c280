"""What administrators are told of those who read answers: which, and from where on."""

import re
from typing import Any

import pytest

from feed.broadcast.beginnings import MOST_READ
from feed.generations.generation import Generation
from feed.generations.tally import Resumption
from feed.market.word_channels import WordChannel
from tests.fakes.patience import until
from tests.fakes.raw_http import RawHttp
from tests.http.generations.conftest import QUESTION, Desk, OpenDesk

STREAM = QUESTION | {"stream": True, "share": True}


async def said(desk: Desk, *pieces: str) -> tuple[Generation, RawHttp]:
    """Return an answer of so many tokens that goes on, and the stream of whoever asked."""
    desk.model.say(*pieces)
    answer = await desk.post("/v1/chat/completions", STREAM)
    await answer.up_to(pieces[-1].encode())
    return await desk.started(), answer


async def reading(desk: Desk, connection: str) -> list[tuple[str, str, int]]:
    """Return what the record of a connection says of answers: words, which one, and how many."""
    path = f"/v1/admin/connections/{connection}"
    document = await (await desk.get(path)).document()
    events = [event for event in document["record"] if event["event"] == "reads"]
    return [(event["msg"], event["generation"], event["count"]) for event in events]


@pytest.mark.parametrize(
    ("more", "begins", "had"),
    [
        ("&snapshot=1", "from its text so far, of 3 words", 3),
        ("", "after its first 3 words", 3),
        ("&after={begun}", "after its first 1 word", 1),
        ("&trades=*&snapshot=1", "from its text so far, of 3 words", 3),
        ("&after=elsewhere-7", "from its text so far, of 3 words", 3),
        ("&after=0", "from its beginning", 0),
    ],
)
async def test_a_watcher_is_on_record_with_the_answer_and_where_it_begins(
    open_desk: OpenDesk, more: str, begins: str, had: int
) -> None:
    desk = await open_desk(local_admin=True)
    generation, _ = await said(desk, "Apple ", "rose.")
    key, keyed = generation.id, desk.feed.hub.broadcast.keyed
    kept = keyed.generation(key)
    assert kept is not None
    first = kept.sequences[0]
    query = f"generations={key}{more.format(begun=desk.feed.position(first))}"
    watcher = await desk.get(f"/v1/sse?{query}")
    [told] = await reading(desk, watcher.headers["Feed-Connection"])
    assert told == (f"reads {key}, {begins}", key, had)


async def test_readers_of_other_apis_are_on_record_and_counted(open_desk: OpenDesk) -> None:
    desk = await open_desk(local_admin=True)
    generation, answer = await said(desk, "Apple ", "rose.")
    key = generation.id
    again = [
        await desk.get(path)
        for path in (
            f"/v1/responses/{key}?stream=true",
            f"/v1/responses/{key}?stream=true&starting_after=4",
            f"/api/chat/{key}/stream",
            f"/api/chat/{key}/stream?after=1",
        )
    ]
    await until(lambda: sum(desk.generations.tally.resumed.values()) == 4)
    refused = await desk.get(f"/v1/responses/{key}?stream=true&starting_after=77")
    assert refused.status == 400
    found = [await reading(desk, each.headers["Feed-Connection"]) for each in (answer, *again)]
    assert [told[0] for told in found] == [
        (f"reads {key}, from its beginning", key, 0),
        (f"reads {key}, from its text so far, of 3 words", key, 3),
        (f"reads {key}, after its first 2 words", key, 2),
        (f"reads {key}, from its text so far, of 3 words", key, 3),
        (f"reads {key}, after its first 2 words", key, 2),
    ]
    assert desk.generations.tally.resumed == {Resumption.ANEW: 2, Resumption.RESUMED: 2}


async def test_an_answer_that_is_forgotten_is_named_by_half_of_its_id(open_desk: OpenDesk) -> None:
    desk = await open_desk(local_admin=True)
    generation, answer = await said(desk, "Apple ")
    connection = answer.headers["Feed-Connection"]
    desk.feed.hub.broadcast.keyed.forget(WordChannel.GENERATIONS, generation.id)
    [(words, key, _)] = await reading(desk, connection)
    assert re.fullmatch(r"gen_[0-9a-f]{16}…", key)
    assert generation.id.startswith(key[:-1])
    assert key in words


async def test_of_many_answers_the_first_few_are_on_record(open_desk: OpenDesk) -> None:
    desk = await open_desk(local_admin=True)
    keys = []
    for _ in range(MOST_READ + 2):
        desk.model.end()
        answer = await desk.post("/v1/chat/completions", QUESTION | {"share": True})
        keys.append(answer.headers["Feed-Generation"])
    watcher = await desk.get(f"/v1/sse?generations={','.join(keys)}")
    found = await reading(desk, watcher.headers["Feed-Connection"])
    assert [key for _, key, _ in found] == sorted(keys)[:MOST_READ]


async def test_the_status_tells_what_is_written_watched_and_kept(open_desk: OpenDesk) -> None:
    desk = await open_desk()

    async def block() -> Any:
        return (await (await desk.get("/v1/status")).document())["generations"]

    assert await block() == {"running": 0, "watchers": 0, "kept": 0, "kept_bytes": 0}
    generation, _ = await said(desk, "Apple ")
    watcher = await desk.get(f"/v1/sse?generations={generation.id}")
    await desk.feed.sessions_reach(2)
    kept_bytes = desk.feed.hub.broadcast.keyed.used_bytes
    assert await block() == {"running": 1, "watchers": 2, "kept": 1, "kept_bytes": kept_bytes}
    assert kept_bytes > len("Apple ")
    desk.model.end()
    watcher.wire.abort()
    await desk.feed.sessions_reach(0)
    found = await block()
    assert (found["running"], found["watchers"], found["kept"]) == (0, 0, 1)


async def test_readers_of_other_apis_are_among_the_connections_of_metrics(
    open_desk: OpenDesk,
) -> None:
    desk = await open_desk()
    await said(desk, "Apple ")
    metrics = (await (await desk.get("/metrics")).body()).decode()
    assert 'feed_connections{codec="openai-chat",transport="sse"} 1.0' in metrics
