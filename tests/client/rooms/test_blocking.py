"""A room without async. Its server runs on a loop in another thread."""

import pytest

import feed
from feed.client.errors import Refused
from feed.client.rooms import state
from tests.client.rooms.served import served_rooms
from tests.fakes.patience import PATIENCE_S


def test_somebody_talks_and_keeps_a_list_without_async(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(state, "TYPING_S", PATIENCE_S)  # it is looked at after all the rest
    with served_rooms() as url, feed.room_blocking(url, "desk", name="Ann") as room:
        room.open()
        sent = room.say("a")
        room.edit(sent.id, "b")
        room.list.add("AAPL", note="x")
        room.list.add("MSFT", before="AAPL")
        room.list.note("MSFT", "y")
        room.list.move("MSFT")
        room.list.remove("AAPL")
        assert room.delete(room.say("c").id).position is not None
        room.type()
        with pytest.raises(Refused, match="there is no message nope"):
            room.edit("nope", "x")
        kinds = []
        for event in room:
            kinds.append(event["T"])
            if event["T"] == "unpublished":
                room.discard(event["id"])
            if {"typing", "unpublished", "removed"} <= set(kinds):
                break
        (message,) = room.messages
        assert (message["text"], message["by"]) == ("b", room.by)
        assert [entry["note"] for entry in room.entries] == ["y"]
        assert room.expected == room.entries
        assert [member.get("name") for member in room.members] == ["Ann"]
        assert len(room.typing) == 1
        assert room.unsent == ()
    assert list(room.room.messages) == [message]


def test_it_is_used_in_a_block() -> None:
    room = feed.room_blocking("http://127.0.0.1:9", "desk")
    with pytest.raises(RuntimeError, match="a blocking room is used in a with block"):
        room.say("x")
