"""One server after the other on one directory: what the next one takes up."""

import asyncio
import os
import shutil
import threading
from array import array
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import structlog
from aiohttp import web

from feed.broadcast.log import Record
from feed.errors import InvalidParameter
from feed.http.app import HUB, INGEST, KEEPER, make_app
from feed.http.protocol.runner import Runner
from feed.ingest.runner import Ingest
from feed.market.symbols import ALL
from feed.market.ticks import Bar, Channel, Kind
from feed.program.end_signals import EndSignals
from feed.program.leaving import leave
from feed.settings.options import Settings
from feed.sources.simulated.instruments import find_instruments
from feed.sources.simulated.market import Market
from feed.sources.simulated.source import SimulatedSource
from feed.state import cell, checkpoint, keeper, tail, writer, writing
from feed.state.cell import Cell, Mark
from feed.state.directory import Directory
from feed.state.keeper import Keeper
from feed.state.recovery import Recovery
from feed.state.tail import Tail
from feed.state.writer import Writer
from tests.fakes.patience import PATIENCE_S, until
from tests.state.numbers import Numbers, give, killed, life, numbers_of, reached, written


async def test_a_server_that_ended_in_order_is_gone_on_with(tmp_path: Path) -> None:
    state = tmp_path / "state"
    async with life(state) as app:
        await give(app, 3, 4)
        epoch, times = app[HUB].broadcast.ring.epoch, ingested(app)
    async with life(state) as app:
        ring = app[HUB].broadcast.ring
        assert app[KEEPER].found.recovery is Recovery.CLEAN
        assert (ring.epoch, ring.newest, ring.is_whole) == (epoch, 7, True)
        assert ingested(app) == times
        await give(app, 2)
        assert numbers_of(app) == [*range(1, 10)]
    async with life(state) as app:
        assert (app[HUB].broadcast.ring.epoch, numbers_of(app)) == (epoch, [*range(1, 10)])


def ingested(app: web.Application) -> list[int]:
    ring = app[HUB].broadcast.ring
    return [ring.ingested_ns(sequence) for sequence in range(1, ring.newest + 1)]


async def test_what_comes_before_the_first_checkpoint_is_there_after_an_end_in_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    state, begin, run = tmp_path / "state", asyncio.Event(), Keeper.run

    async def late(kept: Keeper, ingest: Ingest) -> None:
        await begin.wait()
        await run(kept, ingest)

    monkeypatch.setattr(Keeper, "run", late)
    app = await make_app(Settings(port=0, state=state), Numbers())
    runner = Runner(app, app[HUB])
    await runner.setup()
    try:
        await give(app, 3)
        await written(app)
        assert app[KEEPER].writer.durable is None
        copy = killed(state, tmp_path / "killed")
        begin.set()
        await until(lambda: app[KEEPER].writer.durable == 3)
        await give(app, 2)
    finally:
        await runner.cleanup()
    monkeypatch.undo()
    async with life(state) as app:
        assert numbers_of(app) == [1, 2, 3, 4, 5]
        assert app[HUB].broadcast.ring.is_whole
    async with life(copy) as app:
        assert app[KEEPER].found.recovery is Recovery.UNLOGGED


async def test_every_file_of_the_log_is_on_the_disk_before_the_state_is_marked_clean(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer, "FILE_BYTES", 200)
    fsync, synced, state = os.fsync, set[int](), tmp_path / "state"

    def note(fd: int) -> None:
        synced.add(os.fstat(fd).st_ino)
        fsync(fd)

    async with life(state) as app:
        for _ in range(3):
            await give(app, 4)
            await written(app)
        monkeypatch.setattr(os, "fsync", note)
    logs = list(state.glob("log-*"))
    assert len(logs) == 3
    assert {each.stat().st_ino for each in logs} <= synced


