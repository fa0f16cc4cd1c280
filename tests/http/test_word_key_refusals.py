"""Keys of words that are no keys, or somebody else's: refused on every transport in one wording."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

import pytest

from feed.market.word_channels import WORD_CHANNELS, WordChannel
from feed.trust.identity import ANONYMOUS, owner_key
from feed.wire.word_keys import WORD_KEYS
from tests.fakes.raw_http import RawHttp
from tests.fakes.servers import Feed, Serve, trade
from tests.http.talk import connect, error

PATHS = ("/v1/sse", "/v1/stream", "/v1/history", "/v1/snapshot")
BAD = (
    "../etc",
    "a b",
    "-",
    ".",
    "desk/../x",
    "d" * 65,
    "\u202edesk",
    "desk\n",
    "<b>",
    "é",
)
LONG = "x" * 200_000  # of one name, in a message


async def problem_of(feed: Feed, path: str, query: str) -> Mapping[str, Any]:
    answer = await RawHttp.get((feed.host, feed.port), f"{path}?trades=AAPL&{query}")
    problem: Mapping[str, Any] = await answer.document()
    assert answer.status == 400, problem
    return problem


@pytest.mark.parametrize("channel", WORD_CHANNELS)
async def test_what_is_no_key_is_refused_everywhere_in_one_wording(
    serve: Serve, channel: WordChannel
) -> None:
    feed = await serve()
    sockets = [await connect(feed), await connect(feed, path="/v1/ws?codec=msgpack", binary=True)]
    accepted = WORD_KEYS[channel].shape
    for key in BAD:
        said = set()
        for path in PATHS:
            problem = await problem_of(feed, path, f"{channel}={quote(key)}")
            assert (problem["accepted"], problem["value"]) == (accepted, key)
            said.add(problem["detail"])
        for socket in sockets:
            socket.say({"action": "subscribe", channel.value: [key]})
            refusal = await error(socket)
            assert refusal["code"] == 400
            said.add(refusal["msg"].removeprefix("invalid syntax: "))
        assert len(said) == 1, said
    for socket in sockets:
        socket.say({"action": "subscribe", channel.value: [LONG]})
        refusal = await error(socket)
        assert accepted in refusal["msg"]
        assert len(refusal["msg"]) < 500
        acknowledged = await socket.subscribe(trades=["AAPL"])
        assert channel.value not in acknowledged, "nothing has changed"
    await feed.publish(trade(1))
    for socket in sockets:
        assert [message["T"] for message in (await socket.read())[0]] == ["t"]


async def test_what_is_somebody_elses_is_refused_everywhere(serve: Serve) -> None:
    feed = await serve()
    socket = await connect(feed)
    strange = {
        "alerts": "own_" + "0" * 32,
        "jobs": "job_" + "0" * 32,
        "generations": "gen_" + "0" * 32,
    }
    assert strange["alerts"] != owner_key(ANONYMOUS)
    for channel, key in strange.items():
        for path in PATHS:
            problem = await problem_of(feed, path, f"{channel}={key}")
            assert (problem["parameter"], problem["value"]) == (channel, key)
            assert ("own alerts" in problem["accepted"]) == (channel == "alerts")
        socket.say({"action": "subscribe", channel: [key]})
        assert key in (await error(socket))["msg"]


async def test_too_many_rooms_are_refused_by_their_number(serve: Serve) -> None:
    feed = await serve(max_symbols_per_connection=100)
    socket = await connect(feed)
    # Not one of them is looked at, else the first would be refused.
    socket.say({"action": "subscribe", "rooms": ["/"] * 60_000, "presence": ["desk"]})
    refusal = await error(socket)
    assert refusal["code"] == 405
    assert refusal["msg"].endswith("60001 would exceed the limit of 100")
    for path in PATHS:
        problem = await problem_of(feed, path, f"rooms={','.join(['/'] * 500)}")
        assert problem["detail"].endswith("501 would exceed the limit of 100")
    await socket.subscribe(rooms=[f"room-{number}" for number in range(60)])
    socket.say({"action": "subscribe", "presence": [f"room-{number}" for number in range(60)]})
    refusal = await error(socket)
    assert refusal["msg"].endswith("120 would exceed the limit of 100")


@pytest.mark.parametrize("path", PATHS)
async def test_a_channel_without_keys_says_what_is_accepted(serve: Serve, path: str) -> None:
    feed = await serve()
    for channel in WORD_CHANNELS:
        answer = await RawHttp.get((feed.host, feed.port), f"{path}?{channel}=")
        problem = await answer.document()
        assert (answer.status, problem["parameter"]) == (400, channel.value)
        assert problem["accepted"] == WORD_KEYS[channel].shape
