"""The engine in C by itself: which sockets it writes to, and its threads."""

import gc
import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.engines import NATIVE, needs_io_uring, needs_native

pytestmark = needs_native


def is_open() -> bool:
    return False


def is_empty() -> int:
    return 0


Pairs = list[tuple[socket.socket, socket.socket]]


@contextmanager
def pairs(count: int) -> Iterator[Pairs]:
    """Give pairs of sockets, ours and our peer's."""
    made = [socket.socketpair() for _ in range(count)]
    try:
        yield made
    finally:
        for ours, theirs in made:
            ours.close()
            theirs.close()


def writer(**options: Any) -> Any:
    assert NATIVE is not None
    return NATIVE.Writer(**options)


def targets(made: Pairs) -> dict[int, Any]:
    return {
        number: (ours.fileno(), is_open, is_empty, ours) for number, (ours, _) in enumerate(made)
    }


def test_readers_without_a_target_or_with_a_busy_transport_are_left_to_it() -> None:
    with pairs(5) as made:
        readers: dict[int, Any] = targets(made)
        readers[1] = None
        readers[2] = (readers[2][0], lambda: True, is_empty, None)
        readers[3] = (readers[3][0], is_open, lambda: 1, None)
        assert writer().write([(readers, b"frame")]) == [(0, 1, 0), (0, 2, 0), (0, 3, 0)]
        for number in (0, 4):
            assert made[number][1].recv(100) == b"frame"
        for number in (1, 2, 3):
            with pytest.raises(BlockingIOError):
                made[number][1].recv(100, socket.MSG_DONTWAIT)


def test_a_transport_that_raises_is_left_to_whoever_meets_it_again() -> None:
    def fail() -> bool:
        raise RuntimeError("the loop is closed")

    with pairs(1) as made:
        reader = (made[0][0].fileno(), fail, is_empty, None)
        assert writer().write([({"it": reader}, b"frame")]) == [(0, "it", 0)]


def test_what_is_no_error_of_a_transport_is_raised() -> None:
    def interrupt() -> bool:
        raise KeyboardInterrupt

    made = writer()
    with pytest.raises(KeyboardInterrupt):
        made.write([({"it": (0, interrupt, is_empty, None)}, b"frame")])
    assert made.write([]) == []


def test_a_socket_stands_once_in_a_call() -> None:
    """Or a first frame that is taken in part would be followed by a second one."""
    with pairs(1) as made:
        target = targets(made)[0]
        one = writer()
        assert one.write([({"a": target}, b"1"), ({"b": target}, b"2")]) == [(1, "b", 0)]
        assert made[0][1].recv(100) == b"1"
        assert one.write([({"b": target}, b"2")]) == []


def test_each_bunch_has_its_own_frames() -> None:
    with pairs(3) as made:
        readers = targets(made)
        bunches = [({number: target}, b"%d" % number) for number, target in readers.items()]
        assert writer().write(bunches) == []
        assert [theirs.recv(100) for _, theirs in made] == [b"0", b"1", b"2"]


@pytest.mark.parametrize(
    ("bunches", "error"),
    [
        (1, TypeError),
        ([1], TypeError),
        ([({}, "text")], TypeError),
        ([([], b"")], TypeError),
        ([({"it": 1}, b"")], TypeError),
        ([({"it": (0, is_open, is_empty)}, b"")], TypeError),
        ([({"it": ("0", is_open, is_empty, None)}, b"")], TypeError),
    ],
)
def test_what_it_cannot_use_is_refused(bunches: Any, error: type[Exception]) -> None:
    with pytest.raises(error):
        writer().write(bunches)


@pytest.mark.parametrize("helpers", [-1, 8])
def test_helpers_have_bounds(helpers: int) -> None:
    with pytest.raises(ValueError, match="at least 0, at most 7"):
        writer(helpers=helpers)


def test_readers_that_change_in_between_are_an_error() -> None:
    readers: dict[Any, Any] = {}

    def change() -> bool:
        readers["other"] = None
        return True

    readers["it"] = (0, change, is_empty, None)
    with pytest.raises(RuntimeError, match="came or went"):
        writer().write([(readers, b"frame")])


def test_a_call_within_a_call_is_an_error() -> None:
    one = writer()
    errors: list[Exception] = []

    def call() -> bool:
        try:
            one.write([])
        except RuntimeError as error:
            errors.append(error)
        return True

    one.write([({"it": (0, call, is_empty, None)}, b"frame")])
    assert [str(error) for error in errors] == ["another thread is writing"]


