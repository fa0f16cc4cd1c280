"""AsyncAPI: it is valid, and every example in it is what the server really sends."""

import asyncio
import base64
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft7Validator

from feed.errors import InvalidParameter
from feed.http.contract.asyncapi import asyncapi_document
from feed.http.contract.message_table import DESCRIBED
from feed.http.contract.ticks import EXAMPLES, encoded
from feed.http.contract.word_examples import LATE, STATE, WRITTEN
from feed.http.pages import BUILT
from feed.market.generation_words import GenerationState, GenerationType, GenerationWord
from feed.market.intervals import INTERVAL_PATTERN, parse_interval
from feed.market.symbols import SYMBOL_PATTERN, TRADED_PATTERN, is_symbol
from feed.market.ticks import CHANNELS, Kind
from feed.market.word_channels import WordChannel
from feed.wire import messages
from feed.wire.codec import CODECS
from feed.wire.control import parse_control
from feed.wire.disconnect import Reason
from feed.wire.position import POSITION_PATTERN, Position
from feed.wire.transport import Transport
from feed.wire.word_fields import WORD_TYPES
from tests.fakes.patience import PATIENCE_S, until
from tests.fakes.raw_http import RawHttp
from tests.fakes.servers import Feed, Serve, trade
from tests.fakes.sse_reader import SseReader
from tests.fakes.stream_readers import LineReader
from tests.fakes.websocket_reader import WebSocketReader
from tests.http.contract.schemas import broken_references, flaws

DOCUMENT = asyncapi_document(identities_required=False)
MESSAGES: dict[str, Any] = DOCUMENT["components"]["messages"]
SCHEMA = BUILT.parent / "node_modules" / "@asyncapi" / "specs" / "schemas" / "3.0.0.json"
EVERYTHING = "&".join(f"{channel}=*" for channel in CHANNELS)
EACH_OF_ALL = pytest.mark.parametrize("name", MESSAGES)


async def served(feed: Feed) -> dict[str, Any]:
    answer = await RawHttp.get((feed.host, feed.port), "/asyncapi.json")
    assert answer.status == 200
    document: dict[str, Any] = await answer.document()
    return document


async def test_the_document_is_valid_asyncapi(serve: Serve) -> None:
    if not SCHEMA.is_file():
        pytest.skip("@asyncapi/specs is not installed: npm ci in feed/web")
    document = await served(await serve())
    validator = Draft7Validator(json.loads(SCHEMA.read_text()))
    assert [error.message for error in validator.iter_errors(document)] == []


async def test_its_servers_are_where_it_was_asked_for(serve: Serve) -> None:
    feed = await serve()
    servers = (await served(feed))["servers"]
    host = f"{feed.host}:{feed.port}"
    assert {(each["protocol"], each["host"]) for each in servers.values()} == {
        ("ws", host),
        ("http", host),
    }


async def test_behind_a_proxy_its_servers_are_where_that_is(serve: Serve) -> None:
    feed = await serve(trust_proxy=("127.0.0.1/32",), allow_host=("feed.example",))
    told = {
        "X-Forwarded-For": "203.0.113.7",
        "X-Forwarded-Proto": "https",
        "X-Forwarded-Host": "feed.example",
        "X-Forwarded-Prefix": "/markets",
    }
    answer = await RawHttp.get((feed.host, feed.port), "/asyncapi.json", told)
    servers = (await answer.document())["servers"]
    assert (
        servers["ws"].items()
        >= {
            "protocol": "wss",
            "host": "feed.example",
            "pathname": "/markets",
        }.items()
    )
    answer = await RawHttp.get((feed.host, feed.port), "/openapi.json", told)
    assert (await answer.document())["servers"] == [{"url": "/markets"}]


def test_every_reference_leads_somewhere() -> None:
    assert broken_references(DOCUMENT) == []
    assert broken_references(asyncapi_document(identities_required=True)) == []


def test_every_message_that_the_server_makes_is_described() -> None:
    made = {name for name in vars(messages) if name.endswith("_message")}
    described = {f"{each.name}_message" for each in DESCRIBED} | {"authenticated_message"}
    assert made <= described


