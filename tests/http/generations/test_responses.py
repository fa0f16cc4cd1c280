"""`/v1/responses`: asked for, resumed at every event, cancelled and deleted."""

from typing import Any

import pytest

from feed.generations.model import Usage
from tests.fakes.patience import until
from tests.http.generations.conftest import Desk, OpenDesk, objects

QUESTION: dict[str, Any] = {"model": "script", "input": "What moved?"}


async def stream(desk: Desk) -> tuple[str, list[Any]]:
    """Return the id and the events of a whole answer."""
    desk.model.say("Apple ", "rose", ".")
    desk.model.end(usage=Usage(3, 3))
    answer = await desk.post("/v1/responses", QUESTION | {"stream": True})
    return answer.headers["Feed-Generation"], objects(await answer.body())


async def rest(desk: Desk, key: str, after: int) -> list[Any]:
    answer = await desk.get(f"/v1/responses/{key}?stream=true&starting_after={after}")
    assert answer.status == 200, await answer.body()
    return objects(await answer.body())


async def test_events_are_numbered_and_end_with_the_whole_text(open_desk: OpenDesk) -> None:
    desk = await open_desk()
    _, events = await stream(desk)
    assert [event["sequence_number"] for event in events] == list(range(len(events)))
    last = events[-1]
    assert last["type"] == "response.completed"
    assert last["response"]["output"][0]["content"][0]["text"] == "Apple rose."
    assert last["response"]["usage"]["total_tokens"] == 6


async def test_whoever_comes_back_after_an_event_gets_exactly_the_rest(open_desk: OpenDesk) -> None:
    desk = await open_desk()
    key, events = await stream(desk)
    for after in range(len(events)):
        assert await rest(desk, key, after) == events[after + 1 :]


async def test_a_late_comer_gets_the_text_so_far_as_one_event(open_desk: OpenDesk) -> None:
    desk = await open_desk()
    key, events = await stream(desk)
    late = objects(await (await desk.get(f"/v1/responses/{key}?stream=true")).body())
    *begun, text = late[:5]
    assert begun == events[:4]
    assert (text["delta"], text["sequence_number"]) == ("Apple rose.", 6)
    assert late[5:] == events[7:]


async def test_a_long_rest_is_the_same_event_by_event(open_desk: OpenDesk) -> None:
    desk = await open_desk()
    desk.model.say(*(f"{number} " for number in range(200)))
    desk.model.end()
    answer = await desk.post("/v1/responses", QUESTION | {"stream": True})
    events = objects(await answer.body())
    key = answer.headers["Feed-Generation"]
    for after in (0, 3, 4, 67, 68, 203, 204):
        assert await rest(desk, key, after) == events[after + 1 :]


async def test_whoever_comes_back_amid_an_answer_reads_on_with_the_others(
    open_desk: OpenDesk,
) -> None:
    desk = await open_desk()
    desk.model.say("Apple ")
    first = await desk.post("/v1/responses", QUESTION | {"stream": True})
    await first.up_to(b'"delta":"Apple "')
    key = first.headers["Feed-Generation"]
    readers = [first]
    for after in (0, 2, 4):
        path = f"/v1/responses/{key}?stream=true&starting_after={after}"
        readers.append(await desk.get(path))
    await desk.feed.sessions_reach(4)
    assert len(list(desk.feed.hub.broadcast.lanes)) == 2  # one of words, and its twin's of no tick
    desk.model.say("rose", ".")
    desk.model.end()
    ends = [objects(await reader.body()) for reader in readers]
    numbers = [[event["sequence_number"] for event in end] for end in ends]
    last = numbers[0][-1]
    assert numbers[1:] == [list(range(after + 1, last + 1)) for after in (0, 2, 4)]


async def test_an_answer_in_the_background_is_there_before_it_is_written(
    open_desk: OpenDesk,
) -> None:
    desk = await open_desk(llm_linger_s=60)
    answer = await desk.post("/v1/responses", QUESTION | {"background": True})
    document = await answer.document()
    assert document["status"] == "in_progress"
    desk.model.say("Apple rose.")
    desk.model.end()
    generation = await desk.started()
    await generation.over()
    later = await (await desk.get(f"/v1/responses/{document['id']}")).document()
    assert later["status"] == "completed"
    assert later["background"] is True


async def test_an_answer_is_cancelled_by_its_id(open_desk: OpenDesk) -> None:
    desk = await open_desk()
    desk.model.say("Apple ")
    answer = await desk.post("/v1/responses", QUESTION | {"stream": True})
    key = answer.headers["Feed-Generation"]
    await answer.up_to(b'"delta":"Apple "')
    cancelled = await (await desk.ask("POST", f"/v1/responses/{key}/cancel")).document()
    assert cancelled["status"] == "cancelled"
    assert objects(await answer.body())[-1]["response"]["status"] == "cancelled"
    await until(lambda: desk.model.closed == 1)


async def test_an_answer_that_is_deleted_is_stopped_and_found_no_more(open_desk: OpenDesk) -> None:
    desk = await open_desk()
    desk.model.say("Apple ")
    answer = await desk.post("/v1/responses", QUESTION | {"stream": True})
    key = answer.headers["Feed-Generation"]
    deleted = await (await desk.ask("DELETE", f"/v1/responses/{key}")).document()
    assert deleted == {"id": key, "object": "response", "deleted": True}
    await answer.body()
    for method, path in (("GET", ""), ("POST", "/cancel"), ("DELETE", "")):
        gone = await desk.ask(method, f"/v1/responses/{key}{path}")
        assert gone.status == 404
        assert key in (await gone.document())["error"]["message"]


@pytest.mark.parametrize(
    ("query", "param", "accepted"),
    [
        ("stream=yes", "stream", "true, 1, false, 0"),
        ("starting_after=3", "starting_after", "together with stream=true"),
        ("stream=true&starting_after=-1", "starting_after", "a whole number from 0"),
        ("stream=true&starting_after=99", "starting_after", ""),
        ("flavour=salty", "flavour", "starting_after"),
    ],
)
async def test_a_query_that_is_not_accepted_is_told_by_its_name(
    open_desk: OpenDesk, query: str, param: str, accepted: str
) -> None:
    desk = await open_desk()
    key, _ = await stream(desk)
    answer = await desk.get(f"/v1/responses/{key}?{query}")
    assert answer.status == 400
    error = (await answer.document())["error"]
    assert error["param"] == param
    assert accepted in error["message"]
