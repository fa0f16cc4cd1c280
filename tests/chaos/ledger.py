"""What is due to one reader, and what came: the reference that the server is held against.

Lossless ticks are collected until a position is told; then they must be exactly those that are due
after the last one. Where parts of a selection stand at different places, since one was subscribed
to with a position of its own, each key has a place. A gap that is told covers its stretch.
"""

from collections import Counter
from collections.abc import Iterable
from typing import Any

from tests.chaos.conflated import Conflated, Wrong, check_stretch
from tests.chaos.conflated_gap import ConflatedGap
from tests.chaos.market import Key, Market, read_tick
from tests.chaos.snapshots import Snapshots
from tests.chaos.times import Times

SILENCE_CHECK_TICKS = 5_000  # positions between two looks for conflated values that never came
_SHOWN = 6


class Ledger:
    """One reader's ledger, over all of its connections.

    Attributes:
        at: where its lossless keys stand; None: it has no position.
        position: the last one that it was told, which it may return with.
        conflated: what is conflated.
        counts: of what was checked.
    """

    def __init__(self, market: Market, times: Times) -> None:
        self.at: int | None = None
        self.position: int | None = None
        self.epoch = ""
        self.conflated = Conflated(market, times)
        self.counts: Counter[str] = Counter()
        self._market = market
        self._times = times
        self._lossless: frozenset[Key] = frozenset()
        self._due = market.select(())
        self._came: list[tuple[int, Key]] = []  # since the last position
        # Places of keys where they differ; None: where a key begins is not known yet.
        self._places: dict[Key, int | None] = {}
        # Keys that begin somewhere after the next position, where another one's past comes first.
        self._late: set[Key] = set()
        self._highest = 0  # position of this connection
        self._lowest: int | None = (
            None  # a position may go back to here, where a past was asked for
        )
        self._dropped: frozenset[Key] = frozenset()  # and what waits for the socket may be of it
        self._restated: set[Key] = set()  # keys that may be told again what they were told
        self._restated_from = 0  # before any position that is later than this
        # And those that may be, since an interval of theirs had ended before a gap, up to its end.
        self._restated_before: tuple[int, frozenset[Key]] = 0, frozenset()
        self._snapshots = Snapshots(market)
        self._gap: ConflatedGap | None = None  # the last one, while its state comes
        self._silence_checked = 0
        self._granted: frozenset[Key] | None = None  # None: everything
        # A snapshot has ended just now: its position may be of before what was subscribed to since.
        self._ends_snapshot = False

    @property
    def is_spread(self) -> bool:
        """Whether its keys stand at different places."""
        return bool(self._places) or (self.at is not None and self.at < self._highest)

    @property
    def selected(self) -> tuple[frozenset[Key], dict[Key, int]]:
        """All keys that are selected, and the intervals of those that are conflated."""
        intervals_ms = self.conflated.intervals_ms
        return self._lossless | intervals_ms.keys(), dict(intervals_ms)

    # What the reader does.

    def connect(self, keys: frozenset[Key], intervals_ms: dict[Key, int], *, returns: bool) -> None:
        """Begin a connection: what came after the last position comes again, or never did."""
        if not returns:
            self.position = None
        self.at = self.position
        self._came.clear()
        self._places.clear()
        self._late.clear()
        self.conflated.late.clear()
        self._lowest = None
        self._highest = 0
        self._restated.clear()
        self._restated_before = 0, frozenset()
        self._snapshots.forget()
        self._gap = None
        self._granted = None
        self._dropped = frozenset()
        if not returns:
            self.conflated.reselect({}, {}, None)
        self.conflated.owed.clear()
        told: dict[Key, int | None] = dict.fromkeys(intervals_ms, self.at)
        self._select(keys, intervals_ms, told, goes_on=False)
        self.conflated.owed.clear()

    def subscribe(
        self,
        added: frozenset[Key],
        keys: frozenset[Key],
        intervals_ms: dict[Key, int],
        after: int | None,
    ) -> None:
        """Select more, as was acknowledged just now.

        Args:
            added: what was subscribed to.
            keys: all that is selected now.
            intervals_ms: of those that are conflated now.
            after: the position given, if any.
        """
        before = self._lossless | self.conflated.intervals_ms.keys()
        had_lossless = bool(self._lossless)
        # A past that was asked for may still be coming, though all keys stand at the same place.
        busy = self.is_spread or self._lowest is not None
        switched = {
            key for key in self.conflated.intervals_ms if key in keys and key not in intervals_ms
        }
        new = added - before
        # Of trades it is known which are not told yet.
        known = {key: self.conflated.told[key] for key in switched if key[0] == "t"}
        told = {
            key: None if key in new and after is None else self._place(key)
            for key in intervals_ms
            if key not in self.conflated.intervals_ms
        }
        if after is not None:
            told |= dict.fromkeys(new & intervals_ms.keys(), after)
        told |= {key: self.at for key in intervals_ms if key not in told}
        self._select(keys, intervals_ms, told, switched)
        if busy and after is None:
            self.conflated.late |= new & intervals_ms.keys()
        self._snapshots.ask(added & keys)
        if after is not None:
            self._lowest = after if self._lowest is None else min(self._lowest, after)
        late = busy or after is not None
        if self.at is None and had_lossless and not switched:  # what is new begins where they do
            return
        places = dict(self._places)
        for key in (new | switched) & self._lossless:
            places[key] = known.get(key)
            if places[key] is None and late and (key in switched or after is None):
                self._late.add(key)
        # Of what was given up before a state may wait, and is told all the same.
        told_again = (switched | (new & self._dropped)) & self._lossless
        if told_again:
            self._restated |= told_again
            self._restated_from = self._highest
        if after is not None:
            places |= dict.fromkeys(added & self._lossless, after)
        if places:
            self._spread(places)

    def unsubscribe(self, keys: frozenset[Key], intervals_ms: dict[Key, int]) -> None:
        """Select less, as was acknowledged just now."""
        self._dropped |= self._lossless | self.conflated.intervals_ms.keys()
        self._snapshots.narrow(keys)
        told = {key: self._place(key) for key in intervals_ms}
        self._select(keys, intervals_ms, told)

    def revoke(
        self, granted: frozenset[Key], keys: frozenset[Key], intervals_ms: dict[Key, int]
    ) -> None:
        """Be granted less, as was told just now: nothing else may come any more, whatever waited.

        Args:
            granted: all that may come.
            keys: all that is selected now.
            intervals_ms: of those that are conflated now.
        """
        self._granted = granted
        self._dropped &= granted
        self._snapshots.narrow(keys)
        self._snapshots.cut_short()
        told = {key: self._place(key) for key in intervals_ms}
        self._select(keys, intervals_ms, told)

    # What comes.

    def hear(self, message: dict[str, Any]) -> None:
        """Take a tick.

        Raises:
            Wrong: it was not due.
        """
        key: Key = message["T"], message["S"]
        number, made_us = read_tick(message)
        if number < 1 or self._market.key(number) != key:
            raise Wrong(f"there is no such tick: {message}")
        self._times.note(number, made_us)
        self.counts["ticks"] += 1
        if self._granted is not None and key not in self._granted:
            raise Wrong(f"{key} is outside of what is granted: {message}")
        if self._snapshots.comes:
            self._snapshots.hear(key, number)
        elif key in self.conflated.intervals_ms:
            self.conflated.hear(key, number, message)
        elif (gap := self._gap_of(key, number)) is not None:
            gap.hear(key, number, message)
        elif key in self._lossless:
            if "fi" in message and self._hear_restated(key, number, message):
                return
            if self.conflated.owed:
                self.conflated.settle(key, number)
            self._came.append((number, key))
        elif key not in self._dropped:
            raise Wrong(f"{key} is not selected: {message}")

    def reach(self, epoch: str, position: int) -> None:
        """Take a position: hold what came before it against what was due.

        Raises:
            Wrong: something is missing, or came that was not due.
        """
        if self.epoch and epoch != self.epoch:
            raise Wrong(f"the epoch {epoch}, and it was {self.epoch}")
        self.epoch = epoch
        self._end_gap()
        begins, self._ends_snapshot = not self._ends_snapshot, False
        self._check(position, begins=begins)
        self.position = position
        self._highest = max(self._highest, position)
        if position > self._restated_before[0]:
            self._restated_before = 0, frozenset()
        self.counts["intervals"] += 1
        self.conflated.reach(position, begins=begins)
        if position - self._silence_checked > SILENCE_CHECK_TICKS and not self._places:
            self._silence_checked = position
            self.conflated.check_silence(position)

    def gap(self, first: int, last: int, reason: str) -> None:
        """Take a gap: what comes before it, and what it covers.

        Raises:
            Wrong: something is missing before it.
        """
        self.counts[f"gap {reason}"] += 1
        if reason == "overrun":
            if self._gap is not None and not self._gap.lose(first, last):
                self._end_gap()
        else:
            self._end_gap()
        if self.at is None:
            self.at = self._came[0][0] - 1 if self._came else first - 1
        if reason == "conflated":
            stand = {key: self._place(key) for key in self._lossless}
            # What another gap has covered already is not told again.
            due = frozenset(key for key, place in stand.items() if place is None or place < last)
            self._gap = ConflatedGap(self._market, first, last, self._lossless, due)
        else:
            self.conflated.cover(first, last, self.at)
        if self._restated:
            self._restated_before = last, self._restated_before[1] | self._restated
        if self._places or first <= self.at:
            self._spread(self._places)
            self._check_places(first - 1, reaches=False)
            self._places = {
                key: place if place is None else max(place, last)
                for key, place in self._places.items()
            }
            self._join(last)
            return
        self._check(first - 1)
        self.at = last

    def begin_snapshot(self, position: int) -> None:
        """Take the beginning of a snapshot, the last known state as of a position."""
        self._end_gap()
        self._snapshots.begin(position)

    def end_snapshot(self) -> None:
        """Take the end of a snapshot.

        Raises:
            Wrong: it was not the last known state.
        """
        selected = self._lossless | self.conflated.intervals_ms.keys()
        for key, number in self._snapshots.end(selected, self._dropped).items():
            self.conflated.settle(key, number)
        self.counts["snapshots"] += 1
        self._ends_snapshot = True

    # Inside.

    def _select(
        self,
        keys: frozenset[Key],
        intervals_ms: dict[Key, int],
        told: dict[Key, int | None],
        switched: Iterable[Key] = (),
        *,
        goes_on: bool = True,
    ) -> None:
        lossless = keys - intervals_ms.keys()
        self.conflated.reselect(
            intervals_ms, told | dict.fromkeys(switched, None), self.at, goes_on=goes_on
        )
        self._snapshots.ask(keys)
        if self._came and self.at is not None:
            self._spread(self._places)
            for number, key in self._came:
                self._hear_place(number, key)
            self._came.clear()
        self._came = [each for each in self._came if each[1] in lossless]
        self._places = {key: self._places[key] for key in self._places if key in lossless}
        if self._places:
            self._places |= dict.fromkeys(lossless - self._places.keys(), self.at)
        self._late &= lossless
        self._lossless = lossless
        self._due = self._market.select(lossless)

    def _place(self, key: Key) -> int | None:
        return self._places.get(key, self.at)

    def _spread(self, places: dict[Key, int | None]) -> None:
        """Give every key a place of its own."""
        self._places = {key: places.get(key, self.at) for key in self._lossless}

    def _join(self, position: int) -> None:
        """Give all keys one place again, where they stand at the same.

        One that an interval's end has told beyond the position is told the rest up to it again; and
        what the interval had collected is told before any later position, but maybe after this one.
        """
        places = set(self._places.values())
        place = places.pop() if len(places) == 1 else None
        if place is not None and not self._late:
            restated = self._restated & self._places.keys()
            if restated and (place > position or position <= self._restated_from):
                return
            self.at = place
            self._places = {}
            self._restated.clear()

    def _check(self, position: int, *, begins: bool = True) -> None:
        if self._lowest is not None and position == self.at and not self._places:
            self._spread({})  # one past may come before another, which holds the position back
        if self._places:
            self._check_places(position, reaches=True, begins=begins)
            self.at = position
            if begins:
                self._join(position)
            return
        came = [number for number, _ in self._came]
        if self.at is None:
            self.at = came[0] - 1 if came else position
        due = self._due.between(self.at, position)
        if came != due:
            raise Wrong(_compare(self.at, position, due, came))
        # A gap moves its reader without a position, and one that is of before its end may follow.
        told = self.at if self.position is None else self.position
        if position < min(self.at, told) and (self._lowest is None or position < self._lowest):
            raise Wrong(f"the position went back from {self.at} to {position}")
        self.counts["lossless ticks"] += len(came)
        self._came.clear()
        self.at = max(self.at, position)

    def _check_places(self, position: int, *, reaches: bool, begins: bool = True) -> None:
        for number, key in self._came:
            self._hear_place(number, key)
        self._came.clear()
        for key, place in self._places.items():
            if place is None:
                if reaches and begins and key not in self._late:
                    self._places[key] = position
            elif (due := self._market.numbers[key].last(position)) > place:
                if key in self._restated and position <= self._highest:  # it was told before
                    continue
                raise Wrong(f"{due} of {key} was due after {place}, before {position}")
            elif reaches:
                self._places[key] = max(place, position)

    def _hear_place(self, number: int, key: Key) -> None:
        place = self._places.get(key)
        if place is not None:
            due = self._market.numbers[key].next(place)
            if number != due:
                if key in self._restated:  # what is missing is missed at the next position
                    return
                raise Wrong(f"{number} of {key} came after {place}; due: {due}")
        self._places[key] = number
        self._late.discard(key)

    def _hear_restated(self, key: Key, number: int, message: dict[str, Any]) -> bool:
        """Take what a channel had collected whose interval ended; False: it begins with it.

        Raises:
            Wrong: its interval has not ended just now.
        """
        if key not in self._restated:
            upto, keys = self._restated_before
            if key not in keys or number > upto:
                raise Wrong(f"a conflated trade, and the channel is not: {message}")
            check_stretch(self._market, key, number, message)
            return True
        place = self._places.get(key)
        if place is None:
            return False
        first = check_stretch(self._market, key, number, message)
        if first <= self._market.numbers[key].next(place):  # else something is missed at a position
            self._places[key] = max(place, number)
        return True

    def _gap_of(self, key: Key, number: int) -> ConflatedGap | None:
        """Return the gap of whose state a tick is; None: it is of none.

        What a channel had collected whose interval has ended since is another state.
        """
        gap = self._gap
        if gap is None or number > gap.last or key not in gap.keys or key in self._restated:
            return None
        return gap

    def _end_gap(self) -> None:
        """See that what stands for a conflated gap has come, of all that is lossless."""
        if self._gap is None:
            return
        gap, self._gap = self._gap, None
        for key, newest in gap.untold(self._lossless):
            if self._place(key) is not None and key not in self._restated:
                raise Wrong(f"{newest} of {key} is missing of what is conflated up to {gap.last}")


def _compare(after: int, upto: int, due: list[int], came: list[int]) -> str:
    missing = sorted({*due} - {*came})
    others = sorted({*came} - {*due})
    again = sorted(number for number, count in Counter(came).items() if count > 1)
    words = f"after {after} up to {upto}: {len(due)} ticks were due, {len(came)} came"
    for name, numbers in (("missing", missing), ("not due", others), ("again", again)):
        if numbers:
            words += f"; {name}: {numbers[:_SHOWN]}{' …' if len(numbers) > _SHOWN else ''}"
    return words if missing or others or again else f"{words}, in another order: {came[:_SHOWN]}"