def test_every_kind_of_tick_has_an_example() -> None:
    assert {tick.kind for tick in EXAMPLES.values()} == set(Kind)


def test_every_type_of_word_is_described_with_all_that_it_ever_has() -> None:
    schemas = DOCUMENT["components"]["schemas"]
    names = [each["$ref"].rpartition("/")[2] for each in schemas["Word"]["anyOf"]]
    assert {schemas[name]["properties"]["T"]["const"] for name in names} == WORD_TYPES
    for name in names:
        for example in schemas[name]["examples"]:
            assert flaws([example], MESSAGES["words"]["payload"], DOCUMENT) == []
            assert flaws(example, {"$ref": f"#/components/schemas/{name}"}, DOCUMENT) == []
    full = GenerationWord("gen_" + "0" * 32, GenerationType.GENERATION, 1, 1, "text", "model")
    full.state = GenerationState.INTERRUPTED
    full.code, full.words, full.facts, full.as_of = "interrupted", "words", "facts", "0"
    full.prompt_tokens = full.completion_tokens = 1
    full.symbols, full.shared, full.owner = ("AAPL",), True, "digest"
    for kind in GenerationType:
        [form] = encoded(replace(full, type=kind))
        assert flaws([form], MESSAGES["words"]["payload"], DOCUMENT) == []


@EACH_OF_ALL
def test_every_example_is_of_its_own_schema(name: str) -> None:
    message = MESSAGES[name]
    assert message["examples"]
    if message.get("contentType", "application/json") != "application/json":
        return  # its example is bytes: compared below
    for example in message["examples"]:
        assert flaws(example["payload"], message["payload"], DOCUMENT) == []
        if "headers" in example:
            assert flaws(example["headers"], message["headers"], DOCUMENT) == []


@pytest.mark.parametrize("codec", CODECS)
async def test_examples_of_ticks_are_what_the_server_sends(serve: Serve, codec: str) -> None:
    """The same ticks are published, and the same bytes come, but for the position."""
    feed = await serve()
    suffix = "" if codec == "json" else f"_{codec}"
    accept = {"Accept": CODECS[codec].media_types[0], "Accept-Encoding": ""}
    address = feed.host, feed.port
    stream = await RawHttp.get(address, f"/v1/stream?{EVERYTHING}&marks=0", accept)
    sse = await RawHttp.get(address, f"/v1/sse?{EVERYTHING}&codec={codec}", {"Accept-Encoding": ""})
    socket = await WebSocketReader.connect(
        address, "/v1/ws", {"Sec-WebSocket-Protocol": f"feed.{codec}"}, binary=codec == "msgpack"
    )
    await socket.begin()
    await socket.subscribe(**{channel.value: ["*"] for channel in CHANNELS})
    await feed.sessions_reach(3)
    ticks = list(EXAMPLES.values())
    await feed.publish(*ticks)
    example = MESSAGES[f"ticks{suffix}"]["examples"][0]["payload"]
    wire = MESSAGES["ticks"]["x-wire"].encode()
    expected = wire.rstrip() if codec == "json" else base64.b64decode(example)
    assert (await socket.frame()).data == expected
    await stream.up_to(expected)  # or it ends
    event = MESSAGES[f"ticks{suffix}_event"]
    due = event["x-wire"].replace(event["examples"][0]["headers"]["id"], feed.position(len(ticks)))
    await sse.up_to(due.encode())
    if codec == "json":
        assert json.loads(wire) == example == encoded(*ticks)


