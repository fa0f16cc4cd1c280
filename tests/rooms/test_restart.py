"""Rooms over a restart, and over a kill: what was said, and that it was."""

from pathlib import Path

import pytest
from aiohttp import web

from feed.errors import Clash, Missing
from feed.http.app import HUB, ROOMS
from feed.market.room_words import EntryWord, MessageWord
from feed.market.word_channels import WordChannel
from feed.trust.identity import ANONYMOUS
from feed.wire.room_requests import ChangeList, Delete, Edit, ListOp, Publish
from tests.state.numbers import killed, life


def message(text: str, id_: str) -> Publish:
    return Publish(action="publish", room="desk", text=text, id=id_)


def texts(app: web.Application) -> dict[str, str]:
    here = app[HUB].broadcast.keyed.here(WordChannel.ROOMS, "desk")
    said = {word.id: word.text for word in here if isinstance(word, MessageWord)}
    return said | {word.entry: word.note for word in here if isinstance(word, EntryWord)}


@pytest.mark.parametrize("is_killed", [True, False])
async def test_a_room_is_the_same_after_a_restart(tmp_path: Path, *, is_killed: bool) -> None:
    state = tmp_path / "state"
    async with life(state) as app:
        rooms = app[ROOMS]
        first = await rooms.publish(ANONYMOUS, "", message("halted?", "m1"))
        assert first.durable
        await rooms.publish(ANONYMOUS, "", message("gone", "m2"))
        await rooms.publish(ANONYMOUS, "", message("hlat", "m3"))
        edit = Edit(action="edit", room="desk", id="m3", text="halt")
        assert (await rooms.edit(ANONYMOUS, "", edit)).durable
        delete = Delete(action="delete", room="desk", id="m2")
        await rooms.delete(ANONYMOUS, "", delete)
        entry = ChangeList(action="list", room="desk", op=ListOp.ADD, symbol="AAPL", note="x")
        await rooms.change_list(ANONYMOUS, "", entry)
        rooms.presence.enter(ANONYMOUS, "desk", "Ann", 1)
        app[HUB].cutter.cut()
        known = texts(app)
        if is_killed:
            state = killed(state, tmp_path / "killed")
    assert known == {"m1": "halted?", "m3": "halt", "AAPL": "x"}
    async with life(state) as app:
        rooms = app[ROOMS]
        app[HUB].cutter.cut()
        assert texts(app) == known
        ring = app[HUB].broadcast.ring
        held = str([event for _, event in ring.held()])
        assert "halted?" in held
        assert "gone" not in held, "the log has it still"
        assert app[HUB].broadcast.keyed.here(WordChannel.PRESENCE, "desk") == []
        again = await rooms.publish(ANONYMOUS, "", message("halted?", "m1"))
        assert (again.is_again, again.sequence) == (True, first.sequence)
        with pytest.raises(Clash):
            await rooms.publish(ANONYMOUS, "", message("other", "m1"))
        with pytest.raises(Missing) as caught:
            await rooms.publish(ANONYMOUS, "", message("gone", "m2"))
        assert caught.value.was_there
        assert (await rooms.change_list(ANONYMOUS, "", entry)).sequence == 0
