"""The outbox of a room: one at a time, in order, each once, whatever is lost on the way."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feed.client.errors import Refused
from feed.client.link import Lost
from feed.client.rooms.actions import (
    Action,
    ChangeList,
    Delete,
    Edit,
    Say,
    Sent,
    Unsent,
    call_for,
)
from feed.client.rooms.errors import Unsaid
from feed.client.rooms.expected import entries_with
from feed.client.rooms.outbox import MOST_ACTIONS, MOST_LETTERS, Outbox
from feed.errors import InvalidParameter, LimitExceeded
from feed.market.room_words import EntryWord, RoomType
from feed.market.shared_list import in_order
from tests.client.rooms.lossy import LossyRoom, refused
from tests.client.rooms.words import entry


def held(outbox: Outbox, *actions: Action) -> list[Unsent]:
    return [outbox.add(f"{len(outbox.unsent)}", action, 7) for action in actions]


def test_what_is_held_is_due_in_order_and_goes_when_it_has_arrived() -> None:
    outbox = Outbox()
    first, second = held(outbox, Say("a"), Say("b"))
    assert outbox.next == first == Unsent("0", Say("a"), 7)
    assert outbox.settle("0", {"pos": "aaaa-7"}) == Sent("0", "aaaa-7")
    assert (outbox.next, outbox.unsent) == (second, (second,))
    assert outbox.settle("nobody", {}) == Sent("nobody", None)


def test_what_is_refused_stays_with_its_reason_until_it_is_discarded() -> None:
    outbox = Outbox()
    _, second = held(outbox, Say("a"), Say("b"))
    error = refused(403)
    kept = outbox.refuse("0", error)
    assert kept == Unsent("0", Say("a"), 7, error)
    assert outbox.next == second
    assert (len(outbox.unsent), outbox.waiting) == (2, (second,))
    assert outbox.discard("0") == kept
    assert outbox.discard("0") is None
    assert outbox.refuse("0", error) is None
    assert outbox.unsent == (second,)


def test_a_deletion_of_what_is_gone_is_done() -> None:
    for code in (404, 410):
        outbox = Outbox()
        held(outbox, Delete("m"))
        assert outbox.refuse("0", refused(code)) == Sent("0", None)
        held(outbox, Edit("m", "x"))
        assert isinstance(outbox.refuse("0", refused(code)), Unsent)


def clash(version: int, kind: str = "entry", note: str = "") -> Refused:
    there = {"T": kind, "symbol": "A", "version": version, "note": note}
    return refused(409, version=version, entry=there)


@pytest.mark.parametrize(
    ("change", "error", "is_done"),
    [
        (ChangeList("note", "A", 1, note="x"), clash(2, note="x"), True),
        (ChangeList("note", "A", 1, note="x"), clash(2, note="y"), False),
        (ChangeList("note", "A", 1, note="x"), clash(3, note="x"), False),
        (ChangeList("note", "A", 1, note="x"), clash(2, "removed"), False),
        (ChangeList("add", "A", 0), clash(1), True),
        (ChangeList("add", "A", 0, note="x"), clash(1), False),
        (ChangeList("remove", "A", 1), clash(2, "removed"), True),
        (ChangeList("remove", "A", 1), clash(2), False),
        (ChangeList("move", "A", 1), clash(2), False),
        (ChangeList("move", "A", 1), refused(409, version=2, entry="A"), False),
        (ChangeList("note", "A", 1, note="x"), refused(404), False),
    ],
)
def test_a_change_that_stands_in_its_own_way_is_done(
    change: ChangeList, error: Refused, is_done: bool
) -> None:
    outbox = Outbox()
    held(outbox, change)
    told = outbox.refuse("0", error)
    if is_done:
        assert told == Sent("0", None)
        assert outbox.version("A", 0) == change.version + 1
    else:
        assert isinstance(told, Unsent)
        there = error.problem.get("entry")
        assert told.entry == (there if isinstance(there, dict) else None)


def test_versions_count_what_waits_and_what_has_arrived() -> None:
    outbox = Outbox()
    assert outbox.version("A", 3) == 3
    held(outbox, ChangeList("note", "A", 3, note="x"), ChangeList("note", "B", 9, note="x"))
    assert (outbox.version("A", 3), outbox.version("C", 1)) == (4, 1)
    outbox.settle("0", {"pos": "aaaa-1"})
    assert outbox.version("A", 3) == 4, "its word may come later"
    assert outbox.version("A", 6) == 6
    assert outbox.version("A", 3) == 3
    outbox.settle("1", {"pos": "aaaa-2"})
    outbox.start_over()
    assert outbox.version("B", 1) == 1


def test_a_server_that_is_behind_what_was_counted_is_asked_again() -> None:
    outbox = Outbox()
    held(outbox, ChangeList("note", "A", 4, note="x"), ChangeList("note", "A", 5, note="y"))
    assert outbox.refuse("0", clash(1, note="z")) is None
    versions = [
        each.action.version for each in outbox.unsent if isinstance(each.action, ChangeList)
    ]
    assert versions == [1, 2]
    assert isinstance(outbox.refuse("0", clash(7)), Unsent), "somebody else was faster"


def test_what_was_removed_before_is_added_by_who_never_saw_it() -> None:
    outbox = Outbox()
    held(outbox, ChangeList("add", "A", 0), ChangeList("note", "A", 1, note="x"))
    assert outbox.refuse("0", clash(6, "removed")) is None
    changes = [each.action for each in outbox.unsent]
    assert [each.version for each in changes if isinstance(each, ChangeList)] == [6, 7]
    outbox.settle("0", {"pos": "aaaa-1"})
    assert isinstance(outbox.refuse("1", clash(9, "removed")), Unsent)


def test_what_waits_is_bounded() -> None:
    outbox = Outbox()
    for number in range(MOST_LETTERS // 4_000):
        outbox.add(f"{number}", Say("x" * 4_000), 0)
    with pytest.raises(LimitExceeded, match="characters that wait to be sent"):
        outbox.add("more", Edit("m", "x"), 0)
    outbox.add("delete", Delete("m"), 0)
    outbox.discard("0")
    outbox.add("less", Say("x"), 0)
    outbox = Outbox()
    for number in range(MOST_ACTIONS):
        outbox.add(f"{number}", Delete("m"), 0)
    with pytest.raises(LimitExceeded, match="what waits to be sent"):
        outbox.add("more", Delete("m"), 0)


@pytest.mark.parametrize(
    ("action", "parameter"),
    [
        *((Say(text), "text") for text in ("", " ", "x" * 4_001, "a\0", "\ud800", "\u202ex")),
        (Say(7), "text"),  # type: ignore[arg-type]
        (Edit("m", ""), "text"),
        *((Edit(id_, "x"), "message") for id_ in ("", "a b", "..", "m/n", "x" * 65)),
        (Delete("a\n"), "message"),
        (Delete(None), "message"),  # type: ignore[arg-type]
        *((ChangeList("add", symbol, 0), "symbol") for symbol in ("", "a?", "*", None, 7)),  # type: ignore[arg-type]
        (ChangeList("move", "A", 0, before="a?"), "before"),
        *((ChangeList("note", "A", 0, note=note), "note") for note in ("x" * 201, "a\nb", 7)),  # type: ignore[arg-type]
    ],
)
def test_what_no_server_takes_is_not_held(action: Action, parameter: str) -> None:
    outbox = Outbox()
    with pytest.raises(InvalidParameter) as error:
        outbox.add("0", action, 0)
    assert error.value.parameter == parameter
    assert outbox.unsent == ()


def test_what_is_unsaid_is_counted_in_words() -> None:
    outbox = Outbox()
    held(outbox, Say("a"), Say("b"))
    error = Unsaid("desk", outbox.unsent, "nobody answers")
    assert str(error) == "2 of what was said in the room desk is unsent: nobody answers"


def test_the_list_is_expected_as_it_will_be() -> None:
    listed: list[Any] = [entry("A", 2), entry("B", 1), entry("C", 1)]
    outbox = Outbox()
    held(
        outbox,
        ChangeList("note", "A", 2, note="x"),
        ChangeList("move", "A", 3),
        ChangeList("add", "D", 0, before="B"),
        ChangeList("remove", "C", 1),
        ChangeList("note", "E", 0, note="is not there"),
        ChangeList("add", "F", 0),
        Say("hm"),
    )
    outbox.refuse("5", refused(403))
    expected = entries_with(listed, outbox.unsent, "desk")
    assert [(each["symbol"], each["version"], each["note"]) for each in expected] == [
        ("D", 1, ""),
        ("B", 1, ""),
        ("A", 4, "x"),
    ]


_symbols = st.sampled_from("AB")
_changes = st.builds(
    ChangeList,
    st.sampled_from(["add", "remove", "note"]),
    _symbols,
    st.just(0),
    note=st.sampled_from([None, "x", "y"]),
)
_actions = st.lists(st.one_of(st.builds(Say, st.sampled_from("ab")), _changes), max_size=25)


@given(_actions, st.lists(st.booleans(), max_size=60), st.data())
def test_all_is_done_once_and_in_order_whatever_is_lost(
    actions: list[Action], losses: list[bool], data: Any
) -> None:
    """See that a lossy server ends as one that was told each action once, without loss."""
    chances = iter(losses)
    lossy, outbox = LossyRoom(lambda: next(chances, False)), Outbox()
    ideal, sure = LossyRoom(lambda: False), Outbox()
    known: dict[str, int] = {}
    for room in (lossy, ideal):  # somebody was there before
        room.entries = {"A": EntryWord("desk", RoomType.REMOVED, "A", 0, 4)}
    for number, action in enumerate(actions):
        for room, box in ((lossy, outbox), (ideal, sure)):
            wanted = action
            if isinstance(action, ChangeList):
                seen = known.get(action.symbol, 0) if room is lossy else _version(ideal, action)
                wanted = replace(action, version=box.version(action.symbol, seen))
            box.add(f"{number}", wanted, 0)
        _send(ideal, sure)
        if data.draw(st.booleans()):
            _send(lossy, outbox)
        if data.draw(st.booleans()):  # its words have come
            here = in_order(lossy.entries)
            known = {word.entry: word.version for word in here}
    _send(lossy, outbox)
    assert list(lossy.said.values()) == list(ideal.said.values())
    assert lossy.listed == ideal.listed
    assert [each.id for each in outbox.unsent] == [each.id for each in sure.unsent]


def _version(room: LossyRoom, change: ChangeList) -> int:
    word = room.entries.get(change.symbol)
    return 0 if word is None else word.version


def _send(room: LossyRoom, outbox: Outbox) -> None:
    """Send what waits, each until there is an answer."""
    while (due := outbox.next) is not None:
        try:
            outbox.settle(due.id, room.do(call_for("desk", "", due)))
        except Lost:
            continue
        except Refused as error:
            outbox.refuse(due.id, error)
