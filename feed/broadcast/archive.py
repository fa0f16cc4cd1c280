"""The archive: events older than the ring, which a log elsewhere still has.

Theory of operation: a subscriber whose next sequence the ring has lost asks here at its turn, page
by page. A page that is not there is wished for, and the subscriber waits, as one does that is
ahead; somebody who has the log reads it, and a few pages further, since whoever asked will ask for
those too. All that stand near each other share one reading. At most `MOST_READINGS` are under way;
one that has read much makes room where others wait. Pages that were not asked for longest are let
go of. Nothing is written down that a message may be deleted from: then all pages are let go of, and
what is being read is read again. Knows neither loop nor log; times are arguments.
"""

from array import array
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from feed.broadcast.archive_page import PAGE_SEQUENCES, Page, page_number
from feed.market.ticks import Tick

MOST_READINGS = 4
MOST_PAGES = 128  # kept: 65,536 events, half of a ring as it comes
AHEAD_PAGES = 8  # that are read before somebody asks for them
MOST_IN_TURN = 32  # pages of one reading, while others wait for theirs
_NEVER = 1 << 62  # a sequence that nothing has
FRESH_NS = 1_000_000_000  # a wish that is not repeated for so long is nobody's any more


@dataclass(frozen=True, slots=True)
class Stretch:
    """Events of the log with consecutive sequences.

    Attributes:
        first: the sequence of the first.
        events: in order.
        ingested_ns: when each was ingested, by our monotonic clock, ascending.
        others: some of them may be no ticks.
        is_oldest: the log has nothing before them any more.
        ends: the log has nothing behind them yet.
    """

    first: int
    events: Sequence[Tick]
    ingested_ns: "array[int]" = field(default_factory=lambda: array("q"))
    others: bool = False
    is_oldest: bool = False
    ends: bool = False


class Reading:
    """One reading of the log: what it is at, and the pages that come of it.

    Attributes:
        after: read from behind this sequence.
        next_page: the page that comes next.
        pages: how many came.
    """

    __slots__ = (
        "_archive",
        "_at",
        "_generation",
        "_has_begun",
        "_is_oldest",
        "_newest_ns",
        "_page",
        "after",
        "next_page",
        "pages",
    )

    def __init__(self, archive: "Archive", number: int, generation: int) -> None:
        """Begin at a page."""
        self.after = number * PAGE_SEQUENCES - 1
        self.next_page = number
        self.pages = 0
        self._archive = archive
        self._generation = generation
        self._at = self.after + 1
        self._page = Page(number, self._at)
        self._has_begun = False
        self._is_oldest = False  # the log has nothing before what came so far
        self._newest_ns = 0  # when the newest event that came was ingested

    @property
    def is_stale(self) -> bool:
        """Whether what it reads is of no use any more: all is to be read again."""
        return self._generation != self._archive.generation

    def take(self, stretch: Stretch) -> None:
        """Take what the log has next; pages that are whole are there for everybody."""
        first, events, stamps = stretch.first, stretch.events, stretch.ingested_ns
        self._is_oldest |= stretch.is_oldest
        if first < self._at:
            events, stamps = events[self._at - first :], stamps[self._at - first :]
            first = self._at
        if events:
            self._go_on(first, evicted=self._is_oldest and not self._has_begun)
            self._has_begun = True
            self._add(first, events, self._ascending(stamps), others=stretch.others)
        if stretch.ends:
            self._page.upto = self._at - 1
            if self._page.upto >= self.next_page * PAGE_SEQUENCES:
                self._archive.put(self._page.copy())

    def find_nothing(self) -> None:
        """Note that the log has nothing of all that, nor anything later."""
        if not self._has_begun:
            self._page.begins_at(_NEVER)
            self._give()

    def _go_on(self, first: int, *, evicted: bool) -> None:
        """Leave out the sequences before one: the log has no events of them, or not any more."""
        evicted = evicted and first > self._at
        number = page_number(first)
        if evicted:
            self._page.begins_at(first)
        if number > self.next_page:
            self._page.upto = first - 1
            self._give()
            self.next_page = number
            self._page = Page(number, first)
            if evicted:
                self._page.begins_at(first)
        self._at = first

    def _ascending(self, stamps: "array[int]") -> "array[int]":
        """Return times that are not before those that came: clocks of writers differ."""
        if stamps[0] < self._newest_ns:
            stamps = array("q", [max(stamp, self._newest_ns) for stamp in stamps])
        self._newest_ns = stamps[-1]
        return stamps

    def _add(
        self, first: int, events: Sequence[Tick], stamps: "array[int]", *, others: bool
    ) -> None:
        done = 0
        while done < len(events):
            room = (self.next_page + 1) * PAGE_SEQUENCES - (first + done)
            part = events[done : done + room]
            part_stamps = stamps[done : done + room]
            self._page.add(first + done, part, part_stamps, others=others)
            done += len(part)
            self._at = first + done
            if len(part) == room:
                self._page.upto = self._at - 1
                self._give()
                self.next_page += 1
                self._page = Page(self.next_page, self._at)

    def _give(self) -> None:
        self.pages += 1
        self._archive.put(self._page)


