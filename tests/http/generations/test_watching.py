"""Watchers: who reads an answer by its id over our own transports, and from where on."""

from pathlib import Path
from typing import Any

import pytest

from feed.generations.market_model import MarketModel
from tests.fakes.keys import KeysFile, bearer_of
from tests.fakes.patience import until
from tests.fakes.servers import trade
from tests.fakes.sse_reader import SseReader
from tests.fakes.websocket_reader import WebSocketReader
from tests.http.generations.conftest import QUESTION, Desk, OpenDesk, objects

STREAM = QUESTION | {"stream": True}


async def watch(desk: Desk, key: str, more: str = "", **headers: str) -> SseReader:
    answer = await desk.get(f"/v1/sse?generations={key}{more}", **headers)
    assert answer.status == 200, await answer.body()
    return SseReader(answer)


async def words(reader: SseReader, count: int) -> list[Any]:
    """Return the next words, without marks."""
    some: list[Any] = []
    while len(some) < count:
        messages, _ = await reader.read()
        some += [each for each in messages if each["T"] in {"generation", "token", "generated"}]
    return some


async def begun(desk: Desk, **headers: str) -> tuple[str, Any]:
    """Return the id of an answer that has begun, and its stream."""
    desk.model.say("Apple ")
    answer = await desk.post("/v1/chat/completions", STREAM | {"share": True}, **headers)
    await answer.up_to(b"Apple ")
    return answer.headers["Feed-Generation"], answer


async def test_a_late_comer_starts_from_the_text_so_far(open_desk: OpenDesk) -> None:
    desk = await open_desk()
    key, answer = await begun(desk)
    reader = await watch(desk, key, "&snapshot=1")
    [state] = await words(reader, 1)
    assert (state["T"], state["id"], state["text"], state["n"]) == ("generation", key, "Apple ", 1)
    desk.model.say("rose.")
    desk.model.end()
    token, end = await words(reader, 2)
    assert (token["text"], token["n"], end["T"], end["state"]) == ("rose.", 2, "generated", "stop")
    assert objects(await answer.body())[-1] == "[DONE]"


async def test_an_answer_goes_on_while_anybody_watches(open_desk: OpenDesk) -> None:
    desk = await open_desk(llm_linger_s=60)
    key, answer = await begun(desk)
    reader = await watch(desk, key)
    answer.wire.abort()
    generation = await desk.started()
    await until(lambda: not generation.is_read and len(desk.feed.hub.sessions) == 1)
    desk.generations.look(0)
    desk.generations.look(10**12)
    assert not generation.is_over
    reader.abort()
    await until(lambda: not desk.feed.hub.sessions)
    desk.generations.look(0)
    desk.generations.look(10**12)
    assert generation.last.words == "nobody has read it for 60 s"


@pytest.mark.parametrize("path", ["/v1/sse", "/v1/stream"])
async def test_an_id_that_never_was_is_told_by_its_name(open_desk: OpenDesk, path: str) -> None:
    desk = await open_desk()
    key = f"gen_{'0' * 32}"
    answer = await desk.get(f"{path}?generations={key}")
    assert answer.status == 400
    problem = await answer.document()
    assert (problem["parameter"], problem["value"]) == ("generations", key)


class Keys:
    """A server with identities: whoever asks, a watcher of Apple, and one of nothing."""

    def __init__(self, path: Path) -> None:
        self.file = KeysFile(path / "keys.toml")
        self.asker = bearer_of(self.file.add("asker"))
        self.apple = bearer_of(self.file.add("apple", symbols=["AAPL"]))
        self.other = bearer_of(self.file.add("other", symbols=["MSFT"]))


@pytest.fixture
def keys(tmp_path: Path) -> Keys:
    return Keys(tmp_path)


async def statuses(desk: Desk, key: str, *watchers: dict[str, str]) -> list[tuple[int, int]]:
    """Return what each watcher is answered: by our own stream, and by the API."""
    found = []
    for headers in watchers:
        ours = await desk.get(f"/v1/sse?generations={key}", **headers)
        theirs = await desk.get(f"/v1/responses/{key}", **headers)
        found.append((ours.status, theirs.status))
        ours.wire.abort()
    return found


async def test_what_is_not_shared_is_for_whoever_asked(open_desk: OpenDesk, keys: Keys) -> None:
    desk = await open_desk(keys=keys.file.path)
    desk.model.say("Apple ")
    answer = await desk.post("/v1/chat/completions", STREAM, **keys.asker)
    key = answer.headers["Feed-Generation"]
    found = await statuses(desk, key, keys.asker, keys.apple)
    assert found == [(200, 200), (400, 404)]


async def test_what_is_shared_is_watched_by_all_and_stopped_by_its_owner(
    open_desk: OpenDesk, keys: Keys
) -> None:
    desk = await open_desk(keys=keys.file.path)
    key, _ = await begun(desk, **keys.asker)
    assert await statuses(desk, key, keys.apple, keys.other) == [(200, 200)] * 2
    refused = await desk.ask("POST", f"/v1/responses/{key}/cancel", b"", **keys.apple)
    assert refused.status == 403
    assert "somebody else asked for" in (await refused.document())["error"]["message"]
    stopped = await desk.ask("POST", f"/v1/responses/{key}/cancel", b"", **keys.asker)
    assert stopped.status == 200


async def test_a_grounded_answer_is_for_those_who_may_read_its_symbols(
    open_desk: OpenDesk, keys: Keys
) -> None:
    desk = await open_desk(MarketModel(words_per_s=0), keys=keys.file.path)
    await desk.feed.publish(trade(1), trade(2, "MSFT"))
    question = QUESTION | {"model": "market", "share": True, "feed": {"symbols": ["AAPL"]}}
    answer = await desk.post("/v1/chat/completions", question, **keys.asker)
    key = answer.headers["Feed-Generation"]
    found = await statuses(desk, key, keys.apple, keys.other)
    assert found == [(200, 200), (400, 404)]
    not_theirs = await desk.post("/v1/chat/completions", question, **keys.other)
    assert not_theirs.status == 403


async def test_who_watches_what_is_deleted_may_go_on_to_subscribe(open_desk: OpenDesk) -> None:
    desk = await open_desk()
    key, _ = await begun(desk)
    socket = await WebSocketReader.connect((desk.feed.host, desk.feed.port))
    await socket.begin()
    await socket.subscribe(generations=[key])
    deleted = await desk.ask("DELETE", f"/v1/responses/{key}")
    assert deleted.status == 200
    messages, _ = await socket.read()
    assert messages[0]["state"] == "cancelled"
    told = await socket.subscribe(trades=["AAPL"])
    assert (told["trades"], told["generations"]) == (["AAPL"], [key])