@pytest.mark.parametrize("codec", CODECS)
async def test_examples_of_words_are_what_the_server_sends(serve: Serve, codec: str) -> None:
    """Somebody comes amid an answer, and is told its state, on every transport; then the rest."""
    feed = await serve()
    feed.hub.key_gate.open(WordChannel.GENERATIONS, lambda *_: True, lambda _: True)
    suffix, address = "" if codec == "json" else f"_{codec}", (feed.host, feed.port)
    socket = await WebSocketReader.connect(
        address, "/v1/ws", {"Sec-WebSocket-Protocol": f"feed.{codec}"}, binary=codec == "msgpack"
    )
    await socket.begin()
    [key] = {word.symbol for word in WRITTEN}
    await socket.subscribe(generations=[key])
    asked = f"generations={key}"
    sse = await RawHttp.get(address, f"/v1/sse?{asked}&codec={codec}")
    await feed.sessions_reach(2)
    feed.hub.publisher.say(WRITTEN)
    example = MESSAGES[f"words{suffix}"]["examples"][0]["payload"]
    wire = MESSAGES["words"]["x-wire"].encode()
    expected = wire.rstrip() if codec == "json" else base64.b64decode(example)
    assert (await socket.frame()).data == expected
    event = MESSAGES[f"words{suffix}_event"]
    at = feed.position(len(WRITTEN))
    due = event["x-wire"].replace(event["examples"][0]["headers"]["id"], at)
    await sse.up_to(due.encode())
    accept = {"Accept": CODECS[codec].media_types[0]}
    begun = f"{feed.epoch}-0"
    again = await RawHttp.get(address, f"/v1/stream?{asked}&marks=0&after={begun}", accept)
    await again.up_to(expected)


async def test_who_comes_amid_an_answer_is_told_what_the_document_says(serve: Serve) -> None:
    feed = await serve()
    feed.hub.key_gate.open(WordChannel.GENERATIONS, lambda *_: True, lambda _: True)
    feed.hub.publisher.say(WRITTEN[:LATE])
    await until(lambda: not feed.hub.broadcast.waiting_words)
    path = f"/v1/stream?generations={STATE.symbol}&snapshot=1"
    reader = LineReader(await RawHttp.get((feed.host, feed.port), path))
    seen: list[Any] = []
    while len(seen) < 3:
        seen += [each for each in (await reader.read())[0] if each["T"] != "mark"]
    examples = {each["name"]: each for each in MESSAGES["words"]["examples"]}
    assert seen[1:2] == examples["late"]["payload"]
    feed.hub.publisher.say(WRITTEN[LATE:])
    rest, _ = await reader.read()
    assert rest[:-1] == encoded(*WRITTEN[LATE:])
    assert flaws(rest, MESSAGES["words"]["payload"], DOCUMENT) == []


def name_of(message: Mapping[str, Any]) -> str:
    """Return the name under which the document has a message."""
    kind: str = message["T"]
    if kind == "snapshot":
        return f"snapshot_{message['state']}"
    return message["msg"] if kind == "success" else kind


def check(message: Mapping[str, Any], *, named: bool) -> str:
    """Hold a message that came to what the document says; return its name."""
    name = name_of(message)
    form = MESSAGES[f"{name}_event" if named else name]["payload"]
    assert flaws(message if named else [message], form, DOCUMENT) == []
    return name


def of(transport: Transport) -> set[str]:
    return {each.name for each in DESCRIBED if transport in each.on}


# Others are told in special circumstances only, and made by the function of their example.
RARE = {"expiring", "leaving"}


async def test_messages_over_a_websocket_are_as_the_document_says(serve: Serve) -> None:
    feed = await serve()
    await feed.publish(trade(1))
    reader = await WebSocketReader.connect((feed.host, feed.port))
    reader.say({"action": "auth", "key": "any", "secret": "any"})
    reader.say({"action": "dance"})
    reader.say(
        {
            "action": "subscribe",
            "trades": ["AAPL", "aapl"],
            "conflate": {"quotes": "250ms"},
            "after": "abc-1",
            "snapshot": True,
            "marks": True,
        }
    )
    reader.say({"action": "publish", "room": "desk", "text": "halted?", "id": "m-1"})
    reader.say({"action": "publish", "room": "desk", "text": "", "id": "m-2"})
    feed.source.end()
    seen: set[str] = set()
    async with asyncio.timeout(PATIENCE_S):
        while not seen >= of(Transport.WEBSOCKET) - RARE:
            for message in (await reader.read())[0]:
                if message["T"] != "t":
                    seen.add(check(message, named=False))


