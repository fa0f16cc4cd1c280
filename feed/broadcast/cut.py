"""The cut: events go in, and come out as one envelope per lane.

A broadcast holds the ring, what is known per symbol, and every payload and lane. A cut takes the
ticks published since the last one through select, encode and join, each step once. Knows no clock
and no socket: `audience` writes what is made here, and the hub says when.
"""

from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import cast

from feed.broadcast.archive import Archive
from feed.broadcast.archive_page import Page
from feed.broadcast.batch import Batch
from feed.broadcast.carried import NOTHING_CARRIED, Carried
from feed.broadcast.envelopes import Envelopes
from feed.broadcast.erasure import deletions, erase, erase_among, has_texts
from feed.broadcast.fan_out import PYTHON_FAN_OUT, FanOut
from feed.broadcast.fragments import TURN_TICKS, Fragments
from feed.broadcast.frame_sizes import FrameSizes
from feed.broadcast.keyed_states import KeyedStates
from feed.broadcast.lane import Lane
from feed.broadcast.lanes import OF_WORDS, Lanes
from feed.broadcast.log import Deletion, Log, Record
from feed.broadcast.market_times import MarketTimes
from feed.broadcast.outgoing import Outgoing
from feed.broadcast.pace import Pace
from feed.broadcast.ring import RingBuffer
from feed.broadcast.states import States
from feed.broadcast.waiting_words import WaitingWords
from feed.market.asset_classes import BY_FORM, AssetClasses
from feed.market.receipts import Producer, Receipt, Receipts
from feed.market.recent_receipts import RecentReceipts
from feed.market.snapshot import Snapshot
from feed.market.ticks import Kind, Tick, is_opaque
from feed.market.word_channels import WordChannel
from feed.wire.follow_frames import cut_message
from feed.wire.messages import GapReason, Message
from feed.wire.position import Position

_SIZES = FrameSizes()


@dataclass(slots=True)
class Cut:
    """What one cut made; not frozen, which would cost more than what words do to it.

    Attributes:
        ticks: how many events were in the batch.
        first_ns: when the oldest of them was ingested, monotonic.
        conflated_due_ns: when conflated ticks are due next, monotonic; None: there are none.
        follows: the sequence that its envelopes follow: where a subscriber stands that misses them.
        outgoing: its frames.
        envelopes: how many are in them.
        deletes: messages of rooms are deleted in it: no state may be told that was made before.
    """

    ticks: int
    first_ns: int
    conflated_due_ns: int | None
    follows: int
    outgoing: Outgoing
    envelopes: int
    deletes: bool = False

    def followed_by(self, other: "Cut") -> "Cut":
        """Return what this one and the next one cost together."""
        first_ns = self.first_ns if self.ticks else other.first_ns
        envelopes = self.envelopes + other.envelopes
        return replace(self, ticks=self.ticks + other.ticks, first_ns=first_ns, envelopes=envelopes)