async def test_the_last_checkpoint_waits_for_one_that_is_under_way(tmp_path: Path) -> None:
    state = tmp_path / "state"
    async with life(state) as app:
        await give(app, 3)
        early = asyncio.create_task(app[KEEPER].checkpoint(app[INGEST]))
        await asyncio.sleep(0)  # it has begun
        await give(app, 4)
        await app[INGEST].stop()
        await app[KEEPER].close(app[INGEST])
        assert await early
        assert not await app[KEEPER].checkpoint(app[INGEST])
    async with life(state) as app:
        assert app[KEEPER].found.recovery is Recovery.CLEAN
        assert numbers_of(app) == [*range(1, 8)]


@pytest.mark.parametrize("is_begun", [True, False])
async def test_a_server_ends_in_order_while_a_checkpoint_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_begun: bool
) -> None:
    write, begun, goes_on = writing.write_parts, threading.Event(), threading.Event()

    def wait(path: Path, parts: Any, pause: Callable[[], object], *, sync: bool) -> int:
        begun.set()
        goes_on.wait()
        return write(path, parts, pause, sync=sync)

    state = tmp_path / "state"
    async with life(state) as app:
        await give(app, 3)
        monkeypatch.setattr(writer, "write_parts", wait)
        checkpoints = [asyncio.create_task(app[KEEPER].checkpoint(app[INGEST]))]
        await until(begun.is_set)
        if not is_begun:  # it waits behind another one, of which nobody waits for the end
            checkpoints[0].cancel()
            checkpoints.append(asyncio.create_task(app[KEEPER].checkpoint(app[INGEST])))
            await until(lambda: len(app[KEEPER].writer._queue) == 1)
        checkpoints[-1].cancel()
        await asyncio.wait(checkpoints)
        goes_on.set()
    async with life(state) as app:
        assert app[KEEPER].found.recovery is Recovery.CLEAN
        assert numbers_of(app) == [1, 2, 3]