async def test_events_are_as_the_document_says(serve: Serve) -> None:
    feed = await serve()
    await feed.publish(trade(1))
    address = feed.host, feed.port
    newcomer = SseReader(await RawHttp.get(address, "/v1/sse?trades=AAPL"))
    seen = {check(json.loads((await newcomer.event()).data), named=True)}
    assert seen == {"mark"}
    asked = "/v1/sse?trades=AAPL,aapl&after=abc-1&snapshot=1"
    reader = SseReader(await RawHttp.get(address, asked))
    await feed.sessions_reach(2)
    feed.source.end()
    async with asyncio.timeout(PATIENCE_S):
        while not seen >= of(Transport.SSE) - RARE - {"subscription"}:
            event = await reader.event()
            if event.name != "message":
                name = check(json.loads(event.data), named=True)
                fields = {"event": event.name} | ({"id": event.id} if event.id else {})
                assert flaws(fields, MESSAGES[f"{name}_event"]["headers"], DOCUMENT) == []
                seen.add(name)
            if "feed" in seen:
                for session in list(feed.hub.sessions.values()):
                    feed.hub.disconnect(session, Reason.ADMIN)


async def test_messages_of_a_stream_are_as_the_document_says(serve: Serve) -> None:
    feed = await serve()
    await feed.publish(trade(1))
    asked = "/v1/stream?trades=AAPL,aapl&after=abc-1&snapshot=1"
    reader = LineReader(await RawHttp.get((feed.host, feed.port), asked))
    await feed.sessions_reach(1)
    feed.source.end()
    seen: set[str] = set()
    async with asyncio.timeout(PATIENCE_S):
        while not seen >= of(Transport.STREAM) - RARE - {"subscription"}:
            for message in (await reader.read())[0]:
                if message["T"] != "t":
                    seen.add(check(message, named=False))
            if "feed" in seen and feed.hub.sessions:
                [session] = feed.hub.sessions.values()
                feed.hub.disconnect(session, Reason.ADMIN)


@pytest.mark.parametrize("name", ["auth", "subscribe", "unsubscribe", "feedback"])
def test_messages_of_clients_in_it_are_understood(name: str) -> None:
    for example in MESSAGES[name]["examples"]:
        assert parse_control(example["payload"]).action == name


async def test_the_schema_of_protobuf_is_the_one_that_is_served(serve: Serve) -> None:
    feed = await serve()
    message = MESSAGES["ticks_protobuf"]
    answer = await RawHttp.get((feed.host, feed.port), f"/{message['externalDocs']['url']}")
    assert answer.status == 200
    assert (await answer.body()).decode() == message["payload"]["schema"]


@pytest.mark.parametrize(
    ("pattern", "accepts"),
    [
        (POSITION_PATTERN, lambda text: bool(Position.parse(text))),
        (INTERVAL_PATTERN, lambda text: parse_interval(text) >= 0),
    ],
)
@given(data=st.data())
def test_patterns_accept_what_the_server_does(
    pattern: str, accepts: Callable[[str], bool], data: st.DataObject
) -> None:
    like = st.from_regex(pattern, fullmatch=True)
    near = st.from_regex(r"[0-9]{0,7}-?(ms|s|[a-c]{0,3}-?[0-9]{0,20})", fullmatch=True)
    text = data.draw(like | near)
    try:
        accepted = accepts(text)
    except InvalidParameter:
        accepted = False
    assert (re.fullmatch(pattern, text, re.ASCII) is not None) is accepted


@given(st.text(st.characters() | st.sampled_from(" ,*?[]Aß汉"), max_size=70))
def test_the_pattern_of_symbols_accepts_what_the_server_does(text: str) -> None:
    r"""Python knows no `\p`: a letter stands for whatever is printed, and is not reserved."""
    reserved = set(",*?[]")
    drawn = "".join(
        letter
        if letter in " *"
        else "x"
        if letter.isprintable() and letter not in reserved
        else ","
        for letter in text
    )
    printed = r"[^\p{C}\p{Z},*?\[\]]"
    for pattern, expected in (
        (TRADED_PATTERN, is_symbol(text)),
        (SYMBOL_PATTERN, text == "*" or is_symbol(text)),
    ):
        assert printed in pattern
        assert (re.fullmatch(pattern.replace(printed, "x"), drawn) is not None) is expected
