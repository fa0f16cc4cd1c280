"""What comes of an answer: each piece once, whatever came twice, late or not at all."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feed.client.errors import Malformed, Refused
from feed.client.generating.asking import Asking, read_event
from feed.client.generating.question import Question
from feed.client.generating.transcript import Grounding, Transcript, Usage
from feed.client.generating.watching import read_word
from feed.errors import InvalidParameter
from feed.market.generation_words import GenerationState, GenerationType, GenerationWord, fold
from feed.wire.generations.openai_responses import events_after
from tests.fakes.mini_desk import ID, MiniDesk

RESPONSE = {"id": ID, "model": "m"}


@given(
    st.lists(st.text(min_size=1), max_size=8), st.lists(st.integers(0, 20), max_size=5), st.data()
)
def test_pieces_are_taken_once_wherever_connections_begin(
    pieces: list[str], cuts: list[int], data: st.DataObject
) -> None:
    events, transcript = MiniDesk(pieces).events(), Transcript()
    for cut in cuts:
        first = data.draw(st.integers(0, transcript.number or 0))
        for event in events[first:cut]:
            read_event(event, transcript)
    for event in events[transcript.number or 0 :]:
        read_event(event, transcript)
    assert transcript.text == "".join(pieces)
    assert list(iter(transcript.next_piece, None)) == pieces
    assert transcript.usage == Usage(2, len(pieces))


@given(st.lists(st.text(min_size=1), max_size=8), st.data())
def test_a_state_adds_what_had_not_come(pieces: list[str], data: st.DataObject) -> None:
    words, transcript = MiniDesk(pieces).words(), Transcript(ID)
    for word in words[: data.draw(st.integers(0, len(pieces)))]:
        read_word(word, transcript)
    number = data.draw(st.integers(0, len(pieces)))
    read_word(words[0] | {"n": number, "text": "".join(pieces[:number])}, transcript)
    for word in words[(transcript.number or 0) :]:
        read_word(word, transcript)
    assert transcript.text == "".join(pieces)
    assert transcript.state is GenerationState.STOP


def test_words_before_the_state_come_again_in_it() -> None:
    words, transcript = MiniDesk(["A", "B", "C"]).words(), Transcript(ID)
    read_word(words[2], transcript)
    read_word(words[0] | {"n": 2, "text": "AB"}, transcript)
    read_word(words[3], transcript)
    assert list(iter(transcript.next_piece, None)) == ["AB", "C"]


def test_the_facts_that_an_answer_rests_on_are_kept() -> None:
    told = Grounding("AAPL 1.5", "e-7")
    asked, watched = Transcript(ID), Transcript(ID)
    response = RESPONSE | {"feed": {"facts": "AAPL 1.5", "as_of": "e-7"}}
    read_event({"type": "response.created", "sequence_number": 0, "response": response}, asked)
    read_word({"T": "generation", "id": ID, "n": 0, "facts": "AAPL 1.5", "as_of": "e-7"}, watched)
    assert (asked.grounding, watched.grounding) == (told, told)


@given(st.lists(st.text(min_size=1), min_size=1, max_size=9), st.data())
def test_what_the_server_writes_is_read_wherever_it_is_cut(
    texts: list[str], data: st.DataObject
) -> None:
    log = log_of(texts)
    transcript = Transcript()
    asking = Asking(Question.of("x"), transcript)
    while not transcript.is_over:
        after = asking.query.get("starting_after")
        kept = data.draw(st.integers(1, len(log)))
        state = fold(None, log[:kept])
        assert state is not None
        try:
            written = events_after([state, *log[kept:]], None if after is None else int(after))
        except InvalidParameter:  # what is between is kept as one text
            assert asking.begin_again(Refused("", 400, "", by_feed=True))
            written = events_after([state, *log[kept:]])
        asking.reader()(written[: data.draw(st.integers(0, len(written))) or len(written)])
    assert transcript.text == "".join(texts)
    assert "".join(iter(transcript.next_piece, None)) == transcript.text


def log_of(texts: list[str]) -> list[GenerationWord]:
    """Return the log of a generation that is over."""
    words = [GenerationWord(ID, GenerationType.GENERATION, 0, 1, model="m")]
    words += [
        GenerationWord(ID, GenerationType.TOKEN, n, 1, text) for n, text in enumerate(texts, 1)
    ]
    end = GenerationState.STOP
    return [*words, GenerationWord(ID, GenerationType.GENERATED, len(words), 1, state=end)]


@pytest.mark.parametrize(
    ("end", "state"),
    [
        ({"type": "response.completed", "status": "completed"}, GenerationState.STOP),
        ({"type": "response.incomplete", "status": "incomplete"}, GenerationState.LENGTH),
        ({"type": "response.incomplete", "status": "cancelled"}, GenerationState.CANCELLED),
        ({"type": "response.failed", "status": "failed"}, GenerationState.FAILED),
    ],
)
def test_each_end_is_a_state(end: dict[str, str], state: GenerationState) -> None:
    desk, transcript = MiniDesk(), Transcript()
    desk.end = end
    for event in desk.events():
        read_event(event, transcript)
    assert (transcript.state, transcript.text) == (state, "ABC")
    assert (transcript.failure is not None) == (state is GenerationState.FAILED)


def test_an_end_is_one_although_more_had_come_than_the_server_has_kept() -> None:
    asked, watched = Transcript(), Transcript(ID)
    for event in MiniDesk("ABC").events()[:7]:
        read_event(event, asked)
    for word in MiniDesk("ABC").words()[:4]:
        read_word(word, watched)
    error = {"code": "interrupted", "message": "killed"}
    failed = {"type": "response.failed", "response": RESPONSE | {"error": error}}
    read_event(failed | {"sequence_number": 5}, asked)
    end = {"T": "generated", "id": ID, "n": 2, "state": "interrupted", "code": "interrupted"}
    read_word(end, watched)
    late = Transcript(ID)
    late.take(3, "ABC")
    read_word(end | {"T": "generation", "n": 3, "text": "AB"}, late)
    for transcript in (asked, watched, late):
        assert (transcript.state, transcript.text) == (GenerationState.INTERRUPTED, "ABC")


def test_an_error_of_the_stream_is_a_failure() -> None:
    transcript = Transcript(ID)
    read_event({"type": "error", "code": "too_long", "message": "too long"}, transcript)
    assert (transcript.failure and transcript.failure.code) == "too_long"


@pytest.mark.parametrize(
    ("event", "words"),
    [
        ([], r"an event is an object with a type, not \[\]"),
        ({"type": "response.created"}, "has a sequence_number, not None"),
        (
            {"type": "response.output_text.delta", "sequence_number": 5, "delta": 1},
            "a delta is text, not 1",
        ),
        (
            {"type": "response.created", "sequence_number": 5, "response": {"id": "other"}},
            "has the id 'other'",
        ),
        (
            {"type": "response.output_text.delta", "sequence_number": 7, "delta": "x"},
            f"event 7 of {ID} follows on 4",
        ),
    ],
)
def test_what_is_not_as_the_api_has_it_is_refused(event: Any, words: str) -> None:
    transcript = Transcript(ID)
    transcript.take(4, "A")
    with pytest.raises(Malformed, match=words):
        read_event(event, transcript)


def test_words_of_others_are_not_taken() -> None:
    transcript = Transcript(ID)
    for word in ({"T": "mark"}, {"T": "token", "id": "gen_other", "n": 1, "text": "x"}):
        read_word(word, transcript)
    assert transcript.number is None


@pytest.mark.parametrize(
    ("word", "words"),
    [
        ({"T": "token", "n": "1", "text": "x"}, "a word has a number n and a text"),
        ({"T": "token", "n": 9, "text": "x"}, "event 9 of .* follows on 1"),
        ({"T": "generation", "n": 9, "text": "other"}, "is not how it began"),
        ({"T": "generated", "n": 2, "state": "lost"}, "a generation is one of running, stop"),
    ],
)
def test_what_is_not_as_the_dialect_has_it_is_refused(word: Any, words: str) -> None:
    transcript = Transcript(ID)
    transcript.take(1, "A")
    with pytest.raises(Malformed, match=words):
        read_word({"id": ID} | word, transcript)


@pytest.mark.parametrize(
    "word",
    [
        {"T": "error", "code": 401, "msg": "not authenticated"},
        {"T": "bye", "reason": "not authenticated", "reconnect": False},
    ],
)
def test_a_goodbye_for_good_is_a_refusal(word: Any) -> None:
    with pytest.raises(Refused, match="not authenticated"):
        read_word(word, Transcript(ID))
