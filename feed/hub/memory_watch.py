"""The look at the memory that subscribers cost together, every second or oftener."""

from collections.abc import Callable, Iterator, Mapping

from feed.broadcast.audience import Audience
from feed.broadcast.memory import slowest_first
from feed.broadcast.subscriber import Subscriber
from feed.hub.door import Door
from feed.hub.session import Session
from feed.hub.waiting import Waiting
from feed.wire.disconnect import Reason
from feed.wire.limit import Limit


class MemoryWatch:
    """Weighs, and gives back what is too much."""

    def __init__(
        self,
        audience: Audience,
        door: Door,
        sessions: Mapping[Subscriber, Session],
        waiting: Waiting,
        disconnect: Callable[[Session, Reason, str], None],
    ) -> None:
        """Weigh nothing yet.

        Args:
            audience: has compressors and caches, and says who has to go.
            door: is told what is found, and lets nobody in where it is too much.
            sessions: everybody connected, as it changes.
            waiting: has what is not whole.
            disconnect: ends one that holds too much.
        """
        self._audience = audience
        self._door = door
        self._sessions = sessions
        self._waiting = waiting
        self._disconnect = disconnect

    def looking(self) -> Iterator[None]:
        """Look at every socket, one a step, and then see to it that all fit."""
        held: list[tuple[int, Session]] = []
        buffers_bytes = self._waiting.held_bytes
        for session in list(self._sessions.values()):
            held_bytes = session.connection.buffered_bytes()
            if held_bytes:
                buffers_bytes += held_bytes
                held.append((held_bytes, session))
            yield
        memory, broadcast = self._door.memory, self._audience.broadcast
        compressors_bytes = broadcast.lanes.budget.used_bytes
        memory.note(compressors_bytes, buffers_bytes, broadcast.remembered_bytes)
        if not memory.excess_bytes:
            return
        self._door.limited[Limit.MEMORY_HARD] += 1
        broadcast.forget_remembered()
        memory.note(compressors_bytes, buffers_bytes, broadcast.remembered_bytes)
        yield
        for session in slowest_first(held, memory.excess_bytes):
            if not session.ended.done():
                verdict = self._audience.make_room(session.subscriber)
                self._disconnect(session, verdict.reason, verdict.words)
            yield