class Archive:
    """The pages that are there, and those that are wished for.

    Attributes:
        generation: grows when all is to be read again.
        readings: those under way.
        pages_read: how many pages came.
        resumed: subscribers that began with a position older than the ring.
        requests: finite requests that read pages.
    """

    __slots__ = (
        "_asked",
        "_pages",
        "_wake",
        "_wishes",
        "generation",
        "pages_read",
        "readings",
        "requests",
        "resumed",
    )

    def __init__(self, wake: Callable[[], None]) -> None:
        """Begin with nothing read.

        Args:
            wake: called when a page is wished for.
        """
        self.generation = 0
        self.readings: list[Reading] = []
        self.pages_read = 0
        self.resumed = self.requests = 0
        self._wake = wake
        self._pages: OrderedDict[int, Page] = OrderedDict()
        self._wishes: dict[int, int] = {}  # pages, and when each was asked for last
        self._asked: dict[int, int] = {}  # the same of those that were there

    @property
    def pages(self) -> int:
        """How many pages it holds."""
        return len(self._pages)

    def clear(self) -> None:
        """Let go of all: another epoch has begun, or something was deleted."""
        self.generation += 1
        self._pages.clear()
        self._wishes.clear()
        self._asked.clear()

    def page(self, sequence: int, mono_ns: int) -> Page | None:
        """Return the page that speaks for a sequence; None: it is wished for now."""
        number = page_number(sequence)
        page = self._pages.get(number)
        if page is not None and page.speaks_for(sequence):
            self._pages.move_to_end(number)
            self._asked[number] = mono_ns
            return page
        is_new = number not in self._wishes
        self._wishes[number] = mono_ns
        if is_new:
            self._wake()
        return None

    def put(self, page: Page) -> None:
        """Take a page that was read."""
        self.pages_read += 1
        self._wishes.pop(page.number, None)
        self._pages[page.number] = page
        self._pages.move_to_end(page.number)
        while len(self._pages) > MOST_PAGES:
            number, _ = self._pages.popitem(last=False)
            self._asked.pop(number, None)

    def begin(self, mono_ns: int) -> Reading | None:
        """Return a reading that is due, and count it as under way; None: nothing is to be read."""
        if len(self.readings) >= MOST_READINGS:
            return None
        number = next(self._waiting(mono_ns), None)
        if number is None:
            return None
        reading = Reading(self, number, self.generation)
        self.readings.append(reading)
        return reading

    def end(self, reading: Reading) -> None:
        """Note that a reading is over."""
        self.readings.remove(reading)

    def is_wanted(self, reading: Reading, mono_ns: int) -> bool:
        """Tell whether somebody wants what a reading comes to next, or soon."""
        number = reading.next_page
        return any(
            mono_ns - when[page] < FRESH_NS
            for page in range(number - AHEAD_PAGES, number + AHEAD_PAGES)
            for when in (self._asked, self._wishes)
            if page in when
        )

    def is_over(self, reading: Reading, mono_ns: int) -> bool:
        """Tell whether a reading is to end: it is stale, or others are to have its place."""
        return reading.is_stale or (reading.pages >= MOST_IN_TURN and self.is_crowded(mono_ns))

    def is_crowded(self, mono_ns: int) -> bool:
        """Tell whether somebody waits for a reading, and as many are under way as may be."""
        is_full = len(self.readings) >= MOST_READINGS
        return is_full and next(self._waiting(mono_ns), None) is not None

    def _waiting(self, mono_ns: int) -> Iterator[int]:
        """Yield pages that somebody waits for, and that no reading comes to; longest first."""
        for number, asked_ns in list(self._wishes.items()):
            if mono_ns - asked_ns >= FRESH_NS:
                del self._wishes[number]
                continue
            if not any(0 <= number - each.next_page < AHEAD_PAGES for each in self.readings):
                yield number
