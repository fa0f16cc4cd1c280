"""`/api/chat`: plain answers and the AI SDK's, read again by their conversation, and stopped."""

from typing import Any

import pytest

from tests.fakes.raw_http import RawHttp
from tests.http.generations.conftest import Desk, OpenDesk, objects

PLAIN: dict[str, Any] = {"id": "c1", "messages": [{"role": "user", "content": "What moved?"}]}
PARTS: dict[str, Any] = {
    "id": "c1",
    "messages": [{"role": "user", "parts": [{"type": "text", "text": "What moved?"}]}],
}


async def begun(desk: Desk, question: dict[str, Any], first: str = "Apple ") -> RawHttp:
    desk.model.say(first)
    answer = await desk.post("/api/chat", question)
    await answer.up_to(first.encode())
    return answer


async def test_messages_with_content_are_answered_plainly(open_desk: OpenDesk) -> None:
    desk = await open_desk()
    desk.model.say("Apple ", "rose.")
    desk.model.end()
    answer = await desk.post("/api/chat", PLAIN)
    assert answer.headers["Content-Type"] == "text/event-stream; charset=utf-8"
    assert "x-vercel-ai-ui-message-stream" not in answer.headers
    *pieces, done = objects(await answer.body())
    assert "".join(piece["content"] for piece in pieces) == "Apple rose."
    assert done == "[DONE]"


async def test_messages_with_parts_are_answered_as_the_ai_sdk_reads_them(
    open_desk: OpenDesk,
) -> None:
    desk = await open_desk()
    desk.model.say("Apple ", "rose.")
    desk.model.end()
    answer = await desk.post("/api/chat", PARTS)
    assert answer.headers["x-vercel-ai-ui-message-stream"] == "v1"
    *parts, done = objects(await answer.body())
    kinds = [part["type"] for part in parts]
    assert kinds == ["start", "text-start", "text-delta", "text-delta", "text-end", "finish"]
    assert done == "[DONE]"


@pytest.mark.parametrize("question", [PLAIN, PARTS])
async def test_a_conversation_is_read_again_from_its_text_so_far(
    open_desk: OpenDesk, question: dict[str, Any]
) -> None:
    desk = await open_desk()
    answer = await begun(desk, question)
    again = await desk.get("/api/chat/c1/stream")
    assert again.headers["Feed-Generation"] == answer.headers["Feed-Generation"]
    await again.up_to(b"Apple ")
    await desk.feed.sessions_reach(2)
    desk.model.say("rose.")
    desk.model.end()
    both = [objects(await each.body()) for each in (answer, again)]
    assert both[0] == both[1]


async def test_nothing_is_active_before_and_after_an_answer(open_desk: OpenDesk) -> None:
    desk = await open_desk()
    assert (await desk.get("/api/chat/c1/stream")).status == 204
    answer = await begun(desk, PARTS)
    desk.model.end()
    await answer.body()
    for conversation in ("c1", answer.headers["Feed-Generation"]):
        assert (await desk.get(f"/api/chat/{conversation}/stream")).status == 204


async def test_an_event_source_comes_back_after_the_last_event_that_it_had(
    open_desk: OpenDesk,
) -> None:
    desk = await open_desk()
    await begun(desk, PLAIN)
    path = "/api/chat/c1/stream"
    source = await desk.get(path, Accept="text/event-stream")
    assert b"id: 1\n" in await source.up_to(b"Apple ")  # of a state: of the last word in it
    source.wire.abort()
    desk.model.say("rose", ".")
    desk.model.end()
    generation = await desk.started()
    await generation.over()
    again = await desk.get(path, Accept="text/event-stream", Last_Event_ID="2")
    body = await again.body()
    assert objects(body) == [{"content": "."}, "[DONE]"]
    assert b"id: 3\n" in body
    over = await desk.get(f"{path}?after=4")  # EventSource ends for good
    assert over.status == 204


async def test_an_event_that_never_was_is_none_to_come_back_after(open_desk: OpenDesk) -> None:
    desk = await open_desk()
    await begun(desk, PLAIN)
    refused = await desk.get("/api/chat/c1/stream", Last_Event_ID="7")
    assert refused.status == 400
    assert "at most 1" in (await refused.document())["error"]
    desk.generations.interrupt()  # as a restart does, which may keep less than was read
    desk.generations.cut()
    ended = await desk.get("/api/chat/c1/stream", Last_Event_ID="7")
    assert objects(await ended.body())[0]["code"] == "interrupted"


async def test_a_conversation_is_stopped(open_desk: OpenDesk) -> None:
    desk = await open_desk()
    answer = await begun(desk, PARTS)
    stopped = await desk.ask("POST", "/api/chat/c1/stop")
    key = answer.headers["Feed-Generation"]
    assert await stopped.document() == {"id": key, "state": "cancelled"}
    *_, abort, _ = objects(await answer.body())
    assert abort["type"] == "abort"
    again = await desk.ask("POST", "/api/chat/nowhere/stop")
    assert again.status == 404
    assert "nowhere" in (await again.document())["error"]