def test_it_keeps_no_reference() -> None:
    class Reader:
        pass

    with pairs(1) as made:
        reader, frame = Reader(), bytes(1_000)
        before = sys.getrefcount(reader), sys.getrefcount(frame)
        one = writer()
        for target in (targets(made)[0], None):
            one.write([({reader: target}, frame)])
        gc.collect()
        assert (sys.getrefcount(reader), sys.getrefcount(frame)) == before


# Threads.


def threads_named(name: str) -> list[Path]:
    found = []
    for task in Path("/proc/self/task").iterdir():
        try:
            if (task / "comm").read_text().strip() == name:
                found.append(task)
        except OSError:  # it ended meanwhile
            continue
    return found


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.parametrize("io_uring", [False, pytest.param(True, marks=needs_io_uring)])
def test_threads_start_with_the_first_large_call_and_end_with_close(io_uring: bool) -> None:
    before = len(threads_named("feed-send"))
    files = len(list(Path("/proc/self/fd").iterdir()))
    with pairs(512) as made:
        readers = targets(made)
        one = writer(helpers=3, io_uring=io_uring)
        assert (one.helpers, one.has_ring) == (0, False)
        few = dict(list(readers.items())[:511])
        assert one.write([(few, b"1")]) == []
        assert (one.helpers, one.has_ring) == (0, io_uring)
        for _ in range(50):
            assert one.write([(readers, b"2")]) == []
        assert one.helpers == 3
        helpers = threads_named("feed-send")
        assert len(helpers) == before + 3
        one.close()
        assert (one.helpers, one.has_ring) == (0, False)
        assert len(threads_named("feed-send")) == before
        assert one.write([(readers, b"3")]) == []  # nothing is lost on whoever writes later
        assert one.helpers == 0
        for number, (_, theirs) in enumerate(made):
            begin = b"1" if number < 511 else b""
            assert theirs.recv(1_000) == begin + 50 * b"2" + b"3"
    assert len(list(Path("/proc/self/fd").iterdir())) == files


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_threads_take_no_signals() -> None:
    with pairs(512) as made:
        one = writer(helpers=1)
        one.write([(targets(made), b"1")])
        lines = (threads_named("feed-send")[0] / "status").read_text().splitlines()
        status = dict(line.split(":\t") for line in lines)
        every = (1 << 64) - 1
        unblockable = 1 << 8 | 1 << 18  # SIGKILL, SIGSTOP
        of_the_library = 1 << 31 | 1 << 32  # glibc keeps two for itself
        assert int(status["SigBlk"], 16) | unblockable | of_the_library == every
        one.close()


def test_another_thread_may_take_over() -> None:
    """As where a loop ends in one thread and another begins."""
    with pairs(3) as made:
        one = writer(io_uring=True)
        readers = targets(made)
        assert one.write([(readers, b"1")]) == []
        left: list[Any] = []
        other = threading.Thread(target=lambda: left.append(one.write([(readers, b"2")])))
        other.start()
        other.join()
        assert left == [[]]
        assert one.write([(readers, b"3")]) == []
        assert [theirs.recv(100) for _, theirs in made] == 3 * [b"123"]
        one.close()


def test_readers_that_are_replaced_in_between_are_an_error() -> None:
    """As many as before, so that only a look at each of them tells it."""
    readers: dict[Any, Any] = {}

    def replace() -> bool:
        del readers["it"]
        readers["other"] = None
        return True

    readers["it"] = (0, replace, is_empty, None)
    made = writer()
    with pytest.raises(RuntimeError, match="readers came or went"):
        made.write([(readers, b"frame")])
    assert made.write([]) == []


def test_the_last_of_many_readers_is_told_of_each_bunch() -> None:
    with pairs(6) as made:
        all_targets = [*targets(made).values()]
        bunches = [
            ({"a": all_targets[0], "b": all_targets[1], "c": None}, b"1"),
            ({}, b"2"),
            ({"d": None}, b"3"),
            ({"e": all_targets[2], "f": None, "g": all_targets[3], "h": None}, b"4"),
        ]
        assert writer().write(bunches) == [(0, "c", 0), (2, "d", 0), (3, "f", 0), (3, "h", 0)]
        assert [theirs.recv(100) for _, theirs in made[:4]] == [b"1", b"1", b"4", b"4"]
