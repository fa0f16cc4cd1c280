"""Systems that refuse, and processes that fork or are killed: frames go on, none is wrong.

Each runs in a process of its own, since what it does to itself cannot be undone.
"""

import subprocess
import sys

import pytest

from tests.fakes.engines import needs_io_uring, needs_native

pytestmark = [
    pytest.mark.programs,
    needs_native,
    pytest.mark.skipif(sys.platform != "linux", reason="these limits are Linux's"),
]

_BEGIN = """
import ctypes, errno, os, resource, signal, socket, struct, subprocess, sys
from feed.broadcast.fan_out import Engine
from feed.errors import FeedError
from feed.hub.fan_out import choose_fan_out
from feed.native._fan_out import Writer

def refuse(number):
    # seccomp(2): a program of four instructions; the call gets EPERM.
    program = b"".join(struct.pack("HBBI", *step) for step in [
        (0x20, 0, 0, 0),                    # load the number of the call
        (0x15, 0, 1, number),               # another one: skip an instruction
        (0x06, 0, 0, 0x00050000 | errno.EPERM),
        (0x06, 0, 0, 0x7FFF0000),           # allow
    ])
    keep = ctypes.create_string_buffer(program)
    filtering = struct.pack("HxxxxxxP", 4, ctypes.addressof(keep))
    libc = ctypes.CDLL(None, use_errno=True)
    assert libc.prctl(38, 1, 0, 0, 0) == 0  # PR_SET_NO_NEW_PRIVS
    assert libc.prctl(22, 2, filtering, 0, 0) == 0, ctypes.get_errno()  # PR_SET_SECCOMP

SETUP, ENTER = 425, 426
pairs = [socket.socketpair() for _ in range(600)]
readers = {n: (ours.fileno(), lambda: False, lambda: 0, ours) for n, (ours, _) in enumerate(pairs)}

def check(writer, frame=b"frame"):
    # Few sockets, so that the caller's own thread sends, and has a ring if it can have one.
    assert writer.write([({0: readers[0]}, b"")]) == []
    assert writer.write([(readers, frame)]) == []
    for _, theirs in pairs:
        assert theirs.recv(100) == frame
"""


def run(program: str) -> None:
    done = subprocess.run(
        [sys.executable, "-X", "dev", "-W", "ignore::ResourceWarning", "-c", _BEGIN + program],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_where_seccomp_refuses_rings_auto_is_send() -> None:
    run("""
refuse(SETUP)
chosen = choose_fan_out(Engine.AUTO)
assert chosen.engine is Engine.SEND
assert chosen.why == "io_uring is refused: Operation not permitted", chosen.why
try:
    choose_fan_out(Engine.IO_URING)
except FeedError as error:
    assert "Operation not permitted" in str(error)
else:
    sys.exit("not refused")
writer = Writer(io_uring=True, helpers=1)
check(writer)
assert not writer.has_ring
""")


@needs_io_uring
def test_a_ring_that_stops_working_is_given_up_and_nothing_is_lost() -> None:
    run("""
writer = Writer(io_uring=True, helpers=0)
check(writer)
assert writer.has_ring
refuse(ENTER)
check(writer, b"second")
assert not writer.has_ring
check(writer, b"third")
""")


@needs_io_uring
def test_a_ring_whose_descriptor_somebody_closed_is_given_up() -> None:
    run("""
writer = Writer(io_uring=True, helpers=0)
check(writer)
folder = "/proc/self/fd/"
links = [fd for fd in os.listdir(folder) if os.path.islink(folder + fd)]
(ring,) = [fd for fd in links if "io_uring" in os.readlink(folder + fd)]
os.close(int(ring))
check(writer, b"second")
assert not writer.has_ring
""")


def test_a_limit_of_locked_memory_ends_nothing() -> None:
    run("""
resource.setrlimit(resource.RLIMIT_MEMLOCK, (0, 0))
assert choose_fan_out(Engine.AUTO).engine in (Engine.IO_URING, Engine.SEND)
check(Writer(io_uring=True, helpers=1))
""")


def test_without_descriptors_left_a_thread_uses_send() -> None:
    run("""
most = max(int(fd) for fd in os.listdir("/proc/self/fd")) + 1
resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
spare = []
try:
    while True:
        spare.append(os.dup(0))
except OSError as error:
    assert error.errno == errno.EMFILE
writer = Writer(io_uring=True, helpers=1)
check(writer)
assert not writer.has_ring
""")


def test_a_child_of_fork_makes_its_own_threads_and_ring() -> None:
    run("""
writer = Writer(io_uring=True, helpers=2)
check(writer)
ring = writer.has_ring
for _ in range(3):
    child = os.fork()
    if not child:
        assert (writer.helpers, writer.has_ring) == (2, ring)  # it has not noticed yet
        check(writer, b"child")
        assert (writer.helpers, writer.has_ring) == (2, ring)
        writer.close()
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
    check(writer, b"parent")
assert (writer.helpers, writer.has_ring) == (2, ring)
""")


def test_a_child_that_never_writes_leaves_its_parent_alone() -> None:
    run("""
writer = Writer(io_uring=True, helpers=2)
check(writer)
child = os.fork()
if not child:
    del writer
    os._exit(0)
assert os.waitpid(child, 0)[1] == 0
check(writer, b"parent")
""")


@pytest.mark.parametrize("io_uring", [False, True])
def test_peers_that_are_killed_in_the_middle_of_a_bunch(io_uring: bool) -> None:
    """Half of the readers are another process's, which is killed while all are written to."""
    run(f"""
theirs_too = [theirs for _, theirs in pairs[300:]]
killed = subprocess.Popen(["sleep", "60"], pass_fds=[theirs.fileno() for theirs in theirs_too])
for theirs in theirs_too:
    theirs.close()
writer = Writer(io_uring={io_uring}, helpers=3)
left = []
for round in range(60):
    if round == 20:
        killed.kill()
    left = writer.write([(readers, bytes(100))])
    for _, theirs in pairs[:300]:
        assert len(theirs.recv(1000)) == 100
    if round == 30:
        killed.wait()
assert left == [(0, n, 0) for n in range(300, 600)]
""")
