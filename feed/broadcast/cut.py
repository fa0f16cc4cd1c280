"""The cut: events go in, and come out as one envelope per lane.

A broadcast holds the ring, what is known per symbol, and every payload and lane. A cut takes the
ticks published since the last one through select, encode and join, each step once. Knows no clock
and no socket: `audience` writes what is made here, and the hub says when.
"""

from array import array
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import cast

from feed.broadcast.archive import Archive
from feed.broadcast.archive_page import Page
from feed.broadcast.carried import NOTHING_CARRIED, Carried, CarriedFragments
from feed.broadcast.erasure import deletions, erase, erase_among, has_texts
from feed.broadcast.fan_out import PYTHON_FAN_OUT, FanOut
from feed.broadcast.fragments import TURN_TICKS, Fragments, split_runs
from feed.broadcast.frame_sizes import MARK_BYTES, FrameSizes
from feed.broadcast.keyed_states import KeyedStates
from feed.broadcast.lane import Lane
from feed.broadcast.lanes import OF_WORDS, Lanes
from feed.broadcast.log import Deletion, Log, Record
from feed.broadcast.market_times import MarketTimes
from feed.broadcast.outgoing import Outgoing
from feed.broadcast.pace import Pace
from feed.broadcast.payload import Payload
from feed.broadcast.ring import RingBuffer
from feed.broadcast.states import States
from feed.market.asset_classes import BY_FORM, AssetClasses
from feed.market.receipts import Producer, Receipt, Receipts
from feed.market.recent_receipts import RecentReceipts
from feed.market.snapshot import Snapshot
from feed.market.ticks import Kind, Tick, is_opaque
from feed.market.word_channels import WordChannel
from feed.market.words import Word
from feed.wire.codec import Codec, encode_events
from feed.wire.follow_frames import cut_message
from feed.wire.json_codec import JSON
from feed.wire.messages import GapReason, Message, mark_message
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
        "_carried",
        "_encoded",
        "_heard",
        "_holds_words",
        "_kept_back",
        "_log",
        "_numbered",
        "_paces",
        "_said",
        "_word_stamps",
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
        self.waiting_words: list[Word] = []  # they come behind the ticks of the next cut
        self._word_stamps = array("q")  # of these, where they came with some
        self._said = 0  # words, cut or not
        self._holds_words = False
        self._kept_back: list[tuple[Sequence[Word], Callable[[int], None] | None]] = []
        self._heard: deque[tuple[int, Callable[[int], None]]] = deque()  # of so many words said
        self._carried = CarriedFragments()
        # Of the cut in progress: its first sequence, and its fragments, by codec.
        self._encoded: dict[Codec, tuple[int, list[bytes]]] = {}
        self._numbered: dict[Codec, dict[int, int]] = {}  # the sequences of these, where needed

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
        self._carried.add(carried)
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

    def hold_words(self) -> None:
        """Keep back what is said here from now on: another server is about to give sequences."""
        self._holds_words = True

    def release_words(self) -> None:
        """Say what was kept back, and all that comes: this server gives the sequences again."""
        self._holds_words = False
        kept_back, self._kept_back = self._kept_back, []
        for words, heard in kept_back:
            self.say(words, heard)

    def say(
        self,
        words: Sequence[Word],
        heard: Callable[[int], None] | None = None,
        *,
        stamps: "array[int] | None" = None,
    ) -> None:
        """Let words wait for the next cut: they take the sequences behind its ticks.

        Args:
            words: in order.
            heard: is told the sequence of the last of them, in the cut.
            stamps: when each of them was ingested, monotonic, where that is not when it is cut:
                for all words, or for none.
        """
        if self._holds_words and stamps is None:
            self._kept_back.append((words, heard))
            return
        self.waiting_words += words
        if stamps is not None:
            self._word_stamps += stamps
        self._said += len(words)
        if heard is not None:
            self._heard.append((self._said, heard))

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
                self._distribute(interval_ms, conflated)
            if interval_ms in self._paces:
                self._paces[interval_ms].add(ticks, upto)
                if conflated:
                    self._paces[interval_ms].end_interval()
        if events:
            self.cut_sequence = upto
            self.snapshot.update(ticks)
            self.states.clear(upto)
            self._distribute_events(events, ticks, after + 1, 0)
            if self._log is not None:
                self._note_cut(self._log, events, after + 1, wall_ns - mono_ns)
            self._carried.clear()
        outgoing = self._envelop(self.lanes.with_fragments(), mono_ns, wall_ns, after)
        self._encoded.clear()
        self._numbered.clear()
        due_ns, envelopes = self.conflated_due_ns, outgoing.envelopes
        return Cut(len(events), first_ns, due_ns, after, outgoing, envelopes)

    def cut_words(self, mono_ns: int, wall_ns: int) -> Cut:
        """Make envelopes of words that wait, as many as fit beside what somebody may have to read.

        They are a cut of their own, so that a key of somebody's makes no lane of everybody's ticks.
        No ticks wait.
        """
        ring, follows = self.ring, self.cut_sequence
        most = max(1, ring.capacity // 4)
        words = erase_among(self.waiting_words[:most])
        stamps = self._word_stamps[:most]
        del self.waiting_words[:most], self._word_stamps[:most]
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
        self._distribute_events(events, events, first, OF_WORDS)
        if self._log is not None:
            self._note_cut(self._log, events, first, wall_ns - mono_ns, deleted)
        cut = self._said - len(self.waiting_words)
        while self._heard and self._heard[0][0] <= cut:
            said, heard = self._heard.popleft()
            heard(upto - (cut - said))
        outgoing = self._envelop(self.lanes.take_words(), mono_ns, wall_ns, follows)
        self._encoded.clear()
        self._numbered.clear()
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

    def _distribute(self, interval_ms: int, ticks: list[Tick]) -> None:
        """Encode conflated ticks in every codec in use, and give them to whoever selects of them.

        Args:
            interval_ms: of which interval they are conflated.
            ticks: the batch.
        """
        for codec, index in self.lanes.indexes(interval_ms):
            index.distribute(ticks, codec.encode(ticks))

    def _distribute_events(
        self, events: list[Tick], ticks: list[Tick], first: int, index_ms: int
    ) -> None:
        """Encode a batch of the ring in every codec in use, and give it to whoever selects of it.

        Args:
            events: the batch.
            ticks: those of them whose kinds are known.
            first: the sequence of the first event.
            index_ms: 0, or `OF_WORDS`.
        """
        for codec, index in self.lanes.indexes(index_ms):
            fragments = self._encode(codec, events, first, opaque=ticks is not events)
            if ticks is not events:
                pairs = zip(events, fragments, strict=True)
                fragments = [fragment for event, fragment in pairs if not is_opaque(event)]
            index.distribute(ticks, fragments)
        for payload in self.lanes.following:
            codec = payload.key.codec
            known = self._encoded.get(codec)
            payload.waiting += (
                self._encode(codec, events, first, opaque=ticks is not events)
                if known is None
                else known[1]
            )

    def _encode(self, codec: Codec, events: list[Tick], first: int, *, opaque: bool) -> list[bytes]:
        """Encode a batch of the ring, and keep the fragments."""
        fragments = self._carried.of(codec, len(events))
        if fragments is None:
            fragments = encode_events(codec, events, opaque=opaque)
        self.fragments.store(codec, first, fragments)
        self._encoded[codec] = first, fragments
        return fragments

    def _note_cut(
        self,
        log: Log,
        events: list[Tick],
        first: int,
        wall_offset_ns: int,
        deleted: Sequence[Deletion] = (),
    ) -> None:
        """Tell the log of a cut, in the JSON that subscribers get; without any it is made here."""
        told = b""
        if log.takes_ticks:
            known = self._encoded.get(JSON)
            fragments = encode_events(JSON, events, opaque=True) if known is None else known[1]
            told = JSON.join(fragments)
        ingested_ns = self.ring.ingestion_times_ns(first - 1, len(events))
        receipts = self.recent_receipts.within(first, first + len(events) - 1)
        log.note_cut(
            Record(first, ingested_ns, self.given, wall_offset_ns, told, receipts, deleted)
        )

    def _envelop(
        self,
        payloads: Sequence[tuple[Payload, list[Lane]]],
        mono_ns: int,
        wall_ns: int,
        follows: int,
    ) -> Outgoing:
        """Join what the index gave to each payload, and put it into its lanes' frames.

        There may be thousands of payloads, each of one subscriber: so names are looked up once.
        """
        at, told = str(self.position).encode(), self.cut_sequence
        self.lanes.shapings.move(at, self.sizes)
        compose = self.fan_out.compose
        marks: dict[str, bytes] = {}
        outgoing = Outgoing()
        for payload, lanes in payloads:
            waiting, marked = payload.waiting, payload.key.marks
            if payload.follows:
                cut = self.cut_mark(follows + 1, told)
                waiting.append(payload.key.codec.fragment(cut))
            elif marked:
                codec = payload.key.codec
                if codec.name not in marks:
                    marks[codec.name] = codec.fragment(mark_message(self.position, wall_ns))
                waiting.append(marks[codec.name])
            bodies = None
            for lane in lanes:
                lane.spoke_ns = mono_ns
                lane.told = told
                if marked:
                    lane.marked_ns = mono_ns
                shape = lane.shaping.shape
                if shape is not None and (composed := compose(waiting, shape)):
                    outgoing.add_frame(lane, *composed)
                    continue
                if bodies is None:
                    bodies = self._bodies(payload, at, wall_ns, follows)
                envelop = lane.framing.envelop_ticks
                outgoing.add(lane, [envelop(body, end) for body, end in bodies], mono_ns)
            waiting.clear()
        return outgoing

    def _bodies(
        self, payload: Payload, at: bytes, wall_ns: int, follows: int
    ) -> list[tuple[bytes, bytes]]:
        """Join what waits, in one message where it fits; each with its position."""
        codec = payload.key.codec
        body = codec.join(payload.waiting)
        if len(body) <= self.sizes.payload_bytes(codec):
            return [(body, at)]
        return self._split(payload, wall_ns, follows)

    def _split(self, payload: Payload, wall_ns: int, follows: int) -> list[tuple[bytes, bytes]]:
        """Join a batch that is too long for one message in several, each with its own position."""
        codec, upto = payload.key.codec, self.cut_sequence
        most_bytes = self.sizes.payload_bytes(codec) - codec.around_bytes - MARK_BYTES
        ticks = payload.waiting[:-1] if payload.key.marks else payload.waiting
        runs = split_runs(ticks, most_bytes, codec.between_bytes)
        bodies = []
        reached, count = follows, 0
        for number, fragments in enumerate(runs, 1):
            # Conflated ticks come before the others, and are not in the ring.
            before = reached
            count += len(fragments)
            if payload.follows:  # it has every sequence
                reached = before + len(fragments)
            elif number == len(runs):
                reached = upto
            else:
                reached = self._sequence(codec, fragments[-1], count) or follows
            position = self.ring.position(reached)
            mark = b""
            if payload.follows:
                mark = codec.fragment(self.cut_mark(before + 1, reached))
            elif payload.key.marks:
                mark = codec.fragment(mark_message(position, wall_ns))
            bodies.append((payload.join(fragments, mark), str(position).encode()))
        return bodies

    def _sequence(self, codec: Codec, fragment: bytes, count: int) -> int | None:
        """Return the sequence of a fragment of the batch; None: it is a conflated one.

        Args:
            codec: that it is in.
            fragment: the same object as in the batch.
            count: of the fragments of its payload up to it.
        """
        first, fragments = self._encoded.get(codec, (0, []))
        if count <= len(fragments) and fragments[count - 1] is fragment:
            return first + count - 1  # all of the batch is selected
        known = self._numbered.get(codec)
        if known is None:
            known = {id(fragment): first + index for index, fragment in enumerate(fragments)}
            self._numbered[codec] = known
        return known.get(id(fragment))


def _known(events: list[Tick]) -> list[Tick]:
    """Return the events whose kinds are known."""
    return [event for event in events if not is_opaque(event)]