@pytest.mark.parametrize("drain_s", [0, 1])
async def test_the_state_is_marked_clean_before_anybody_is_sent_away(
    tmp_path: Path, drain_s: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    state, marks = tmp_path / "state", []
    app = await make_app(Settings(port=0, state=state), Numbers())
    runner = Runner(app, app[HUB])
    await runner.setup()
    await until(lambda: app[KEEPER].checkpoints)
    await give(app, 3)

    def mark() -> Mark:
        return cell.decode((state / "cell").read_bytes()).mark

    async def send_away() -> None:
        marks.append(mark())

    for name in ("drain", "finish"):
        monkeypatch.setattr(app[HUB].departure, name, send_away)
    assert mark() is Mark.RUNNING
    await leave(runner, EndSignals(), drain_s)
    await runner.cleanup()
    assert marks == [Mark.CLEAN] * (2 if drain_s else 1)


async def test_the_log_goes_on_while_a_long_checkpoint_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with life(tmp_path / "state") as app:
        logging, seen = app[KEEPER].writer, list[int]()

        def parts(_: object) -> Iterator[object]:
            logging.append(Record(100, array("q", [1]), 0, 0, b"[]"), 0, 0)
            for _ in range(2):
                yield b"x" * 84
                seen.append(logging.queued_bytes)

        monkeypatch.setattr(writing, "_PIECE_BYTES", 10)
        monkeypatch.setattr(checkpoint, "pack", parts)
        assert await app[KEEPER].checkpoint(app[INGEST])
        assert seen == [0, 0]
        monkeypatch.undo()


async def test_nobody_else_may_read_a_state(tmp_path: Path) -> None:
    state = tmp_path / "state"
    state.mkdir(mode=0o755)  # made by somebody who did not think of it
    async with life(state) as app:
        await give(app, 3)
        await written(app)
        assert await app[KEEPER].checkpoint(app[INGEST])
        modes = {path.name: path.stat().st_mode & 0o077 for path in state.iterdir()}
    assert len(modes) == 5
    assert set(modes.values()) == {0}


def late(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no thread write a record any more."""
    monkeypatch.setattr(Writer, "_write_records", lambda *_: None)


async def test_a_kill_takes_nothing_of_what_the_log_does_not_have_yet(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with life(tmp_path / "state") as app:
        await give(app, 5)
        await written(app)
        epoch = app[HUB].broadcast.ring.epoch
        with monkeypatch.context() as thread:
            late(thread)
            await give(app, 2, 2)
            times = ingested(app)
            copy = killed(tmp_path / "state", tmp_path / "killed")
            await written(app)
    (copy / "log-").with_name(f"log-{6:020}").write_bytes(b"")  # as a kill amid a file's beginning
    async with life(copy) as app:
        assert app[KEEPER].found.recovery is Recovery.KILLED
        assert (app[HUB].broadcast.ring.epoch, numbers_of(app)) == (epoch, [*range(1, 10)])
        assert ingested(app) == times
        with monkeypatch.context() as thread:
            late(thread)
            again = killed(copy, tmp_path / "again")  # what the tail had is in the log by now
        await give(app, 1)
    async with life(again) as app:
        assert numbers_of(app) == [*range(1, 10)]
        await give(app, 1)
        assert numbers_of(app) == [*range(1, 11)]


async def test_what_a_kill_has_kept_from_the_cell_comes_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # It is in the tail, and nobody was told: that is what the cell says.
    async with life(tmp_path / "state") as app:
        await give(app, 5)
        await written(app)
        with monkeypatch.context() as kill:
            late(kill)
            kill.setattr(Cell, "store", lambda *_: None)
            await give(app, 3)
            copy = killed(tmp_path / "state", tmp_path / "killed")
            await written(app)
    async with life(copy) as app:
        assert numbers_of(app) == [1, 2, 3, 4, 5]
        await give(app, 4)
        await written(app)
        assert numbers_of(app) == [*range(1, 10)]
        again = killed(copy, tmp_path / "again")
    async with life(again) as app:
        assert numbers_of(app) == [*range(1, 10)]


@pytest.mark.parametrize("lacks", ["a tail", "room in it"])
async def test_what_a_kill_takes_where_there_is_no_room_is_a_hole_in_the_same_epoch(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lacks: str
) -> None:
    # The cell knows of every cut; the log of those that its writer had written.
    if lacks == "a tail":
        monkeypatch.setattr(tail, "_allocate", full)
    else:
        monkeypatch.setattr(keeper, "Tail", partial(Tail, half_bytes=100))
    async with life(tmp_path / "state") as app:
        await give(app, 5)
        await written(app)
        await until(lambda: app[KEEPER].writer.durable == 5)
        epoch = app[HUB].broadcast.ring.epoch
        with monkeypatch.context() as thread:
            late(thread)
            await give(app, 2, 2)
            assert (app[KEEPER].writer.durable, app[KEEPER].writer.untailed) == (5, 3)
            copy = killed(tmp_path / "state", tmp_path / "killed")
            await written(app)
    async with life(copy) as app:
        ring = app[HUB].broadcast.ring
        assert app[KEEPER].found.recovery is Recovery.KILLED
        assert (ring.epoch, ring.newest, app[HUB].broadcast.cut_sequence) == (epoch, 9, 9)
        assert [(hole.first, hole.last, hole.reason) for hole in ring.holes(0, 9)] == [
            (6, 9, "lost")
        ]
        await give(app, 1)
        # The source was asked from the cell's place on: nothing comes twice, nothing is left out.
        assert numbers_of(app) == [1, 2, 3, 4, 5, 0, 0, 0, 0, 10]
        await written(app)
        again = killed(copy, tmp_path / "again")
    async with life(again) as app:
        assert numbers_of(app) == [1, 2, 3, 4, 5, 0, 0, 0, 0, 10]


async def test_a_tail_is_begun_once_there_is_room(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as disk, structlog.testing.capture_logs() as said:
        disk.setattr(tail, "_allocate", full)
        async with life(tmp_path / "state") as app:
            kept, ingest = app[KEEPER], app[INGEST]
            assert not kept.writer.has_tail
            assert await kept.checkpoint(ingest)
            disk.undo()
            assert await kept.checkpoint(ingest)
            with monkeypatch.context() as thread:
                late(thread)
                await give(app, 3)
                assert kept.writer.durable == 3
                copy = killed(tmp_path / "state", tmp_path / "killed")
                await written(app)
    told = [row["event"] for row in said if "tail" in row["event"]]
    assert told == ["state_without_tail", "state_has_tail"]
    async with life(copy) as app:
        assert numbers_of(app) == [1, 2, 3]


async def test_whoever_waits_until_a_cut_is_durable_is_called_in_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    called: list[str] = []

    def note(words: str) -> Callable[[], None]:
        return lambda: called.append(words)

    async with life(tmp_path / "state") as app:
        kept = app[KEEPER]
        await give(app, 2)
        kept.when_durable(2, note("cut before"))
        assert called == ["cut before"]
        kept.when_durable(3, note("cut later"))
        kept.when_durable(4, note("cut last"))
        await give(app, 1)
        await until(lambda: called[1:] == ["cut later"])
        with monkeypatch.context() as disk:
            disk.setattr(Tail, "keep", lambda *_: False)
            await give(app, 1)
            await until(lambda: called[2:] == ["cut last"])
            kept.writer.give_up("No space left on device")
            await give(app, 1)
            kept.when_durable(5, note("by a checkpoint"))
            await until(lambda: not kept.writer.queued_bytes)
            assert len(called) == 3
            assert await kept.checkpoint(app[INGEST])
            await until(lambda: called[3:] == ["by a checkpoint"])
        kept.when_durable(6, note("never cut"))
    assert len(called) == 4


def full(*_: object) -> None:
    raise OSError(28, "No space left on device")


async def test_a_kill_long_after_a_checkpoint_loses_no_state(tmp_path: Path) -> None:
    async with life(tmp_path / "state") as app:
        await give(app, 3)
        assert await app[KEEPER].checkpoint(app[INGEST])
        await give(app, 4, 5)
        await written(app)
        known = app[HUB].broadcast.snapshot.get("AAPL")
        copy = killed(tmp_path / "state", tmp_path / "killed")
    async with life(copy) as app:
        assert numbers_of(app) == [*range(1, 13)]
        assert app[HUB].broadcast.snapshot.get("AAPL") == known
        source = app[INGEST].sides[0].source
        assert isinstance(source, Numbers)
        assert source.began == 12


async def test_a_market_goes_on_with_its_bars_after_a_kill(tmp_path: Path) -> None:
    def market() -> SimulatedSource:
        return SimulatedSource(symbols=20, rate=40_000, seed=1, start_ns=1_700_000_000 * 10**9)

    def bars_of(app: web.Application) -> list[Bar | None]:
        bars, symbols = app[INGEST].strands[0].bars, app[HUB].broadcast.snapshot.symbols
        kinds = (Kind.SECOND_BAR, Kind.BAR)
        history = [bars.history(name, kind, 100) for name in symbols for kind in kinds]
        now = [bars.current(name, kind) for name in symbols for kind in kinds]
        return [*now, *(bar for some in history for bar in some)]

    async with life(tmp_path / "state", market(), ring=1 << 13) as app:
        await reached(app, 38_000)
        assert await app[KEEPER].checkpoint(app[INGEST])
        await reached(app, 44_000)  # the first second is over meanwhile
        async with app[INGEST].between_lists():
            app[HUB].cutter.cut()
            await written(app)
            copy = killed(tmp_path / "state", tmp_path / "killed")
            newest, given = app[HUB].broadcast.ring.newest, app[HUB].broadcast.given
            ticks = app[HUB].broadcast.ring.read(newest - 4_000, 4_000)
            bars = bars_of(app)
            assert len([bar for bar in bars if bar]) > 40

    def look(app: web.Application) -> None:
        assert app[HUB].broadcast.ring.newest == newest
        assert app[HUB].broadcast.ring.read(newest - 4_000, 4_000) == ticks
        assert bars_of(app) == bars

    # All that comes until somebody looks is in the ring still.
    async with life(copy, market(), look, ring=1 << 17) as app:
        await reached(app, newest + 2_000)
        after = app[HUB].broadcast.ring.read(newest, 2_000)
    whole = Market(find_instruments(20), rate=40_000, seed=1, start_ns=1_700_000_000 * 10**9)
    whole.ticks(given)
    made = [tick for tick in after if not isinstance(tick, Bar)]
    assert made == whole.ticks(len(made))


async def test_another_boot_without_a_clean_mark_is_a_new_epoch(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with life(tmp_path / "state") as app:
        await give(app, 5)
        await written(app)
        epoch = app[HUB].broadcast.ring.epoch
        copy = killed(tmp_path / "state", tmp_path / "killed")
    monkeypatch.setattr("feed.state.keeper.boot_id", lambda: "another")
    async with life(copy) as app:
        assert app[KEEPER].found.recovery is Recovery.OTHER_BOOT
        assert app[HUB].broadcast.ring.epoch != epoch
        assert numbers_of(app) == []
    async with life(tmp_path / "state") as app:
        assert app[KEEPER].found.recovery is Recovery.CLEAN
        assert app[HUB].broadcast.ring.epoch == epoch
        assert numbers_of(app) == [1, 2, 3, 4, 5]
        now_ns = app[HUB].clock.mono_ns()
        assert all(now_ns - 60 * 10**9 < at_ns <= now_ns for at_ns in ingested(app))


async def test_the_log_keeps_what_the_ring_holds_and_no_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer, "FILE_BYTES", 2_000)
    state = tmp_path / "state"
    async with life(state, ring=64) as app:
        for _ in range(40):
            await give(app, 16)
            await written(app)
        assert len(list(state.glob("log-*"))) > 10
        assert await app[KEEPER].checkpoint(app[INGEST])
        assert len(list(state.glob("log-*"))) < 8
        held = numbers_of(app)
    async with life(state, ring=64) as app:
        assert numbers_of(app) == held
        assert not app[HUB].broadcast.ring.is_whole
    async with life(state, ring=16) as app:
        assert numbers_of(app) == held[-16:]


# What cannot be read.


def files_of(path: Path) -> list[Path]:
    return sorted(each for each in path.iterdir() if each.name != "lock")


async def refused(copy: Path, epoch: str, words: str) -> None:
    """See that a state is put aside, and that its server begins anew."""
    names = {path.name for path in files_of(copy)}
    async with life(copy) as app:
        found = app[KEEPER].found
        assert found.recovery is Recovery.REFUSED, found
        assert words in found.words
        assert found.aside is not None
        assert {path.name for path in files_of(found.aside)} == names
        assert app[HUB].broadcast.ring.epoch != epoch
        assert numbers_of(app) == []
        await give(app, 2)
    async with life(copy) as app:
        assert numbers_of(app) == [1, 2]


async def kept(tmp_path: Path) -> tuple[Path, str]:
    """Return the directory of a server that was killed, and its epoch."""
    async with life(tmp_path / "state") as app:
        await give(app, 5)
        assert await app[KEEPER].checkpoint(app[INGEST])
        await give(app, 6, 7, 8)
        await written(app)
        copy = killed(tmp_path / "state", tmp_path / "killed")
        return copy, app[HUB].broadcast.ring.epoch


async def test_whatever_is_cut_off_at_any_tenth_is_refused_or_told(tmp_path: Path) -> None:
    copy, epoch = await kept(tmp_path)
    for number in range(10):
        for path in files_of(copy):
            torn = killed(copy, tmp_path / f"{path.name}-{number}")
            os.truncate(torn / path.name, path.stat().st_size * number // 10)
            if path.name in {"cell", "checkpoint"}:
                await refused(torn, epoch, path.name)
                continue
            is_log = path.name.startswith("log-")
            if is_log and number % 2:  # as if the writer had been killed there, without a tail
                (torn / "tail").unlink()
            async with life(torn) as app:
                assert app[KEEPER].found.recovery is Recovery.KILLED
                numbers = numbers_of(app)
                known = numbers.index(0) if 0 in numbers else len(numbers)
                assert app[HUB].broadcast.ring.newest == 26
                assert numbers[:known] == [*range(1, known + 1)]
                assert (known < 26) is (is_log and number % 2 == 1)
                await give(app, 1)
            async with life(torn) as app:
                assert app[KEEPER].found.recovery is Recovery.CLEAN
                assert numbers_of(app)[-1] == 27


def _flip(path: Path, at: int) -> None:
    data = bytearray(path.read_bytes())
    data[at] ^= 1
    path.write_bytes(data)


def _pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def _again(path: Path) -> None:
    log = next(path.glob("log-*"))
    shutil.copy(log, path / f"log-{9:020}")


@pytest.mark.parametrize(
    ("break_it", "words"),
    [
        (lambda path: (path / "cell").unlink(), "cell is missing"),
        (lambda path: (path / "checkpoint").unlink(), "checkpoint cannot be read"),
        (lambda path: (path / "checkpoint").write_bytes(b"x" * 500), "is no checkpoint"),
        (lambda path: (path / "cell").write_bytes(b"x" * 4_096), "is no cell"),
        (lambda path: next(path.glob("log-*")).write_bytes(b"x" * 500), "is no log"),
        (lambda path: _flip(next(path.glob("log-*")), 100), "is corrupt at byte"),
        (_again, "once more"),
        (lambda path: _pipe(path / "cell"), "cell is not a regular file"),
        (lambda path: _pipe(path / "checkpoint"), "checkpoint is not a regular file"),
        (lambda path: _pipe(next(path.glob("log-*"))), "is not a regular file"),
    ],
)
async def test_what_is_foreign_or_corrupt_is_put_aside(
    tmp_path: Path, break_it: Callable[[Path], object], words: str
) -> None:
    copy, epoch = await kept(tmp_path)
    break_it(copy)
    await refused(copy, epoch, words)


async def test_a_log_that_is_cut_off_before_its_end_is_refused(tmp_path: Path) -> None:
    # Only the writer's last file can be torn by its kill.
    copy, epoch = await kept(tmp_path)
    log = next(copy.glob("log-*"))
    shutil.copy(log, copy / f"log-{99:020}")
    os.truncate(log, log.stat().st_size - 1)
    await refused(copy, epoch, "ends within a record")


async def test_the_state_of_another_source_is_foreign(tmp_path: Path) -> None:
    copy, _ = await kept(tmp_path)
    async with life(copy, Numbers("others")) as app:
        assert app[KEEPER].found.recovery is Recovery.REFUSED
        assert "of the source numbers, and this is others" in app[KEEPER].found.words


async def test_only_a_few_states_are_kept_aside(tmp_path: Path) -> None:
    copy, _ = await kept(tmp_path)
    (copy / "refused-0" / "mine").mkdir(parents=True)  # somebody has looked at it there
    for _ in range(5):
        (copy / "cell").write_bytes(b"")
        async with life(copy):
            pass
    assert len(list(copy.glob("refused-*"))) == 3


# Two servers, and disks that are full.


async def test_the_second_server_on_a_directory_is_refused(tmp_path: Path) -> None:
    async with life(tmp_path / "state"):
        with pytest.raises(InvalidParameter, match=f"another server uses.*{os.getpid()}"):
            async with life(tmp_path / "state"):
                pass
    async with life(tmp_path / "state"):
        pass


async def test_a_state_that_was_let_go_of_is_looked_at_no_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with life(tmp_path / "state") as app:
        kept, ingest = app[KEEPER], app[INGEST]
        monkeypatch.setattr(keeper, "RETRY_S", 0.01)
        looking = asyncio.create_task(kept.run(ingest))
        await until(lambda: kept.checkpoints > 1)
        await ingest.stop()
        await kept.close(ingest)  # before anybody is sent away
        await looking


def moved_away(state: Path) -> None:
    state.rename(state.with_name("moved"))


def unlocked(state: Path) -> None:
    (state / "lock").unlink()


@pytest.mark.parametrize("lose", [shutil.rmtree, moved_away, unlocked])
async def test_a_directory_that_is_gone_is_made_anew_and_the_epoch_goes_on(
    tmp_path: Path, lose: Callable[[Path], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeper, "RETRY_S", 0.01)
    state = tmp_path / "state"
    async with life(state) as app:
        await give(app, 3)
        await written(app)
        begun = app[KEEPER].checkpoints
        with structlog.testing.capture_logs() as logs:
            lose(state)
            await until(lambda: app[KEEPER].checkpoints > begun)
            await give(app, 2)
        assert [entry["event"] for entry in logs if entry["log_level"] != "debug"] == [
            "state_unlogged",
            "state_begun_anew",
            "state_logged_again",
        ]
        with pytest.raises(InvalidParameter, match="another server uses"):
            Directory(state)
        await written(app)
        epoch, copy = app[HUB].broadcast.ring.epoch, killed(state, tmp_path / "killed")
    async with life(copy) as app:
        assert app[KEEPER].found.recovery is Recovery.KILLED
        assert app[HUB].broadcast.ring.epoch == epoch
        assert numbers_of(app) == [4, 5], "of what came before there is the last state"
        last = app[HUB].broadcast.snapshot.state({Channel.TRADES: frozenset({ALL})})
        assert [tick.event_ns for tick in last] == [5]


async def test_a_server_whose_directory_another_one_has_writes_nothing_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    state = tmp_path / "state"
    monkeypatch.setattr(writer, "FILE_BYTES", 0)  # each run of records begins a file
    async with life(state) as app:
        await give(app, 3)
        await written(app)
        shutil.rmtree(state)
        async with life(state, Numbers("other")) as other:
            await give(app, 2)
            await written(app)
            assert app[KEEPER].writer.fault, "a file of the log would have been there"
            with structlog.testing.capture_logs() as logs:
                for _ in range(2):
                    assert not await app[KEEPER].checkpoint(app[INGEST])
                await give(app, 2)
            told = [entry["error"] for entry in logs if entry["event"] == "state_unlogged"]
            assert told[-1].endswith("another server has it by now")
            assert len(told) == len(set(told)), "once"
            assert not app[KEEPER].writer.takes
            epoch = other[HUB].broadcast.ring.epoch
            await give(other, 4)
        await app[KEEPER].close(app[INGEST])
    async with life(state, Numbers("other")) as app:
        assert app[KEEPER].found.recovery is Recovery.CLEAN
        assert (app[HUB].broadcast.ring.epoch, numbers_of(app)) == (epoch, [1, 2, 3, 4])


async def test_a_full_disk_is_told_and_publishing_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(fd: int, data: bytes) -> None:
        os.write(fd, data[:20])  # there is a little room
        raise OSError(28, "No space left on device")

    state = tmp_path / "state"
    async with life(state) as app:
        kept, ingest = app[KEEPER], app[INGEST]
        await give(app, 3)
        await written(app)
        with monkeypatch.context() as disk:
            disk.setattr(writer, "write", full)
            await give(app, 2)
            await written(app)
            await give(app, 2)
            assert (kept.writer.takes, kept.writer.fault) == (False, "No space left on device")
            copy = killed(state, tmp_path / "killed")
        with monkeypatch.context() as disk:
            disk.setattr(writer, "write_parts", lambda *_, **__: full(1, b""))
            assert not await kept.checkpoint(ingest)
            assert (kept.writer.takes, kept.failures) == (False, 1)
        await give(app, 2)
        assert await kept.checkpoint(ingest)
        await give(app, 2)
        await written(app)
        assert (kept.writer.takes, kept.writer.fault) == (True, "")
        epoch, whole = app[HUB].broadcast.ring.epoch, numbers_of(app)
        later = killed(state, tmp_path / "later")
    assert whole == [*range(1, 12)]  # publishing went on
    async with life(copy) as app:
        assert app[KEEPER].found.recovery is Recovery.UNLOGGED
        assert app[HUB].broadcast.ring.epoch != epoch
    async with life(later) as app:
        # A fresh checkpoint has cleared it; of what was left out the ring has a hole.
        assert app[KEEPER].found.recovery is Recovery.KILLED
        assert (app[HUB].broadcast.ring.epoch, numbers_of(app)) == (
            epoch,
            [1, 2, 3, *[0] * 6, 10, 11],
        )
        last = app[HUB].broadcast.snapshot.state({Channel.TRADES: frozenset({ALL})})
        assert [tick.event_ns for tick in last] == [11]


async def test_a_state_that_is_not_whole_is_made_whole_soon(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeper, "RETRY_S", 0.01)
    async with life(tmp_path / "state") as app:
        with monkeypatch.context() as disk:
            disk.setattr(writer, "write", full)
            await give(app, 2)
            await until(lambda: not app[KEEPER].writer.takes or app[KEEPER].checkpoints > 1)
        await until(lambda: app[KEEPER].writer.takes and app[KEEPER].checkpoints > 1)
        assert app[KEEPER].writer.fault == ""


async def test_what_is_given_up_while_a_checkpoint_is_marked_stays_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mark, marks = Cell.mark, list[Mark]()
    async with life(tmp_path / "state") as app:
        logging = app[KEEPER].writer

        def mark_amid_that_of_the_thread(the_cell: Cell, what: Mark) -> None:
            marks.append(what)
            mark(the_cell, what)
            if what is Mark.UNLOGGED and len(marks) == 1:  # the event loop's
                logging.write_checkpoint([], 0, 0, keep_from=0, is_last=False).result(PATIENCE_S)

        monkeypatch.setattr(Cell, "mark", mark_amid_that_of_the_thread)
        logging.give_up("the disk does not keep up")
        assert marks[-1] is Mark.UNLOGGED
        assert cell.decode((tmp_path / "state/cell").read_bytes()).mark is Mark.UNLOGGED
        monkeypatch.undo()


async def test_a_disk_that_hangs_is_given_up_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with life(tmp_path / "state") as app:
        kept = app[KEEPER]
        for limit, least in (("MAX_QUEUED_BYTES", 0), ("MAX_QUEUED_NS", -1)):
            with monkeypatch.context() as queue:
                queue.setattr(writer, limit, least)
                while kept.writer.takes:
                    await give(app, 1)
            assert kept.writer.fault == "the disk does not keep up"
            assert await kept.checkpoint(app[INGEST])
            assert kept.writer.takes


async def test_a_state_that_is_killed_before_its_first_checkpoint_is_a_new_epoch(
    tmp_path: Path,
) -> None:
    async with life(tmp_path / "state") as app:
        await give(app, 1)
        copy = killed(tmp_path / "state", tmp_path / "killed")
        (copy / "checkpoint").unlink()
    data = bytearray((copy / "cell").read_bytes())
    data[128] = 2  # as it was made
    (copy / "cell").write_bytes(data)
    async with life(copy) as app:
        assert app[KEEPER].found.recovery is Recovery.UNLOGGED


def test_a_directory_that_cannot_be_made_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidParameter, match="can be written to"):
        Directory(tmp_path / "no" / "such")


def test_a_disk_that_is_full_at_once_is_refused_in_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> int:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as disk:
        disk.setattr(os, "pwrite", full)
        with pytest.raises(InvalidParameter, match=r"written to .*No space left"):
            Directory(tmp_path / "state")
    Directory(tmp_path / "state").unlock()
    _pipe(tmp_path / "state" / "lock")
    with pytest.raises(InvalidParameter, match=r"written to .*Invalid argument"):
        Directory(tmp_path / "state")
