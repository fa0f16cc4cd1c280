"""The state of a room: each change is news once, and what a snapshot leaves out is gone."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feed.client.errors import Malformed
from feed.client.rooms.state import MOST_REMOVED, RoomState
from feed.client.rooms.words import RoomWord, part_of, word_of
from tests.client.rooms.words import entry, message, word


def take(state: RoomState, *words: RoomWord, snapshot: bool = False) -> list[str]:
    """Return the kinds of what is news."""
    return [each["T"] for each in state.take(words, 0.0, snapshot=snapshot)]


def test_what_is_told_twice_is_news_once() -> None:
    state = RoomState("desk")
    said = [message("b", number=2), message("a", number=1), word("present"), entry("AAPL")]
    assert take(state, *said) == ["message", "message", "present", "entry"]
    assert take(state, *said) == []
    assert [each["id"] for each in state.messages] == ["a", "b"]
    assert (len(state.members), len(state.entries)) == (1, 1)


def test_an_edit_changes_what_is_known_and_nothing_else() -> None:
    state = RoomState("desk")
    edit = word("edited", 5, id="a", text="y")
    assert take(state, edit) == []
    assert take(state, message("a"), edit, edit) == ["message", "edited"]
    (kept,) = state.messages
    assert (kept["text"], kept.get("edited")) == ("y", "2026-01-02T00:00:05Z")
    assert take(state, word("deleted", id="a"), word("deleted", id="a")) == ["deleted"]
    assert state.messages == ()


def test_the_list_is_in_the_order_of_places_and_removed_versions_stay_known() -> None:
    state = RoomState("desk")
    take(state, entry("B", place=2), entry("A", place=2), entry("C", 4, place=1))
    assert [each["symbol"] for each in state.entries] == ["C", "A", "B"]
    assert take(state, word("removed", symbol="C", version=5)) == ["removed"]
    assert (state.version("C"), state.version("A"), state.version("D")) == (5, 1, 0)
    for number in range(MOST_REMOVED):
        take(state, entry(f"X{number}"), word("removed", symbol=f"X{number}", version=2))
    assert state.version("C") == 0


def test_who_types_has_stopped_after_a_while_or_by_speaking() -> None:
    state = RoomState("desk")
    typing, other = word("typing"), word("typing", name="Bob")
    assert state.take([typing, other, typing], 10.0, snapshot=False) == [typing, other, typing]
    assert state.typing(12.9) == (typing, other)
    take(state, message("a"))
    assert state.typing(12.9) == (other,)
    assert state.typing(13.1) == ()


def test_a_snapshot_tells_what_is_gone_of_the_channels_that_it_restates() -> None:
    state = RoomState("desk")
    take(state, message("a"), message("b"), entry("AAPL", 3), word("present"))
    assert take(state, message("b"), snapshot=True) == []
    gone = state.end_snapshot(of_all=False)
    assert [(each["T"], part_of(each)) for each in gone] == [
        ("deleted", "message a"),
        ("removed", "entry AAPL"),
    ]
    assert len(state.members) == 1, "nothing was told of presence"
    assert [each["T"] for each in state.end_snapshot(of_all=True)] == ["deleted", "absent"]
    assert not state.messages
    assert not state.members


def test_a_snapshot_that_is_cut_off_takes_nothing_away() -> None:
    state = RoomState("desk")
    take(state, message("a"), message("b"))
    take(state, message("b"), snapshot=True)
    state.restart()
    assert state.end_snapshot(of_all=False) == []
    assert len(state.messages) == 2


def test_words_of_other_rooms_and_channels_are_none_of_ours() -> None:
    assert take(RoomState("desk"), message("a", room="floor")) == []
    assert word_of({"T": "generation", "id": "gen_"}) is None


@pytest.mark.parametrize(
    "told",
    [
        {"T": "message", "room": "desk", "by": "own_a", "t": "x", "id": "a"},
        {"T": "message", "room": 7, "by": "own_a", "t": "x", "id": "a", "text": ""},
        {"T": "entry", "room": "desk", "by": "own_a", "t": "x", "symbol": "A", "version": "1"},
    ],
)
def test_a_word_that_lacks_something_is_malformed(told: dict[str, Any]) -> None:
    with pytest.raises(Malformed, match=f"a word {told['T']} has room, by, t"):
        word_of(told)


_words = st.one_of(
    st.builds(message, st.sampled_from("ab"), st.sampled_from("xy")),
    st.builds(
        lambda id_, text: word("edited", id=id_, text=text), st.sampled_from("ab"), st.just("z")
    ),
    st.builds(lambda id_: word("deleted", id=id_), st.sampled_from("ab")),
    st.builds(entry, st.sampled_from("AB"), st.integers(1, 3)),
    st.builds(lambda name: word("absent", name=name), st.sampled_from(["Ann", "Bob"])),
    st.builds(lambda name: word("present", name=name), st.sampled_from(["Ann", "Bob"])),
)


@given(st.lists(_words), st.data())
def test_whoever_folds_what_is_news_has_the_state(words: list[RoomWord], data: Any) -> None:
    """See that news alone are enough, wherever a snapshot restates what is there."""
    state, folded = RoomState("desk"), RoomState("desk")
    for each in words:
        folded.take(state.take([each], 0.0, snapshot=False), 0.0, snapshot=False)
        if data.draw(st.integers(0, 4)) == 0:
            kept = data.draw(st.permutations([*state.messages, *state.members, *state.entries]))
            dropped = kept[: data.draw(st.integers(0, 1))]
            for one in kept[len(dropped) :]:
                assert state.take([one], 0.0, snapshot=True) == []
            told = state.end_snapshot(of_all=True)
            assert len(told) == len(dropped)
            folded.take(told, 0.0, snapshot=False)
        assert (state.messages, state.members) == (folded.messages, folded.members)
        assert state.entries == folded.entries
