"""Several recordings as one: their ticks by the market's clock, which is the largest time so far.

Each file keeps the order of its rows, whatever their times, and stands where its own clock is; so
files of one day interleave, and files of one day after the other follow. A file is open only while
it is due: all are looked into first, for their first times. Reading blocks its thread.
"""

import heapq
from collections.abc import Callable, Mapping
from pathlib import Path

from feed.errors import SourceError
from feed.market.market_clock import UNTIMED_NS
from feed.market.ticks import SECOND_NS
from feed.sources.replay.files.blocks import BLOCK_ROWS, Block, Recording
from feed.sources.replay.listing import Listings

_DAY_NS = 86_400 * SECOND_NS
Opener = Callable[[Path, Listings], Recording]
Key = tuple[int, int, int]  # pass, clock, place in the list of files


class MergedRecording:
    """One pass over several files.

    Attributes:
        words: what each was taken for, where they are of one kind; else their number.
        by_symbol: never: it is by time.
        columns: none are shown: each file has its own.
        taken: the files, with what each was taken for.
    """

    by_symbol = False
    columns: Mapping[str, str] = {}

    __slots__ = ("_clock_ns", "_heap", "_listings", "_open", "_parts", "_sizes", "taken", "words")

    def __init__(self, paths: list[Path], look_into: Opener, open_one: Opener) -> None:
        """Look into every file.

        Args:
            paths: of the files.
            look_into: opens one for its first rows, as they stand in it.
            open_one: opens one for all of its ticks, in their order.

        Raises:
            SourceError: one of them is no recording.
        """
        self._open = open_one
        self._listings = Listings()
        self._clock_ns = UNTIMED_NS  # what a tick without a time is worth
        self._parts: dict[int, _Part] = {}  # those that are open
        self._heap: list[tuple[Key, Path]] = []
        self._sizes: list[int] = []
        self.taken: list[tuple[Path, str]] = []
        for number, path in enumerate(paths):
            recording = look_into(path, Listings())
            try:
                clocks_ns = recording.read_block().clocks_ns
            finally:
                recording.close()
            first_ns = next((ns for ns in clocks_ns if ns != UNTIMED_NS), UNTIMED_NS)
            if recording.by_symbol:  # others may begin earlier, on the same day
                first_ns -= first_ns % _DAY_NS
            self._heap.append(((0, first_ns, number), path))
            self.taken.append((path, recording.words))
            self._sizes.append(_size_bytes(path))
        heapq.heapify(self._heap)
        kinds = {words for _, words in self.taken}
        self.words = kinds.pop() if len(kinds) == 1 else f"{len(kinds)} kinds of files"

    @property
    def share(self) -> float:
        """How many bytes of all files were read, from 0 to 1; 0: nobody knows of one of them."""
        left = 0.0
        for (_, _, number), _ in self._heap:
            part = self._parts.get(number)
            share = 0.0 if part is None else part.recording.share
            if part is not None and not share:
                return 0.0
            left += (1 - share) * self._sizes[number]
        whole = sum(self._sizes)
        return 1 - left / whole if whole else 0.0

    def read_block(self) -> Block:
        """Read about as many rows as a block of one file has."""
        merged = Block()
        while self._heap and merged.fault is None:
            if merged.rows >= BLOCK_ROWS or len(merged.ticks) >= BLOCK_ROWS:
                return merged
            (_, _, number), path = self._heap[0]
            part = self._parts.get(number)
            if part is None:
                try:
                    recording = self._open(path, self._listings)
                except SourceError as error:  # since it was looked into
                    merged.fault = error
                    break
                part = self._parts[number] = _Part(recording, number)
                part.read(merged)
            else:
                self._take(part, merged)
                if part.at == len(part.block.ticks) and not part.block.last:
                    part.read(merged)
            key = part.key()
            if key is None:
                heapq.heappop(self._heap)
                self._parts.pop(number).recording.close()
                merged.fault = part.block.fault
            else:
                heapq.heapreplace(self._heap, (key, path))
        merged.last = True
        return merged

    def abandon(self) -> None:
        """Let a read that goes on in its thread end soon."""
        for part in [*self._parts.values()]:
            part.recording.abandon()

    def close(self) -> None:
        """Close the files; harmless when called twice."""
        for part in self._parts.values():
            part.recording.close()
        self._parts.clear()

    def _take(self, part: "_Part", merged: Block) -> None:
        """Move a part's ticks up to where the next part is due."""
        block, begin = part.block, part.at
        passes, clocks_ns = block.passes, block.clocks_ns
        end = self._end(part, len(clocks_ns))
        part.at = end
        if end == begin + 1:  # where files interleave most moves are of one
            merged.ticks.append(block.ticks[begin])
            merged.passes.append(passes[begin])
            clock_ns = clocks_ns[begin]
            merged.clocks_ns.append(self._clock_ns if clock_ns == UNTIMED_NS else clock_ns)
        else:
            merged.ticks += block.ticks[begin:end]
            merged.passes += passes[begin:end]
            if clocks_ns[begin] == UNTIMED_NS:
                merged.clocks_ns += [max(ns, self._clock_ns) for ns in clocks_ns[begin:end]]
            else:
                merged.clocks_ns += clocks_ns[begin:end]
        self._clock_ns = merged.clocks_ns[-1]

    def _end(self, part: "_Part", end: int) -> int:
        """Return up to which tick of its block a part is due before the next one."""
        heap = self._heap
        if len(heap) == 1:
            return end
        following = heap[1] if len(heap) == 2 or heap[1] < heap[2] else heap[2]  # noqa: PLR2004
        last_pass, until_ns, other = following[0]
        until_ns -= other < part.number  # of equal times those of the file named first come first
        passes, clocks_ns = part.block.passes, part.block.clocks_ns
        if (passes[end - 1], clocks_ns[end - 1]) <= (last_pass, until_ns):
            return end
        at = part.at + 1
        while passes[at] < last_pass or (passes[at] == last_pass and clocks_ns[at] <= until_ns):
            at += 1
        return at


def _size_bytes(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError as error:
        raise SourceError(f"{path}: cannot be looked at: {error.strerror}") from error


class _Part:
    """One file that is open: the block of it that is being taken, and up to where it was."""

    __slots__ = ("at", "block", "number", "recording")

    def __init__(self, recording: Recording, number: int) -> None:
        self.recording = recording
        self.number = number
        self.block = Block()
        self.at = 0

    def read(self, merged: Block) -> None:
        """Read the next block that holds ticks, and add the rest of what was read to `merged`."""
        self.at = 0
        while True:
            self.block = block = self.recording.read_block()
            merged.rows += block.rows
            merged.beside += block.beside
            merged.bad += block.bad
            merged.instruments += block.instruments
            merged.bars_announced |= block.bars_announced
            if block.ticks or block.last:
                return

    def key(self) -> Key | None:
        """Return where its next tick stands; None: there is none."""
        if self.at == len(self.block.ticks):
            return None
        return self.block.passes[self.at], self.block.clocks_ns[self.at], self.number
