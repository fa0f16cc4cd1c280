"""The checkpoint of a server that is followed: what is taken up of it.

Whoever follows has no source of its own, and states nothing of symbols: so it takes up what is
known per symbol, the bars, what is kept of each key of words, and the batches of producers.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from feed.broadcast.keyed_states import KeptLog
from feed.errors import InvalidMessage, InvalidTick
from feed.hub.hub import Hub
from feed.market.bars import BarBuilder
from feed.market.ticks import Tick
from feed.state import checkpoint, words
from feed.state.cell import Unreadable
from feed.wire.json_ticks import TickReader
from feed.wire.position import Position


@dataclass(frozen=True, slots=True)
class Known:
    """A checkpoint that was read.

    Attributes:
        position: as of which event it is.
    """

    position: Position
    _meta: dict[str, Any]
    _snapshot: Sequence[Tick]
    _logs: Sequence[KeptLog]
    _bars: Sequence[tuple[str, str, bytes]]

    def take_up(self, hub: Hub, bars: BarBuilder) -> None:
        """Let a server know it, whose ring goes up to the same event; nothing waits for a cut."""
        broadcast, clock = hub.broadcast, hub.clock
        mono_ns = clock.mono_ns()
        later_ns = self._meta["wall_offset_ns"] - (clock.wall_ns() - mono_ns)
        broadcast.receipts.restore(self._meta["receipts"], later_ns)
        broadcast.keyed.clear()
        words.take_up(broadcast.keyed, self._logs, (), mono_ns)
        hub.relay.take_state(self._snapshot)
        bars.restart()
        bars.take_up([strand["bars"] for strand in self._meta["strands"].values()], self._bars)


def read_checkpoint(data: bytes) -> Known:
    """Return what a checkpoint says.

    Raises:
        InvalidMessage: it is none, or of another version.
    """
    reader = TickReader()
    try:
        meta, snapshot, *rows = checkpoint.unpack(data)
        logs = [words.log_of(row, reader) for row in rows[: meta["words"]]]
        bars = [(kind, symbol, packed) for kind, symbol, packed in rows[meta["words"] :]]
        position = Position(meta["epoch"], meta["sequence"])
        return Known(position, meta, reader.read(snapshot), logs, bars)
    except (Unreadable, InvalidTick, LookupError, TypeError, ValueError) as error:
        raise InvalidMessage(f"a checkpoint that cannot be taken up: {error}") from None
