"""A subscriber that goes from edge to edge with its position, and back when it is cut off."""

import asyncio
import os
import random
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from tests.cluster.rig.account import Account
from tests.cluster.rig.opening import Refused, open_at
from tests.fakes.readers import TRANSPORTS, Reader
from tests.fakes.wire import Address, Ended

STAY_S = 6.0  # at an edge, on average
SILENCE_S = 15.0  # after which a client looks for another edge; marks come each second
OPEN_S = 8.0  # an edge holds a position that it has not reached for up to 5 s
_AWAY_S = 0.3
_MAY_REFUSE = frozenset({429, 503})  # statuses; a WebSocket is told the codes of errors


@dataclass
class Subscriber:
    """One of the crowd.

    Attributes:
        account: of what it is told.
        edges: where it may go.
        newest: returns the last sequence that there will be; None: not known yet.
        stay_s: at an edge, on average.
        counts: moves, and how connections ended.
    """

    account: Account
    edges: Sequence[Address]
    chance: random.Random
    newest: Callable[[], int | None]
    stay_s: float = STAY_S
    counts: Counter[str] = field(default_factory=Counter)
    _place: int = -1

    async def live(self) -> None:
        """Read until all there is has come."""
        await asyncio.sleep(self.chance.random())
        while not self._has_all():
            place = self.chance.randrange(len(self.edges))
            transport = self.chance.choice(TRANSPORTS)
            self.account.connect(f"edge {place + 1}, {transport}, after {self.account.stands}")
            reader = await self._open(place, transport)
            if reader is None:
                await asyncio.sleep(self.chance.random() * _AWAY_S)
                continue
            self._count_move(place, transport)
            try:
                await self._read(reader)
            except Ended as end:
                code = end.args[0] if end.args else "no code"
                self.counts[f"ended by an edge: {code}"] += 1
            except (TimeoutError, OSError) as error:
                self.counts[f"left an edge: {_words(error)}"] += 1
            finally:
                reader.abort()

    async def _open(self, place: int, transport: str) -> Reader | None:
        """Return a connection; None: that edge takes nobody now."""
        epoch = self.account.stream.epoch
        try:
            async with asyncio.timeout(OPEN_S):
                after = f"{epoch}-{self.account.stands}"
                return await open_at(transport, self.edges[place], after)
        except Refused as refused:
            self.counts[f"refused: {refused.status}"] += 1
            if refused.status not in _MAY_REFUSE:
                self.account.find(f"{self.account.where}: refused with {refused}")
        except (Ended, TimeoutError, OSError) as error:
            self.counts[f"not let in: {_words(error)}"] += 1
        return None

    def _count_move(self, place: int, transport: str) -> None:
        self.counts["connections"] += 1
        self.counts[f"by {transport}"] += 1
        self.counts[f"to edge {place + 1}"] += 1
        self.counts["moves to another edge"] += self._place not in {-1, place}
        self._place = place

    async def _read(self, reader: Reader) -> None:
        """Read for a while."""
        account, now_s = self.account, asyncio.get_running_loop().time
        leaves_s = now_s() + self.chance.expovariate(1 / self.stay_s)
        while not self._has_all() and (now_s() < leaves_s or self.newest() is not None):
            async with asyncio.timeout(SILENCE_S):
                messages, position = await reader.read()
            for message in messages:
                if message["T"] == "mark":
                    account.reach(message["pos"])
                else:
                    account.hear(message)
            if position is not None:
                account.reach(position)

    def _has_all(self) -> bool:
        newest = self.newest()
        return newest is not None and self.account.stands >= newest


def _words(error: Exception) -> str:
    """Return what kind of an error it is."""
    number = error.errno if isinstance(error, OSError) else None
    return type(error).__name__ if number is None else os.strerror(number)
