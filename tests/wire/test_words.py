from collections.abc import Sequence
from dataclasses import replace
from operator import attrgetter
from typing import Any, cast

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from feed.errors import InvalidTick
from feed.http.contract.word_examples import EXAMPLES_OF_WORDS
from feed.market.generation_words import (
    GenerationState,
    GenerationType,
    GenerationWord,
    fold,
    is_generation_id,
)
from feed.market.room_words import EntryWord, MessageWord, RoomType
from feed.market.ticks import Channel
from feed.market.word_channels import WordChannel
from feed.market.words import Word, is_other
from feed.wire.codec import CODECS, Codec
from feed.wire.json_codec import JSON
from feed.wire.json_ticks import TickReader
from feed.wire.projection import projected
from feed.wire.rfc3339 import rfc3339
from feed.wire.selection import Selection

ID = "gen_" + "0f" * 16
AT_NS = 1_790_000_000_123_456_789
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
OVER = [state for state in GenerationState if state is not GenerationState.RUNNING]


def begin(facts: str = "", as_of: str = "", *symbols: str) -> GenerationWord:
    return GenerationWord(
        ID,
        GenerationType.GENERATION,
        0,
        AT_NS,
        "",
        "market",
        facts=facts,
        as_of=as_of,
        symbols=symbols,
    )


def token(number: int, text: str) -> GenerationWord:
    return GenerationWord(ID, GenerationType.TOKEN, number, AT_NS + number, text)


def end(number: int, state: GenerationState = GenerationState.STOP) -> GenerationWord:
    word = GenerationWord(ID, GenerationType.GENERATED, number, AT_NS + number, state=state)
    word.prompt_tokens, word.completion_tokens = 3, number - 1
    if state is GenerationState.FAILED:
        word.code, word.words = "upstream_timeout", "the upstream said nothing for 30 s"
    return word


def told(codec: Codec, words: list[GenerationWord]) -> list[dict[str, object]]:
    objects = codec.decode(codec.join(codec.encode(words)))
    assert isinstance(objects, list)
    return objects


def test_words_look_like_this_in_json() -> None:
    head = {"id": ID, "t": rfc3339(AT_NS)}
    assert told(JSON, [begin()]) == [
        {"T": "generation", "n": 0, "model": "market", "state": "running", "text": ""} | head
    ]
    [piece, failed] = told(JSON, [token(1, "up"), end(2, GenerationState.FAILED)])
    assert piece == {"T": "token", "id": ID, "n": 1, "text": "up", "t": rfc3339(AT_NS + 1)}
    assert (failed["T"], failed["state"], failed["code"]) == (
        "generated",
        "failed",
        "upstream_timeout",
    )
    assert "code" not in told(JSON, [end(2)])[0], "nothing went wrong"


@given(st.lists(TEXTS, max_size=5), st.sampled_from(OVER))
def test_every_codec_says_the_same_of_words(texts: list[str], state: GenerationState) -> None:
    tokens = [token(number, text) for number, text in enumerate(texts, 1)]
    words = [begin("AAPL 1.00", "abc-7", "AAPL", "MSFT"), *tokens, end(len(texts) + 1, state)]
    words.append(fold(None, words) or words[0])
    objects = told(JSON, words)
    assert told(CODECS["protobuf"], words) == objects
    packed = told(CODECS["msgpack"], words)
    assert [{**each, "t": 0} for each in packed] == [{**each, "t": 0} for each in objects]


@given(st.lists(TEXTS, max_size=5), st.sampled_from(OVER))
def test_what_was_kept_is_read_back(texts: list[str], state: GenerationState) -> None:
    tokens = [token(number, text) for number, text in enumerate(texts, 1)]
    words = [begin("", "", "AAPL"), *tokens, end(len(texts) + 1, state)]
    words[0].owner, words[0].shared = "0f", True
    read: Sequence[object] = TickReader().read(JSON.join(JSON.encode(words)))
    assert read == words


