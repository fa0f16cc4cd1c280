"""What the state of a dead writer has lost, from the edge that has most of it.

A cut is in the tail of the state before anybody is told of it; so a kill loses nothing, but where
the tail had no room. What is missing then was told to edges, and their rings have it still: it is
asked of the one that is furthest, over its Unix socket, before the new writer gives sequences. It
blocks, since there is nothing to do before it is done, and gives up in time: what no edge has is a
hole, as it is on a server that is alone.
"""

import http.client
import socket
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from typing import Self

from feed.broadcast.log import Record
from feed.errors import FeedError, InvalidMessage
from feed.logger import logger_of
from feed.program.workers.watchdog import SILENT_NS
from feed.wire.follow_frames import Cut, FrameReader, Word
from feed.wire.json_codec import JSON
from feed.wire.position import Position

# With each word of an edge: it is only asked where something would be lost, and one that is silent
# for longer is killed.
PATIENCE_S = SILENT_NS / 1e9
_OK = 200
_HEADERS = {"Accept": "application/x-ndjson", "Accept-Encoding": "identity"}

log = logger_of("feed.workers")


def records_of_furthest(sockets: Sequence[str], after: Position, upto: int) -> list[Record]:
    """Return the cuts behind a position, as far as an edge has them.

    Args:
        sockets: of the edges.
        after: the newest that the state has.
        upto: the newest that anybody was told.
    """
    with ExitStack() as open_ones:
        edges = [open_ones.enter_context(_Edge(path)) for path in sockets]
        reached = {edge: edge.ask(after) for edge in edges}
        furthest = max(reached, key=lambda edge: reached[edge], default=None)
        if furthest is None or reached[furthest] <= after.sequence:
            return []
        found = list(furthest.records(after, min(upto, reached[furthest])))
    log.info("taken_from_an_edge", after=str(after), upto=upto, cuts=len(found))
    return found


class _Edge(http.client.HTTPConnection):
    """One edge, asked for its ring."""

    def __init__(self, path: str) -> None:
        super().__init__("localhost", timeout=PATIENCE_S)
        self._path = path
        self._frames = FrameReader()
        self._answer: http.client.HTTPResponse | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def connect(self) -> None:
        """Connect to its socket."""
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(PATIENCE_S)
        self.sock.connect(self._path)

    def ask(self, after: Position) -> int:
        """Ask for what follows a position; return how far it is, 0 where it has none of that."""
        try:
            self.request("GET", f"/v1/follow?after={after}", headers=_HEADERS)
            self._answer = self.getresponse()
            first = self._next() if self._answer.status == _OK else None
            if not isinstance(first, Word) or first.kind != "follow":
                return 0
            newest = Position.parse(first.message["pos"], "pos")
        except (OSError, http.client.HTTPException, FeedError, LookupError) as error:
            log.warning("edge_not_asked", socket=self._path, error=str(error))
            return 0
        return newest.sequence if newest.epoch == after.epoch else 0

    def records(self, after: Position, upto: int) -> Iterator[Record]:
        """Yield its cuts behind a position, up to a sequence; a hole ends them.

        An edge cuts what is behind a position anew, so that a cut of its may go on behind what was
        asked for.
        """
        reached = after.sequence
        try:
            while reached < upto:
                frame = self._next()
                if isinstance(frame, Word) and frame.kind == "gap":
                    return
                if not isinstance(frame, Cut):
                    continue
                if frame.first != reached + 1:
                    return
                record = _record(frame, upto)
                yield record
                reached = record.last
        except (OSError, http.client.HTTPException, FeedError) as error:
            log.warning("edge_read_in_part", socket=self._path, reached=reached, error=str(error))

    def _next(self) -> object:
        """Return its next frame.

        Raises:
            InvalidMessage: it has ended, or says what cannot be understood.
        """
        assert self._answer is not None
        line = self._answer.readline()
        if not line:
            raise InvalidMessage("the stream ended")
        return self._frames.read(line.rstrip(b"\n"))


def _record(cut: Cut, upto: int) -> Record:
    """Return a cut as a log has it, up to a sequence; the clocks are those of this machine.

    How much the source had given by then is in the cell of the state, for the last of them.
    """
    count = upto + 1 - cut.first
    return Record(
        cut.first,
        cut.ingested_ns[:count],
        0,
        time.time_ns() - time.monotonic_ns(),
        JSON.join(JSON.encode(cut.events[:count])),
        [each for each in cut.receipts if each.last <= upto],
    )