class Broadcast:
    """The ring and everything that is made from it.

    Attributes:
        ring: the newest ticks.
        market_times: the market's clock along it, where a recording is played.
        classes: the asset class of each symbol.
        fragments: the same ticks, encoded.
        snapshot: the last state per symbol as of the last cut.
        states: that state, and conflated ones, encoded.
        lanes: every payload and lane.
        fan_out: writes their frames.
        sizes: how long frames get.
        cut_sequence: the newest sequence that is in a frame; the end of catching up.
        conflated_cuts: how often conflated ticks were cut.
        ticks: published so far, by kind.
        words: likewise, by channel.
        waiting_words: said since the last cut.
        erased: events in the ring that were erased, since they were deleted.
        keyed: the log and the state of each key of words, as of the last cut.
        turn_ticks: how many of them a subscriber that is behind has looked at in one turn.
        given: how many of the source's own ticks were published so far.
        receipts: of the batches of producers that were published.
        recent_receipts: those of them whose batches the ring holds.
        looked_ns: the monotonic time when somebody looked at it last.
        archive: what a log has that is older than the ring; None: there is no log.
    """

    __slots__ = (
        "_batch",
        "_envelopes",
        "_log",
        "_paces",
        "archive",
        "classes",
        "conflated_cuts",
        "cut_sequence",
        "erased",
        "fan_out",
        "fragments",
        "given",
        "keyed",
        "lanes",
        "looked_ns",
        "market_times",
        "receipts",
        "recent_receipts",
        "ring",
        "sizes",
        "snapshot",
        "states",
        "ticks",
        "turn_ticks",
        "waiting_words",
        "words",
    )

    def __init__(
        self,
        ring: RingBuffer,
        sizes: FrameSizes = _SIZES,
        classes: AssetClasses = BY_FORM,
        fan_out: FanOut = PYTHON_FAN_OUT,
        log: Log | None = None,
        *,
        turn_ticks: int = TURN_TICKS,
    ) -> None:
        self.ring = ring
        self.market_times = MarketTimes(ring)
        self._log = log
        self.given = 0
        self.receipts = Receipts()
        self.recent_receipts = RecentReceipts()
        self.looked_ns = 0
        self.archive: Archive | None = None
        self.classes = classes
        self.fragments = Fragments(ring, classes=classes)
        self.snapshot = Snapshot(classes)
        self.turn_ticks = turn_ticks
        self.keyed = KeyedStates()
        self.states = States(
            ring,
            self.snapshot,
            sizes,
            self.fragments.segments,
            keyed=self.keyed,
            turn_ticks=turn_ticks,
            pace=self.pace,
        )
        self.fan_out = fan_out
        self.lanes = Lanes(classes, self.fragments.drop)
        self.sizes = sizes
        self.cut_sequence = ring.newest
        self.conflated_cuts = self.erased = 0
        self._paces: dict[int, Pace] = {}  # by interval in milliseconds
        self.ticks = dict.fromkeys(Kind, 0)
        self.words = dict.fromkeys(WordChannel, 0)
        self.waiting_words = WaitingWords()
        self._batch = Batch(self.lanes, self.fragments)
        self._envelopes = Envelopes(
            ring, self.lanes, self._batch, fan_out, sizes, cut_mark=self.cut_mark
        )

    @property
    def position(self) -> Position:
        """Where live subscribers stand: the last cut."""
        return self.ring.position(self.cut_sequence)

    @property
    def waiting_ticks(self) -> int:
        """How many ticks were published since the last cut."""
        return self.ring.newest - self.cut_sequence

    @property
    def remembered_bytes(self) -> int:
        """The memory of what is remembered for those that come back together."""
        return self.states.remembered_bytes + self.fragments.remembered_bytes

    def forget_remembered(self) -> None:
        """Give that memory back; it is made anew when somebody asks."""
        self.states.clear(self.cut_sequence)
        self.fragments.clear()

    def publish(
        self,
        ticks: list[Tick],
        mono_ns: int,
        given: int = 0,
        batch: tuple[Producer, int] | None = None,
        market_ns: tuple[int, int] | None = None,
        *,
        stamps: "array[int] | None" = None,
        opaque: bool = False,
        carried: Carried = NOTHING_CARRIED,
    ) -> None:
        """Append ticks to the ring.

        Those that wait for a cut must fit into the ring: the caller cuts in between.

        Args:
            ticks: in order.
            mono_ns: now.
            given: how many of them the source gave itself.
            batch: whose they are, and its number, where `receipts` were asked just now, and said
                that it is new.
            market_ns: what the market's clock shows at the first and after the last of them, where
                times are those of a recording; None: it is not known, or they are those of now.
            stamps: when each of them was ingested, monotonic, where that was not just now.
            opaque: some of them may be of unknown kinds.
            carried: their fragments, as far as another server has encoded them.
        """
        self._batch.carry(carried)
        newest = self.ring.publish(ticks, mono_ns if stamps is None else stamps)
        if market_ns is not None:
            self.market_times.note(*market_ns, newest - len(ticks) + 1, newest)
        self.given += given
        if batch is not None:
            self.note_receipt(Receipt(*batch, newest), mono_ns)
        counts = self.ticks
        if opaque:
            self.ring.newest_other = newest
            ticks = _known(ticks)
        for tick in ticks:
            counts[tick.kind] += 1

    def note_receipt(self, receipt: Receipt, mono_ns: int) -> None:
        """Note that a batch of a producer was applied, here or by the server that is followed."""
        self.receipts.note(receipt, mono_ns)
        self.recent_receipts.note(receipt, self.ring.oldest)

    def forget_log(self) -> None:
        """Tell no log any more: what comes has a log of another server."""
        self._log = None

    def skip(self, upto: int, reason: GapReason, mono_ns: int, *, erased: bool = False) -> None:
        """Leave a hole behind the newest sequence; nothing waits for a cut, and nobody is live.

        What was deleted, said or changed within it is not known: so nothing is kept of any key, and
        a ring that has messages of rooms lets go of all that it holds. Not so where they were
        erased, since an event says what was: then all else is as it was.
        """
        self._clear_archive()
        if not erased:
            self.keyed.clear()
        if not erased and has_texts(self.ring):
            self.ring.forget()
            self.fragments.begin()
        self.ring.skip(upto, reason, mono_ns)
        self.cut_sequence = self.ring.newest
        self.states.clear(self.cut_sequence)
        for pace in self._paces.values():
            pace.skip(self.cut_sequence)

    def begin_epoch(self, before: Position, *, begins: bool) -> None:
        """Go on in an epoch of another server, as `RingBuffer.begin` does; nobody is live."""
        self.ring.begin(before, begins=begins)
        self._clear_archive()
        self.receipts = Receipts()
        self.recent_receipts.clear()
        self.cut_sequence = before.sequence
        self.fragments.begin()
        self.snapshot.clear()
        self.keyed.clear()
        self.states.clear(self.cut_sequence)
        self.lanes.begin_epoch()
        for interval_ms in self._paces:
            self._paces[interval_ms] = Pace(self.snapshot.copy(), self.cut_sequence)

    def _clear_archive(self) -> None:
        if self.archive is not None:
            self.archive.clear()

    def read_from(self, archive: Archive) -> None:
        """Have an archive of what is older than the ring."""
        self.archive = archive
        self.states.pages = self.old_page

    def old_page(self, sequence: int) -> Page | None:
        """Return the page of the archive that speaks for a sequence; None: it is on its way."""
        return None if self.archive is None else self.archive.page(sequence, self.looked_ns)

    def take_state(self, ticks: Sequence[Tick]) -> None:
        """Take up the last known state that another server has; nothing waits for a cut."""
        self.snapshot.update(ticks)
        self.states.clear(self.cut_sequence)
        for pace in self._paces.values():
            pace.snapshot.update(ticks)

    def cut(self, mono_ns: int, wall_ns: int) -> Cut:
        """Make envelopes of the ticks published since the last cut, and of conflated ones due."""
        self.looked_ns = mono_ns
        after, upto = self.cut_sequence, self.ring.newest
        events = self.ring.read(after, upto - after)
        ticks = events if self.ring.newest_other <= after else _known(events)
        first_ns = self.ring.ingested_ns(after + 1) if events else mono_ns
        first_wall_ns = wall_ns - (mono_ns - first_ns)
        # Before the others: where a batch is split, each position speaks for what is conflated too.
        for interval_ms, conflator in self.lanes.conflators.items():
            conflator.add(ticks, first_ns, first_wall_ns)
            conflated = conflator.take_due(mono_ns)
            if conflated:
                self.conflated_cuts += 1
                self._batch.distribute_conflated(interval_ms, conflated)
            if interval_ms in self._paces:
                self._paces[interval_ms].add(ticks, upto)
                if conflated:
                    self._paces[interval_ms].end_interval()
        if events:
            self.cut_sequence = upto
            self.snapshot.update(ticks)
            self.states.clear(upto)
            self._batch.distribute(events, ticks, after + 1, 0)
            if self._log is not None:
                self._note_cut(self._log, events, after + 1, wall_ns - mono_ns)
            self._batch.clear_carried()
        payloads = self.lanes.with_fragments()
        outgoing = self._envelopes.make(payloads, mono_ns, wall_ns, after, self.cut_sequence)
        self._batch.clear()
        due_ns, envelopes = self.conflated_due_ns, outgoing.envelopes
        return Cut(len(events), first_ns, due_ns, after, outgoing, envelopes)

    def cut_words(self, mono_ns: int, wall_ns: int) -> Cut:
        """Make envelopes of words that wait, as many as fit beside what somebody may have to read.

        They are a cut of their own, so that a key of somebody's makes no lane of everybody's ticks.
        No ticks wait.
        """
        ring, follows = self.ring, self.cut_sequence
        most = max(1, ring.capacity // 4)
        taken, stamps = self.waiting_words.take(most)
        words = erase_among(taken)
        first = follows + 1
        events = cast("list[Tick]", words)  # the ring has them among ticks
        upto = self.cut_sequence = ring.publish(events, stamps or mono_ns)
        ring.newest_other = upto
        for word in words:
            self.words[word.kind] += 1
        deleted = deletions(words, self.keyed, first)
        if deleted:
            self._clear_archive()
            self.erased += len(erase(words, self.keyed, ring, self.fragments))
        self.keyed.note(words, first, mono_ns)
        self.states.clear(upto)
        for pace in self._paces.values():
            pace.skip(upto)
        self._batch.distribute(events, events, first, OF_WORDS)
        if self._log is not None:
            self._note_cut(self._log, events, first, wall_ns - mono_ns, deleted)
        self.waiting_words.tell(upto)
        payloads = self.lanes.take_words()
        outgoing = self._envelopes.make(payloads, mono_ns, wall_ns, follows, upto)
        self._batch.clear()
        due_ns, envelopes = self.conflated_due_ns, outgoing.envelopes
        first_ns = ring.ingested_ns(first)
        deletes = bool(deleted)
        return Cut(len(words), first_ns, due_ns, follows, outgoing, envelopes, deletes)

    def pace(self, interval_ms: int) -> Pace:
        """Return the state as of the last end of an interval; at first it is that of now."""
        pace = self._paces.get(interval_ms)
        if pace is None:
            self.lanes.keep_conflator(interval_ms)
            pace = self._paces[interval_ms] = Pace(self.snapshot.copy(), self.cut_sequence)
        return pace

    @property
    def conflated_due_ns(self) -> int | None:
        """When conflated ticks are due next, monotonic; None: there are none."""
        due = [conflator.due_ns for conflator in self.lanes.conflators.values()]
        return min((due_ns for due_ns in due if due_ns is not None), default=None)

    def idle(
        self, mono_ns: int, wall_ns: int, *, keepalive_ns: int, mark_interval_ns: int
    ) -> Iterator[tuple[Lane, bytes]]:
        """Yield the envelopes of keepalives and marks that are due in silent lanes."""
        for lane in self.lanes.of_ticks():
            if not lane.members:  # it was left between two steps
                continue
            envelope = lane.idle(
                self.position,  # there may be a cut between two lanes
                mono_ns,
                wall_ns,
                keepalive_ns=keepalive_ns,
                mark_interval_ns=mark_interval_ns,
            )
            if envelope:
                yield lane, envelope

    def announce(self, message: Message, mono_ns: int) -> Iterator[tuple[Lane, bytes]]:
        """Yield the envelopes of a message to every lane that has something subscribed."""
        for lane in self.lanes.of_ticks():
            if lane.payload.key.selection.symbols:
                lane.note_frame(mono_ns)
                yield lane, lane.message_envelope(message)

    def cut_mark(self, first: int, last: int, stamps: "array[int] | None" = None) -> Message:
        """Return what a server that follows is told of consecutive events.

        `stamps` says when each was ingested, monotonic, where the ring does not hold them any more.
        """
        ring = self.ring
        if stamps is None:
            stamps = ring.ingestion_times_ns(first - 1, last - first + 1)
        receipts = self.recent_receipts.within(first, last)
        return cut_message(ring.position(last), stamps, self.looked_ns, ring.newest, receipts)

    def _note_cut(
        self,
        log: Log,
        events: list[Tick],
        first: int,
        wall_offset_ns: int,
        deleted: Sequence[Deletion] = (),
    ) -> None:
        """Tell the log of a cut, in the JSON that subscribers get."""
        told = self._batch.json(events) if log.takes_ticks else b""
        ingested_ns = self.ring.ingestion_times_ns(first - 1, len(events))
        receipts = self.recent_receipts.within(first, first + len(events) - 1)
        log.note_cut(
            Record(first, ingested_ns, self.given, wall_offset_ns, told, receipts, deleted)
        )


def _known(events: list[Tick]) -> list[Tick]:
    """Return the events whose kinds are known."""
    return [event for event in events if not is_opaque(event)]
