"""Roles: what a supervisor tells a worker first, and what is none."""

import os
import socket

import pytest

from feed.errors import InvalidInput
from feed.hub.siblings import Worker, WorkerKind
from feed.program.workers.role import CHANNEL, Role, held_by, taken_role, wait_for_turn
from feed.program.workers.worker import settings_of, threads_of
from feed.settings.options import Settings

OWN = Worker("edge-1", WorkerKind.EDGE, 2, 0, "/run/2.sock", "/run/2.counts", 3, 4)


def role(**others: object) -> Role:
    told = {
        "own": OWN,
        "writer_socket": "/run/writer.sock",
        "cluster_key": "/run/key",
        "state": "",
        "descriptors": (),
        "workers": 2,
        "edges": ("/run/2.sock",),
        "waits": False,
    }
    return Role(**(told | others))  # type: ignore[arg-type]


def test_a_worker_reads_what_its_supervisor_wrote() -> None:
    ours, theirs = socket.socketpair()
    with ours:
        ours.sendall(role(descriptors=(7, 8)).line() + b'{"workers": []}\n')
        environment = {CHANNEL: str(theirs.detach()), "HOME": "/"}
        taken = taken_role(environment)
        assert taken is not None
        read, channel = taken
        with channel:
            assert read == role(descriptors=(7, 8))
            assert environment == {"HOME": "/"}, "what is started here is no worker"
            assert not os.get_inheritable(channel.fileno())
            assert channel.recv(100) == b'{"workers": []}\n', "what follows is left for its reader"


def test_without_the_variable_a_process_is_no_worker() -> None:
    assert taken_role({}) is None


@pytest.mark.parametrize("written", ["", "x", "-1", "999999"])
def test_a_variable_of_people_is_refused(written: str) -> None:
    with pytest.raises(InvalidInput, match=r"FEED_WORKER_CHANNEL.*not for people"):
        taken_role({CHANNEL: written})


@pytest.mark.parametrize("line", [b"", b"\n", b"[]\n", b"{}\n", b'{"own": {}}\n', b"\xff\n"])
def test_what_is_no_role_is_refused(line: bytes) -> None:
    ours, theirs = socket.socketpair()
    with ours:
        ours.sendall(line)
        ours.shutdown(socket.SHUT_WR)
        with pytest.raises(InvalidInput, match="is no role"):
            taken_role({CHANNEL: str(theirs.detach())})


def test_one_that_waits_begins_when_it_is_told_so_and_never_without_a_supervisor() -> None:
    ours, theirs = socket.socketpair()
    with theirs:
        ours.sendall(b'{"go": true}\n')
        assert wait_for_turn(theirs)
        ours.close()
        assert not wait_for_turn(theirs)


def test_sockets_that_listen_are_not_passed_on() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        copy = os.dup(listener.fileno())
        os.set_inheritable(copy, True)
        (held,) = held_by(role(descriptors=(copy,)))
        with held:
            assert held.getsockname() == listener.getsockname()
            assert not os.get_inheritable(copy)


def test_cores_are_shared_by_edges() -> None:
    assert [threads_of(cores, 2) for cores in (1, 2, 4, 16, 64)] == [1, 1, 2, 8, 8]


def test_an_edge_keeps_no_state_and_a_writer_sends_with_one_thread() -> None:
    settings = Settings(send_threads=4)
    edge = settings_of(role(), settings)
    assert (edge.state, edge.send_threads) == (None, 4)
    own = Worker("writer", WorkerKind.WRITER, 1, 0, "/run/writer.sock", "/run/1.counts")
    writer = settings_of(role(own=own, state="/run/state"), settings)
    assert (str(writer.state), writer.send_threads) == ("/run/state", 1)
