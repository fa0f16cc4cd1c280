"""CPU time, memory and family of a process are read from the kernel."""

import os
import socket
import subprocess
import sys
import time

from benchmarks.load.process import Usage, family, listener


def test_cpu_time_grows_with_work_and_memory_is_there() -> None:
    before = Usage.of([os.getpid()])
    until_s = time.process_time() + 0.05
    while time.process_time() < until_s:
        pass
    after = Usage.of([os.getpid()])
    assert after.cpu_ns - before.cpu_ns >= 40_000_000
    assert after.memory_bytes > 1_000_000


def test_a_process_that_has_ended_counts_as_nothing() -> None:
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    assert Usage.of([process.pid]) == Usage(0, 0)


def test_a_family_includes_grandchildren() -> None:
    script = (
        "import subprocess, sys; child = subprocess.Popen(['sleep', '60']);"
        "print(child.pid, flush=True); sys.stdin.read(); child.kill(); child.wait()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        grandchild = int(process.stdout.readline())
        assert family(process.pid) == [process.pid, grandchild]
        assert grandchild in family(os.getpid())
        process.communicate("")


def test_the_listener_of_a_port_is_found() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        assert listener(port) == os.getpid()
    assert listener(port) is None