@pytest.mark.parametrize("words", EXAMPLES_OF_WORDS.values(), ids=EXAMPLES_OF_WORDS)
def test_who_follows_has_each_word_and_says_it_in_the_same_bytes(words: Sequence[Word]) -> None:
    fragments = JSON.encode(words)
    read = TickReader().events(orjson.loads(JSON.join(fragments)))
    assert [*map(is_other, read)] == [True] * len(words)
    assert cast("list[Word]", read) == [*words]
    assert JSON.encode(read) == fragments


@pytest.mark.parametrize(
    "wrong",
    [{"text": None}, {"room": 5}, {"t": "now"}, {"id": ["m"]}, {"T": "job"}, {"edited": 1}],
    ids=str,
)
def test_who_follows_refuses_words_that_look_otherwise(wrong: dict[str, object]) -> None:
    row = {"T": "message", "room": "desk", "id": "m-1", "from": "ann", "by": "own_1", "text": "x"}
    row["t"] = rfc3339(AT_NS)
    assert TickReader().events([{**row, "later": 1}]), "a key of a newer server is left out"
    with pytest.raises(InvalidTick, match="events of a feed server"):
        TickReader().events([{**row, **wrong}])


@given(TEXTS, TEXTS, st.integers(0, AT_NS), st.floats(allow_nan=False, allow_infinity=False))
def test_what_is_said_in_rooms_is_said_on_in_the_same_bytes(
    text: str, name: str, at_ns: int, place: float
) -> None:
    said = "desk", RoomType.MESSAGE, "m-1", at_ns, "ann", "own_1", name, text
    words: list[Word] = [
        MessageWord(*said),
        MessageWord(*said, edited_ns=at_ns + 1),
        MessageWord(*said).erased(),
        EntryWord("desk", RoomType.ENTRY, text, at_ns, 1, place, text, "ann", "own_1", name),
    ]
    read = TickReader().events(orjson.loads(JSON.join(JSON.encode(words))))
    assert [*map(is_other, read)] == [True] * len(words)
    assert JSON.encode(read) == JSON.encode(words)


@given(st.lists(TEXTS, max_size=6), st.data())
def test_a_state_is_all_that_was_said(texts: list[str], data: st.DataObject) -> None:
    tokens = [token(number, text) for number, text in enumerate(texts, 1)]
    words = [begin(facts="AAPL 1.00"), *tokens, end(len(texts) + 1)]
    middle = data.draw(st.integers(0, len(words)))
    whole = fold(None, words)
    assert fold(fold(None, words[:middle]), words[middle:]) == whole
    assert whole is not None
    assert (whole.text, whole.number) == ("".join(texts), len(texts) + 1)
    assert (whole.type, whole.state, whole.facts) == (
        GenerationType.GENERATION,
        GenerationState.STOP,
        "AAPL 1.00",
    )
    assert words[0] == begin(facts="AAPL 1.00"), "words are never changed"
    assert fold(None, []) is None


@pytest.mark.parametrize("codec", CODECS.values(), ids=attrgetter("name"))
def test_words_are_whole_beside_ticks_that_are_not(codec: Codec) -> None:
    selected = [channel for channel, _ in Selection.of_words(WordChannel.GENERATIONS, [ID]).symbols]
    lean = projected(codec, frozenset({"p"}), [*selected])
    words = [begin(), token(1, "up"), end(2)]
    assert lean.encode(words) == codec.encode(words)


@pytest.mark.parametrize("text", [ID.upper(), ID[:-1], f"{ID}0", ID.replace("f", "g"), "", "*"])
def test_what_is_no_id_of_a_generation(text: str) -> None:
    assert is_generation_id(ID)
    assert not is_generation_id(text)


def test_words_are_the_last_part_of_a_selection() -> None:
    words = Selection.of_words(WordChannel.GENERATIONS, [ID])
    ticks = Selection.of({Channel.TRADES: ["AAPL"]})
    both = Selection.of(dict([*words.symbols, *ticks.symbols]))
    assert both.words == ((WordChannel.GENERATIONS, frozenset({ID})),)
    assert both.ticks == ticks
    assert (ticks.words, ticks.ticks is ticks) == ((), True)
    others: Any = [token(1, "up"), replace(token(1, "up"), symbol="gen_")]
    assert both.select(others) == [0]
