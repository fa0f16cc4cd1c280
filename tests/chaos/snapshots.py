"""The snapshots of one reader: which of them may come, and the one that comes.

A snapshot is the last known state of all keys that were asked for together. What waits for the
socket may be of keys that were given up since.
"""

from collections.abc import Set as AbstractSet

from tests.chaos.conflated import Wrong
from tests.chaos.market import Key, Market

_SHOWN = 6


class Snapshots:
    """What a reader is due of snapshots, on one connection after the other."""

    def __init__(self, market: Market) -> None:
        self._market = market
        self._asked: list[frozenset[Key]] = []  # the keys of each that may come
        self._came: dict[Key, int] | None = None  # of the one that has begun
        self._position = 0  # as of which that one is
        self._is_cut_short = False  # since a grant has shrunk amid it

    @property
    def comes(self) -> bool:
        """Whether one has begun, and not ended."""
        return self._came is not None

    def forget(self) -> None:
        """Begin a connection, on which none was asked for."""
        self._asked = []
        self._came = None
        self._is_cut_short = False

    def ask(self, keys: frozenset[Key]) -> None:
        """Let one of these keys come."""
        self._asked.append(keys)

    def narrow(self, keys: frozenset[Key]) -> None:
        """Let each that was asked for come without keys but these, too."""
        self._asked += [asked & keys for asked in self._asked]

    def cut_short(self) -> None:
        """Let one that has begun end without what is not granted any more."""
        self._is_cut_short = self.comes

    def begin(self, position: int) -> None:
        """Take the beginning of one, as of a position."""
        self._came, self._position = {}, position

    def hear(self, key: Key, number: int) -> None:
        """Take a tick of it."""
        assert self._came is not None
        self._came[key] = number

    def end(self, selected: frozenset[Key], dropped: frozenset[Key]) -> dict[Key, int]:
        """Take its end, and return the number of each key that came.

        Args:
            selected: all keys of now.
            dropped: those that were selected before.

        Raises:
            Wrong: it was not the last known state of what was asked for.
        """
        if self._came is None:
            raise Wrong("a snapshot ends that has not begun")
        came, self._came = self._came, None
        position = self._position
        cut_short, self._is_cut_short = self._is_cut_short, False
        for key, number in came.items():
            due = self._market.numbers[key].last(position)
            if number != due:
                raise Wrong(f"the snapshot at {position} has {number} of {key}; due: {due}")
        if not cut_short:  # else another one follows
            self._check_keys(came.keys(), selected, dropped)
        return came

    def _check_keys(
        self, came: AbstractSet[Key], selected: frozenset[Key], dropped: frozenset[Key]
    ) -> None:
        for asked in self._asked:
            if came in (self._known(asked & selected), self._known(asked & (selected | dropped))):
                return
        raise Wrong(
            f"the snapshot at {self._position} has {len(came)} keys: those of nothing that was "
            f"asked for; missing of all: {sorted(self._known(selected) - came)[:_SHOWN]}, "
            f"not selected: {sorted(came - selected)[:_SHOWN]}"
        )

    def _known(self, keys: frozenset[Key]) -> set[Key]:
        """Return those of which there was something at the position."""
        return {key for key in keys if self._market.numbers[key].last(self._position)}
