"""Balancers in a storm: cores that end TLS, and let newcomers through beside the frames."""

from collections import deque
from collections.abc import Iterator

from .clients import Client

LEAST_FOR_NEWCOMERS = 0.05  # of their cores: connections are accepted between frames


class Balancers:
    """Cores by steps of time; who comes first goes through first.

    Attributes:
        cores: how many; infinite: nothing balances.
        used_s: of their time, since somebody set it to zero.
    """

    __slots__ = ("_debt_s", "_frames_cores", "_join_s", "_waiting", "cores", "used_s")

    def __init__(self, cores: float, frames_cores: float, join_s: float) -> None:
        """Begin.

        Args:
            cores: how many.
            frames_cores: how many of them are busy with a frame of one subscriber.
            join_s: of a core, for one connection.
        """
        self.used_s = 0.0
        self.cores = cores
        self._frames_cores = frames_cores
        self._join_s = join_s
        self._waiting: deque[tuple[Client, int, int]] = deque()
        self._debt_s = 0.0

    def knock(self, client: Client, number: int) -> None:
        """Take a connection."""
        client.waiting = True
        self._waiting.append((client, number, client.attempt))

    def serve(self, step_s: float, live: int) -> Iterator[tuple[Client, int]]:
        """Yield those that are through, of a step in which so many subscribers are live."""
        all_s = self.cores * step_s
        frames_s = min(all_s, live * self._frames_cores * step_s)
        room_s = max(all_s - frames_s, all_s * LEAST_FOR_NEWCOMERS)
        joins_s = self._debt_s
        while joins_s < room_s and self._waiting:
            client, number, attempt = self._waiting.popleft()
            joins_s += self._join_s  # whoever has given up costs as much
            if client.waiting and client.attempt == attempt:
                yield client, number
        self._debt_s = max(0.0, joins_s - room_s)
        self.used_s += min(all_s, frames_s + joins_s)
