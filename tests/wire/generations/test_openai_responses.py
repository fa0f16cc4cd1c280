"""The numbers of events, and the rest of a stream after each of them."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feed.errors import InvalidParameter
from feed.market.generation_words import GenerationState, GenerationWord
from feed.wire.generations.asked import NO_ECHO, Echo
from feed.wire.generations.openai_responses import (
    Record,
    ResponsesCodec,
    answer,
    events_after,
    words_upto,
)
from tests.fakes.frame_reader import read_sse
from tests.wire.generations.logs import ENDS, FAILURES, folded, log_of, objects, texts

ECHO = Echo(instructions="be brief", temperature=0.5, metadata=(("k", "v"),), background=True)


def stream_of(log: list[GenerationWord], words: list[GenerationWord] | None = None) -> bytes:
    codec = ResponsesCodec(lambda _: Record(log))
    return codec.join(codec.encode(log if words is None else words))


def numbers(stream: bytes) -> list[int]:
    return [each["sequence_number"] for each in objects(stream)]


@pytest.mark.parametrize("state", ENDS)
def test_events_are_numbered_without_gaps(state: GenerationState) -> None:
    log = log_of(["a", "", "b"], state)
    more = 0 if state in FAILURES else 3
    assert numbers(stream_of(log)) == list(range(4 + 3 + 1 + more))
    assert [got.id for got in read_sse(stream_of(log))] == list(map(str, numbers(stream_of(log))))
    assert all(
        got.name == each["type"]
        for got, each in zip(read_sse(stream_of(log)), objects(stream_of(log)), strict=True)
    )


@settings(max_examples=20, deadline=None)
@given(texts, st.sampled_from(list(GenerationState)))
def test_whoever_resumes_after_any_event_gets_exactly_the_rest(
    said: list[str], state: GenerationState
) -> None:
    log = log_of(said, state)
    events = [f"id: {each}" for each in stream_of(log).decode().split("id: ")[1:]]
    assert events_after(log).decode() == "".join(events)
    for number in range(len(events)):
        rest = "".join(events[number + 1 :])
        if state is GenerationState.INTERRUPTED:
            rest = rest or events[-1]
        assert events_after(log, number).decode() == rest


@settings(max_examples=20, deadline=None)
@given(texts.filter(bool), st.integers(0, 5))
def test_words_that_are_said_later_follow_what_was_read(said: list[str], count: int) -> None:
    log = log_of(said)
    now = log[: 1 + count]
    later = stream_of(log, log[1 + count :])
    assert events_after(now) + later == events_after(log)
    last = numbers(events_after(now))[-1]
    assert events_after(now, last) + later == events_after(log, last)


@pytest.mark.parametrize("wrong", [-1, 11, 1 << 64])
def test_a_number_that_no_event_has_is_refused(wrong: int) -> None:
    with pytest.raises(InvalidParameter, match="a sequence_number from 0 to 10") as refused:
        events_after(log_of(["a", "b", "c"])[:-1] + log_of(["a", "b", "c"])[-1:], wrong)
    assert refused.value.parameter == "starting_after"


def test_a_running_generation_is_resumed_after_its_last_event_only() -> None:
    running = log_of(["a", "b"], GenerationState.RUNNING)
    assert events_after(running, 5) == b""
    with pytest.raises(InvalidParameter, match="from 0 to 5"):
        events_after(running, 6)


def test_an_event_is_the_last_of_so_many_words() -> None:
    log = log_of(["a", "b"])
    events = range(10)
    assert [words_upto(number, log[-1]) for number in events] == [0, 0, 0, 1, 2, 3, 4, 4, 4, 4]
    read = [numbers(events_after(log[:count]))[-1] for count in (1, 2, 3)]
    assert [words_upto(number, log[2]) for number in read] == [1, 2, 3]


def test_within_a_state_nobody_resumes() -> None:
    log = log_of(["a", "b", "c", "d"])
    kept = [folded(log, 4), *log[4:]]  # three tokens in one text
    assert numbers(events_after(kept, 3)) == [6, 7, 8, 9, 10, 11]
    assert objects(events_after(kept, 3))[0]["delta"] == "abc"
    for number in (4, 5):
        with pytest.raises(InvalidParameter, match="0 to 3, or 6 and more"):
            events_after(kept, number)
    assert numbers(events_after(kept, 6)) == numbers(events_after(log, 6))


def test_a_state_that_is_over_is_resumed_within_its_end() -> None:
    log = log_of(["a", "b"])
    kept = [folded(log, len(log))]
    assert numbers(events_after(kept)) == [0, 1, 2, 3, 5, 6, 7, 8, 9]
    assert numbers(events_after(kept, 7)) == [8, 9]
    assert objects(events_after(kept))[-1]["response"]["output"] == answer(log)["output"]


def test_what_an_interruption_lost_is_no_reason_not_to_tell_of_it() -> None:
    log = log_of(["a"], GenerationState.INTERRUPTED)  # of a client that has read more
    assert objects(events_after(log, 50))[0]["type"] == "response.failed"


def test_the_end_repeats_the_whole_text() -> None:
    log = log_of(["a", "b"])
    done, part, item, completed = objects(stream_of(log, log[-1:]))
    assert done["text"] == part["part"]["text"] == "ab"
    assert item["item"] == completed["response"]["output"][0] == answer(log)["output"][0]
    assert completed["response"] == answer(log)


def test_an_answer_without_its_text_is_no_success() -> None:
    codec = ResponsesCodec(lambda _: None)
    for state in (GenerationState.STOP, GenerationState.LENGTH):
        [event] = objects(codec.encode(log_of(["a"], state)[-1:])[0])
        assert event["type"] == "response.failed"
        assert event["response"]["error"]["code"] == "not_kept"
        assert event["response"]["output"] == []


def test_an_answer_that_was_cancelled_and_forgotten_is_cancelled() -> None:
    codec = ResponsesCodec(lambda _: None)
    [event] = objects(codec.encode(log_of(["a"], GenerationState.CANCELLED)[-1:])[0])
    assert (event["type"], event["response"]["status"]) == ("response.incomplete", "cancelled")


def test_responses_repeat_what_was_asked() -> None:
    log = log_of(["a"])
    codec = ResponsesCodec(lambda _: Record(log, ECHO))
    events = objects(codec.join(codec.encode(log)))
    for response in (events[0]["response"], events[-1]["response"], answer(log, ECHO)):
        assert response["instructions"] == "be brief"
        assert response["temperature"] == 0.5
        assert response["metadata"] == {"k": "v"}
        assert response["background"] is True
    assert answer(log, NO_ECHO)["metadata"] == {}


def test_responses_show_the_facts_from_beginning_to_end() -> None:
    log = log_of(["a"], facts="AAPL 1.0")
    events = objects(stream_of(log))
    shown = {"facts": "AAPL 1.0", "as_of": "k3-7"}
    assert events[0]["response"]["feed"] == events[-1]["response"]["feed"] == shown


def test_codecs_are_one_lane_whatever_they_look_things_up_in() -> None:
    one, other = ResponsesCodec(lambda _: None), ResponsesCodec(lambda _: Record([]))
    assert one == other
    assert hash(one) == hash(other)
