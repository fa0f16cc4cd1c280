"""Segments: runs of 512 sequences of the ring, and what ticks are in each.

A segment remembers its kinds and symbols once somebody asks, so that looking for a symbol that
hardly ticks passes over a segment in a microsecond instead of walking over its ticks.
"""

from collections.abc import Mapping

from feed.broadcast.ring import RingBuffer
from feed.market.asset_classes import BY_FORM, WILDCARDS, AssetClasses
from feed.market.symbols import ALL
from feed.market.ticks import Kind, Tick
from feed.market.wildcards import GLOBBED
from feed.market.word_channels import WORD_CHANNELS
from feed.wire.selection import Selection

SEGMENT_TICKS = 512
_OF_WORDS: frozenset[object] = frozenset(WORD_CHANNELS)
Contents = Mapping[Kind, frozenset[str]]


class Segments:
    """The contents of the whole segments that the ring holds, as far as they were asked for.

    Attributes:
        classes: the asset class of each symbol.
        ticks: sequences in each.
        walked_ticks: how many ticks were looked at so far, and most of them encoded, for those that
            budget their work.
    """

    __slots__ = ("_contents", "_ring", "classes", "ticks", "walked_ticks")

    def __init__(
        self, ring: RingBuffer, ticks: int = SEGMENT_TICKS, classes: AssetClasses = BY_FORM
    ) -> None:
        self.classes = classes
        self.ticks = ticks
        self.walked_ticks = 0
        self._ring = ring
        self._contents: list[tuple[int, Contents] | None] = [None] * (ring.capacity // ticks + 2)

    def clear(self) -> None:
        """Forget what was in the segments: the sequences begin anew."""
        self._contents = [None] * len(self._contents)

    def number(self, sequence: int) -> int:
        """Return the segment of a sequence."""
        return sequence // self.ticks

    def last(self, number: int) -> int:
        """Return the last sequence of a segment."""
        return (number + 1) * self.ticks - 1

    def may_hold(self, wanted: Contents, number: int) -> bool:
        """Tell whether a segment, part of which is held, may have a tick that is wanted.

        Args:
            wanted: the symbols wanted of each kind.
            number: of the segment. One that still grows may hold anything.
        """
        self.walked_ticks += 1  # about as much work
        if self.last(number) > self._ring.newest:
            return True
        contents = self._contents_of(number)
        for kind, symbols in wanted.items():
            held = contents.get(kind)
            if not held:
                continue
            if ALL in symbols or not symbols.isdisjoint(held):
                return True
            if GLOBBED in symbols:
                self.walked_ticks += len(held) // 8
                chosen = self.classes.chosen(symbols)
                if any(chosen[symbol] for symbol in held if symbol not in WILDCARDS):
                    return True
        return False

    def select(self, selection: Selection, first: int, end: int) -> list[int]:
        """Return which of the ticks from `first` to before `end` are selected, from 0 on.

        Raises:
            Overrun: one of them was overwritten.
        """
        ticks, places = self._held(first, end - 1)
        self.walked_ticks += len(ticks)
        selected = self._selected(selection, ticks, first)
        return selected if places is None else [places[index] for index in selected]

    def find(self, selection: Selection, first: int, upto: int) -> tuple[list[Tick], int]:
        """Return the selected ticks of the first segment of a stretch, and where it ends.

        Args:
            selection: which.
            first: the first sequence of the stretch.
            upto: its last one.

        Raises:
            Overrun: one of them was overwritten.
        """
        hole = self._ring.hole_after(first - 1, first)
        if hole is not None:  # it may be longer than anything
            return [], min(hole.last, upto)
        number = self.number(first)
        last = min(upto, self.last(number))
        if not self.may_hold(selection.by_kind(), number):
            return [], last
        ticks, _ = self._held(first, last)
        self.walked_ticks += len(ticks)
        return [ticks[index] for index in self._selected(selection, ticks, first)], last

    def _selected(self, selection: Selection, ticks: list[Tick], first: int) -> list[int]:
        """Return which ticks are selected; the first of them has at least that sequence."""
        selected = selection.select(ticks, self.classes)
        if self._ring.newest_other < first or selection.every:
            return selected
        wanted = selection.by_kind()
        return [index for index in selected if ticks[index].kind in wanted]

    def _contents_of(self, number: int) -> Contents:
        """Return the kinds of a whole segment, with their symbols, and the classes of these.

        What was overwritten may be missing.
        """
        slot = number % len(self._contents)
        known = self._contents[slot]
        if known is not None and known[0] == number:
            return known[1]
        first = max(number * self.ticks, self._ring.oldest)
        ticks, _ = self._held(first, self.last(number))
        self.walked_ticks += len(ticks) // 4  # against encoding them
        found: dict[Kind, set[str]] = {}
        for tick in ticks:
            found.setdefault(tick.kind, set()).add(tick.symbol)
        classes = self.classes
        contents = {
            kind: frozenset(symbols)
            if kind in _OF_WORDS
            else frozenset({*symbols, *(classes[symbol] for symbol in symbols)})
            for kind, symbols in found.items()
        }
        self._contents[slot] = number, contents
        return contents

    def _held(self, first: int, last: int) -> tuple[list[Tick], list[int] | None]:
        """Return the ticks of a stretch, and which of its sequences have them; None: all have.

        Raises:
            Overrun: one of them was overwritten.
        """
        if self._ring.hole_after(first - 1, last) is None:
            return self._ring.read(first - 1, last - first + 1), None
        slots = self._ring.slots(first - 1, last - first + 1)
        places = [index for index, tick in enumerate(slots) if tick is not None]
        return [tick for tick in slots if tick is not None], places
