"""The two clients: the same words for the same things, in Python's spelling and in TypeScript's."""

import re
from dataclasses import fields
from inspect import signature
from pathlib import Path
from typing import get_args, get_type_hints

import pytest

import feed
from feed.client import (
    BatchRefused,
    BufferFull,
    Counters,
    Gap,
    NameInUse,
    OnLagName,
    Publisher,
    Refused,
    TransportName,
    Undelivered,
    connect,
    publisher,
)
from feed.client.stream import Stream
from feed.client.words import Generated, Generation, State, Token
from feed.market.generation_words import GenerationState
from feed.market.ticks import CHANNEL_OF_KIND, CHANNELS
from feed.market.word_channels import WORD_CHANNELS
from feed.wire.codec import CODECS
from feed.wire.request_fields import MAX_AGES
from feed.wire.word_fields import WORD_FORMS

CLIENT = Path(feed.__file__).with_name("web") / "src" / "client"

# Words of one client for which the other has no such thing: a synonym must not hide among them.
ONLY_PYTHON = {
    "counters": {
        "resumes",  # the browser's always resumes where it can
        "failures",  # told as problems, with what else goes wrong
        "silences",
    },
    "options": {
        "snapshot",  # and always with the last known state
        "give_up_after_s",
        "session",
        "key",  # in `credentials`
        "secret",
        "token",
    },
}
ONLY_TYPESCRIPT = {
    "counters": {
        "frames",  # of the wire; in Python a frame is a table of pandas or polars
        "conflatedTicks",
        "conflatedFrom",
        "merged",  # for a consumer that is late; Python's is waited for
        "problems",
        "eventAge",
        "deliveryAge",
    },
    "options": {
        "shared",
        "newestOnly",
        "connectTimeoutMs",
        "whenHidden",
        "environment",
        "throttle",
        "credentials",
    },
}


# The same of publishers.
ONLY_PYTHON_PUBLISHES = {"key", "secret", "token", "compress", "give_up_after_s", "session"}
ONLY_TYPESCRIPT_PUBLISHES = {"credentials", "environment"}


def source(name: str) -> str:
    return (CLIENT / name).read_text()


def members(name: str, interface: str) -> set[str]:
    """Return the names of an interface's members."""
    match = re.search(
        rf"^(?:export )?interface {interface}\b[^{{]*{{\n(.*?)\n}}",
        source(name),
        re.DOTALL | re.MULTILINE,
    )
    assert match is not None, interface
    return set(re.findall(r"^  (?:readonly )?(\w+)\??:", match[1], re.MULTILINE))


def listed(name: str, what: str) -> list[str]:
    """Return the texts of a constant or of a union of texts."""
    match = re.search(rf"export (?:const|type) {what} = ([^;]*);", source(name))
    assert match is not None, what
    return re.findall(r'"(\w+)"', match[1])


def in_typescript(word: str) -> str:
    """Return Python's word in camelCase, with the unit that TypeScript counts in."""
    first, *rest = re.sub("_s$", "_ms", word).split("_")
    return first + "".join(part.capitalize() for part in rest)


def python_words() -> dict[str, set[str]]:
    channels = {re.sub("([A-Z])", lambda match: f"_{match[1].lower()}", name) for name in CHANNELS}
    return {
        "counters": {field.name for field in fields(Counters)},
        "options": set(signature(connect).parameters) - channels - set(WORD_CHANNELS),
    }


def typescript_words() -> dict[str, set[str]]:
    options = members("client.ts", "FeedClientOptions") | members("link/link.ts", "Settings")
    counters = members("counters.ts", "Counters") | {"connects"}  # which `status` holds
    return {"counters": counters, "options": options}


@pytest.mark.parametrize("what", ["counters", "options"])
def test_what_both_have_has_one_name(what: str) -> None:
    python = {in_typescript(word) for word in python_words()[what] - ONLY_PYTHON[what]}
    typescript = typescript_words()[what] - ONLY_TYPESCRIPT[what]
    assert python | {"reconnects"} == typescript | {"reconnects"}  # a property in Python
    assert isinstance(Counters.reconnects, property)


def test_publishers_are_made_with_the_same_words() -> None:
    python = set(signature(publisher).parameters) - ONLY_PYTHON_PUBLISHES
    typescript = members("publishing/publisher.ts", "FeedPublisherOptions")
    assert set(map(in_typescript, python)) == typescript - ONLY_TYPESCRIPT_PUBLISHES
    for word in ("publish", "flush", "close", "open", "position", "last", "unsafe_ticks"):
        assert hasattr(Publisher, word)
        name = in_typescript(word)
        pattern = rf"^  (?:async |get )?{name}\("
        assert re.search(pattern, source("publishing/publisher.ts"), re.MULTILINE), name
    for error in (BatchRefused, BufferFull, Undelivered, NameInUse):
        assert f"class {error.__name__} extends FeedError" in source("errors.ts")


def test_values_have_the_same_names() -> None:
    assert {"reason", "missing"} <= members("receiver.ts", "GapReport") | members(
        "wire/ticks.ts", "Gap"
    )
    assert {"first", "last", "reason", "missing"} <= set(dir(Gap))
    assert {"transport", "fallbacks"} <= members("link/status.ts", "LinkStatus")
    assert Refused("http://x", 400, "no", by_feed=True).code == 400
    for word in ("position", "counters", "subscription", "close"):
        assert hasattr(Stream, word) or word in Stream.__doc__  # type: ignore[operator]
        assert re.search(rf"^  (?:get )?{word}\(", source("client.ts"), re.MULTILINE), word


def test_sets_are_the_same() -> None:
    assert listed("wire/ticks.ts", "CHANNELS") == list(CHANNELS)
    assert listed("wire/words.ts", "WORD_CHANNELS") == list(WORD_CHANNELS)
    assert listed("wire/words.ts", "GENERATION_STATES") == list(GenerationState)
    assert set(get_args(State)) == set(GenerationState)
    for name, form in {"Generation": Generation, "Token": Token, "Generated": Generated}.items():
        theirs = members("wire/words.ts", name)
        ends = members("wire/words.ts", "End") if name != "Token" else set()
        [kind] = get_args(get_type_hints(form)["T"])
        keys = {"T", "t", *WORD_FORMS[kind].keys.values()}
        assert theirs | ends == set(form.__annotations__) == keys
    kinds = dict(re.findall(r'^  (\w+): "(\w+)",$', source("wire/ticks.ts"), re.MULTILINE))
    assert kinds == CHANNEL_OF_KIND
    assert set(listed("wire/codec.ts", "CODECS")) == set(CODECS) - {"protobuf"}
    assert ["auto", *listed("transports/transport.ts", "TRANSPORTS")] == sorted(
        get_args(TransportName), key=["auto", "websocket", "stream", "sse"].index
    )
    assert set(listed("transports/transport.ts", "OnLagName")) == set(get_args(OnLagName))
    (most,) = re.findall(r"^const MAX_AGES = (\d+);$", source("feedback.ts"), re.MULTILINE)
    assert int(most) == MAX_AGES
