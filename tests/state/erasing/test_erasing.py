"""What was deleted is in no file of the directory any more, whenever the process ends."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog
from aiohttp import web

from feed.broadcast.log import Deletion
from feed.http.app import HUB, INGEST, KEEPER, ROOMS
from feed.market.room_words import MessageWord
from feed.market.word_channels import WordChannel
from feed.state import records, writer
from feed.state.cell import Unreadable
from feed.state.directory import Directory
from feed.state.erasing import eraser, redo, walk
from feed.state.erasing.eraser import Eraser
from feed.state.erasing.walk import Walk
from feed.state.recovery import Recovery
from feed.trust.identity import ANONYMOUS
from feed.wire.room_requests import Delete, Edit, Publish
from tests.fakes.patience import until
from tests.state.erasing.test_texts import encode, said
from tests.state.numbers import give, killed, life, written

SECRET = "half past nine"
LATER = "half past ten"


@pytest.fixture(autouse=True)
def _no_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(eraser, "REST_S", 0.0)
    monkeypatch.setattr(eraser, "RETRY_S", 0.02)


async def publish(app: web.Application, id_: str, text: str = SECRET, room: str = "desk") -> None:
    asked = Publish(action="publish", room=room, text=text, id=id_)
    assert (await app[ROOMS].publish(ANONYMOUS, "", asked)).durable is not None


async def edit(app: web.Application, id_: str, text: str) -> None:
    await app[ROOMS].edit(ANONYMOUS, "", Edit(action="edit", room="desk", id=id_, text=text))


async def delete(app: web.Application, *ids: str) -> None:
    for id_ in ids:
        await app[ROOMS].delete(ANONYMOUS, "", Delete(action="delete", room="desk", id=id_))


def holding(directory: Path, text: str = SECRET) -> list[str]:
    """Return the files below a directory that hold a text."""
    files = (path for path in directory.rglob("*") if path.is_file())
    return sorted(
        str(path.relative_to(directory)) for path in files if text.encode() in path.read_bytes()
    )


async def erased(app: web.Application) -> None:
    await until(lambda: not app[KEEPER].eraser.pending)


def texts(app: web.Application) -> list[str]:
    here = app[HUB].broadcast.keyed.here(WordChannel.ROOMS, "desk")
    return [word.text for word in here if isinstance(word, MessageWord)]


@pytest.mark.parametrize("is_checkpointed", [True, False])
async def test_no_file_has_the_text_of_a_deleted_message(
    tmp_path: Path, *, is_checkpointed: bool
) -> None:
    state = tmp_path / "state"
    async with life(state) as app:
        await give(app, 3)
        await publish(app, "m1")
        await publish(app, "m2", "this stays")
        await edit(app, "m1", LATER)
        await give(app, 2)
        await written(app)
        if is_checkpointed:
            await app[KEEPER].checkpoint(app[INGEST])
        assert {"tail", *(path.name for path in state.glob("log-*"))} <= set(holding(state))
        assert ("checkpoint" in holding(state, LATER)) == is_checkpointed
        await delete(app, "m1")
        await erased(app)
        assert holding(state) == holding(state, LATER) == []
        assert holding(state, "this stays")
        assert app[KEEPER].checkpoints == (3 if is_checkpointed else 1), "only where it is needed"
        known = app[HUB].broadcast.ring.newest
        copy = killed(state, tmp_path / "killed")
    assert holding(state) == holding(state, LATER) == []
    for directory, recovery in ((state, Recovery.CLEAN), (copy, Recovery.KILLED)):
        async with life(directory) as app:
            assert app[KEEPER].found.recovery is recovery
            assert app[HUB].broadcast.ring.newest == known
            assert texts(app) == ["this stays"]
            assert holding(directory) == holding(directory, LATER) == []


async def test_a_kill_before_the_files_are_walked_leaves_it_to_the_next_server(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    state = tmp_path / "state"
    with monkeypatch.context() as idle:
        idle.setattr(Eraser, "run", lambda *_: asyncio.sleep(3_600))
        async with life(state) as app:
            await publish(app, "m1")
            await edit(app, "m1", LATER)
            await written(app)
            await app[KEEPER].checkpoint(app[INGEST])
            await delete(app, "m1")
            copy = killed(state, tmp_path / "killed")
        assert not holding(state), "the end in order erases it"
    assert "checkpoint" in holding(copy, LATER)
    assert holding(copy)
    async with life(copy) as app:
        assert app[KEEPER].found.recovery is Recovery.KILLED
        await erased(app)
        assert holding(copy) == holding(copy, LATER) == []
    async with life(copy) as app:
        assert not app[KEEPER].eraser.pending, "once"


async def test_what_another_process_was_told_is_erased_in_all_its_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer, "FILE_BYTES", 400)  # so that there are many
    monkeypatch.setattr(walk, "PIECE_BYTES", 300)
    state = tmp_path / "state"
    async with life(state) as app:
        for number in range(5):
            await publish(app, f"m{number}", f"{SECRET} {number}")
            await give(app, 9)
            await written(app)
    async with life(state) as app:
        await edit(app, "m1", LATER)
        await edit(app, "m3", f"{SECRET} sharp")
        await give(app, 9)
        await written(app)
        files = len(list(state.glob("log-*")))
        assert files > 4
        await delete(app, "m0", "m1", "m3", "m4")
        await erased(app)
        assert holding(state, LATER) == []
        assert holding(state) == holding(state, f"{SECRET} 2") != []
        assert len(list(state.glob("log-*"))) >= files
    async with life(state) as app:
        assert app[KEEPER].found.recovery is Recovery.CLEAN
        assert texts(app) == [f"{SECRET} 2"]


async def test_what_was_put_aside_does_not_have_it_either(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    state = tmp_path / "state"
    with monkeypatch.context() as idle:
        idle.setattr(Eraser, "run", lambda *_: asyncio.sleep(3_600))
        async with life(state) as app:
            await publish(app, "m0", LATER)
            await publish(app, "m1")
            await written(app)
            await app[KEEPER].checkpoint(app[INGEST])
            await delete(app, "m0")
            await written(app)
            copy = killed(state, tmp_path / "killed")
    cell = copy / "cell"
    cell.write_bytes(cell.read_bytes()[:-1])
    assert len(holding(copy, LATER)) > 2
    async with life(copy) as app:
        assert app[KEEPER].found.recovery is Recovery.REFUSED
        assert not holding(copy, LATER), "the files say that it is deleted"
        assert holding(copy)
        await publish(app, "m1", "another one")
        await delete(app, "m1")
        await erased(app)
        assert not holding(copy)


async def test_what_is_put_aside_while_a_server_runs_does_not_have_it_either(
    tmp_path: Path,
) -> None:
    state = tmp_path / "state"
    async with life(state) as app:
        await publish(app, "m1")
        await written(app)
        (state / "lock").unlink()
        assert await app[KEEPER].checkpoint(app[INGEST]), "the directory is begun anew"
        assert any(path.startswith("refused-") for path in holding(state))
        await delete(app, "m1")
        await erased(app)
        assert not holding(state)


async def test_a_kill_amid_writing_over_is_made_good(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    state, finish = tmp_path / "state", redo.finish
    torn = tmp_path / "torn"

    def tear(directory: Directory, overwrites: list[redo.Overwrite]) -> None:
        [one] = overwrites
        half = redo.Overwrite(one.log, one.at, one.data[: len(one.data) // 2])
        with directory.log(one.log).open("r+b") as file:
            file.seek(half.at)
            file.write(half.data)
        killed(directory.path, torn)
        finish(directory, overwrites)

    async with life(state) as app:
        await give(app, 3)
        await publish(app, "m1")
        await give(app, 2)
        monkeypatch.setattr(redo, "finish", tear)
        await delete(app, "m1")
        await erased(app)
        known = app[HUB].broadcast.ring.newest
    monkeypatch.undo()
    [path] = torn.glob("log-*")
    with pytest.raises(Unreadable):
        list(records.decode(path.read_bytes(), app[HUB].broadcast.ring.epoch))
    async with life(torn) as app:
        assert app[KEEPER].found.recovery is Recovery.KILLED
        assert app[HUB].broadcast.ring.newest == known
        assert holding(torn) == []
        assert not (torn / "redo").exists()


async def test_what_cannot_be_erased_is_told_once_and_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    walks: list[None] = []

    def full(*_: object) -> None:
        walks.append(None)
        raise OSError(28, "No space left on device")

    state = tmp_path / "state"
    async with life(state) as app:
        await publish(app, "m1")
        with monkeypatch.context() as disk, structlog.testing.capture_logs() as logs:
            disk.setattr(walk, "write_over", full)
            await delete(app, "m1")
            await until(lambda: len(walks) > 2)
        assert [entry["event"] for entry in logs if entry["log_level"] == "error"] == [
            "erasing_failed"
        ]
        assert holding(state)
        await erased(app)
        assert not holding(state)


async def test_a_log_that_takes_nothing_is_erased_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    state = tmp_path / "state"
    async with life(state) as app:
        await publish(app, "m1")
        await written(app)
        app[KEEPER].writer.give_up("the disk does not keep up")
        monkeypatch.setattr(writer.Writer, "take_again", lambda _: None)
        await delete(app, "m1")
        await erased(app)
        assert not holding(state)
        assert app[KEEPER].writer.durable is None


@pytest.fixture
def directory(tmp_path: Path) -> Iterator[Directory]:
    opened = Directory(tmp_path)
    yield opened
    opened.unlock()


def test_a_corrupt_neighbour_is_left_alone_and_told(directory: Directory) -> None:
    whole = [encode([said()], number) for number in range(1, 4)]
    broken = bytearray(whole[1])
    broken[-2] ^= 1
    path = directory.log(1)
    path.write_bytes(records.file_head("abcd2345") + whole[0] + bytes(broken) + whole[2])
    size = path.stat().st_size
    walked = Walk(directory, lambda: None)
    walked.erase([Deletion("desk", "m1", 1, 9)])
    data = path.read_bytes()
    assert (data.count(SECRET.encode()), len(data)) == (1, size)
    assert bytes(broken) in data
    assert (walked.changed, walked.left) == ({path}, {path.name})


def test_only_files_that_may_have_it_are_read(directory: Directory) -> None:
    for number in (1, 11, 21):
        record = encode([said(text=f"{SECRET} {number}")], number)
        directory.log(number).write_bytes(records.file_head("abcd2345") + record)
    Walk(directory, lambda: None).erase([Deletion("desk", "m1", 12, 15)])
    assert holding(directory.path) == [directory.log(1).name, directory.log(21).name]


def test_a_redo_file_is_read_back_and_refused_where_a_byte_of_it_differs() -> None:
    known = [redo.Overwrite(7, 44, b"one"), redo.Overwrite(1 << 60, 9, b"other")]
    data = redo.encode(known)
    assert redo.decode(data) == known
    for at in range(len(data)):
        with pytest.raises(Unreadable):
            redo.decode(data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :])


def test_a_log_goes_on_between_two_pieces(
    directory: Directory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(walk, "PIECE_BYTES", 400)
    one = encode([said("m2")], 1)
    directory.log(1).write_bytes(records.file_head("abcd2345") + one * 40)
    pauses: list[None] = []
    Walk(directory, lambda: pauses.append(None)).erase([Deletion("desk", "m1", 0, 99)])
    assert len(pauses) >= len(one) * 40 // 400
