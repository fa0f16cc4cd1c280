"""A role: what a supervisor tells a worker before anything else, and how it comes to it.

A worker is the same program with the same command line, so that what a SIGHUP starts is what is
installed and configured by then. Its role is the first line of a socket that it inherits, whose
number stands in a variable. Later lines say which workers there are, and that this one shall leave;
the end of the socket says that there is no supervisor any more.
"""

import json
import os
import socket
from collections.abc import MutableMapping
from dataclasses import asdict, dataclass
from typing import Any, Self

from feed.errors import InvalidInput, shorten
from feed.hub.siblings import Worker, WorkerKind

CHANNEL = "FEED_WORKER_CHANNEL"
PATIENCE_S = 15.0  # with a worker that is to end, beyond the time that its subscribers have
_LONGEST_BYTES = 1 << 16


@dataclass(frozen=True, slots=True)
class Role:
    """What a worker is told at its start.

    Attributes:
        own: which worker it is.
        writer_socket: where the writer is asked, and followed.
        cluster_key: the file with the key that all workers share.
        state: the directory of the state, for the writer; "": none is kept.
        descriptors: of the sockets that listen, for edges.
        workers: how many edges share the cores.
        edges: the sockets of the edges that serve, for the writer.
        waits: whether it loads all that it needs, and begins when it is told so.
    """

    own: Worker
    writer_socket: str
    cluster_key: str
    state: str
    descriptors: tuple[int, ...]
    workers: int
    edges: tuple[str, ...] = ()
    waits: bool = False

    @property
    def writes(self) -> bool:
        """Whether it is the writer's."""
        return self.own.kind is WorkerKind.WRITER

    def line(self) -> bytes:
        """Return it as the first line of the channel."""
        return line_of(asdict(self))

    @classmethod
    def of(cls, line: bytes) -> Self:
        """Read it.

        Raises:
            InvalidInput: it is none.
        """
        try:
            told = json.loads(line)
            own = worker_of(told.pop("own"))
            descriptors = tuple(map(int, told.pop("descriptors")))
            edges = tuple(map(str, told.pop("edges")))
            return cls(own=own, descriptors=descriptors, edges=edges, **told)
        except (ValueError, TypeError, LookupError, AttributeError):
            shown = shorten(line.decode(errors="replace"))
            raise InvalidInput(f"{CHANNEL}: {shown} is no role") from None


def line_of(message: Any) -> bytes:  # noqa: ANN401 - anything that is JSON
    """Return a message as a line of the channel."""
    return json.dumps(message).encode() + b"\n"


def worker_of(told: dict[str, Any]) -> Worker:
    """Return a worker that is told of.

    Raises:
        ValueError, TypeError, LookupError: it is none.
    """
    return Worker(**{**told, "kind": WorkerKind(told["kind"])})


def taken_role(environment: MutableMapping[str, str]) -> tuple[Role, socket.socket] | None:
    """Return the role of this process, and its channel; None: it is no worker.

    Args:
        environment: whose variable is taken out: it is for no program that is started here.

    Raises:
        InvalidInput: the variable is there, and leads to no role.
    """
    written = environment.pop(CHANNEL, None)
    if written is None:
        return None
    try:
        channel = socket.socket(fileno=int(written))
    except (ValueError, OSError):
        words = "a descriptor that a supervisor has passed on; it is not for people"
        why = f"{CHANNEL}: {shorten(written)} is not accepted; accepted: {words}"
        raise InvalidInput(why) from None
    try:
        os.set_inheritable(channel.fileno(), False)
        return Role.of(_first_line(channel)), channel
    except InvalidInput:
        channel.close()
        raise


def wait_for_turn(channel: socket.socket) -> bool:
    """Wait until a worker may begin; tell whether there is still a supervisor.

    What else it says meanwhile it says again then.
    """
    while line := _first_line(channel):
        if "go" in json.loads(line):
            return True
    return False


def held_by(role: Role) -> list[socket.socket]:
    """Return the sockets that an edge accepts from."""
    held = [socket.socket(fileno=fd) for fd in role.descriptors]
    for each in held:
        os.set_inheritable(each.fileno(), False)
    return held


def _first_line(channel: socket.socket) -> bytes:
    """Read up to the first line feed, and not beyond."""
    line = bytearray()
    while not line.endswith(b"\n") and len(line) < _LONGEST_BYTES:
        byte = channel.recv(1)
        if not byte:
            break
        line += byte
    return bytes(line)
