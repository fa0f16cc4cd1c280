"""All payloads and lanes: which there are, and which of them want a tick.

Equal selections share a payload, and a payload in one framing and compression is a lane. Both come
with their first member and go with their last. A selection of words, with ticks or without, has a
twin of two lanes.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from weakref import WeakKeyDictionary, ref

from feed.broadcast.compressor_budget import CompressorBudget
from feed.broadcast.deflated_lane import DeflatedLane
from feed.broadcast.lane import Lane
from feed.broadcast.payload import Payload
from feed.broadcast.payload_key import PayloadKey
from feed.broadcast.projections import Projections
from feed.broadcast.readership import Readership
from feed.broadcast.selection_index import SelectionIndex
from feed.broadcast.shaping import Shapings
from feed.broadcast.traffic import Traffic
from feed.broadcast.twin_lane import TwinLane
from feed.broadcast.wildcard_sets import WildcardSets
from feed.market.asset_classes import BY_FORM, AssetClasses
from feed.market.conflation import Conflator
from feed.wire.codec import Codec
from feed.wire.compression import Compression
from feed.wire.framing import Framing
from feed.wire.selection import Selection

OF_WORDS = -1  # in place of an interval in milliseconds: the index of words
FEW_ENTRIES = 64  # of a payload that is forgotten at once: 10 µs
LaneKey = tuple[PayloadKey, Framing, Compression | None]


@dataclass(slots=True)
class _Carried:
    """A payload, and the lanes that carry it."""

    payload: Payload
    lanes: list[Lane] = field(default_factory=list)


class Lanes:
    """Every lane that has members.

    Attributes:
        counts: how many lanes there are, by transport and codec.
        traffic: frames and bytes written, by transport and codec.
        budget: the memory of all lanes' compressors together.
        shapings: of all lanes whose frames are plain.
        conflators: one for each interval that somebody asked for, by milliseconds.
        following: the payloads of servers that follow this one: they take every event.
        projections: those of codecs in use.
        readership: who reads which keys of words.
        wildcard_sets: the sets of symbols with wildcards, of all selections.
    """

    __slots__ = (
        "_carried",
        "_carried_by",
        "_carried_words",
        "_drop",
        "_indexes",
        "_kept",
        "_lanes",
        "_left",
        "_left_entries",
        "_symbols",
        "_twins",
        "_with_words",
        "_word_lanes",
        "budget",
        "conflators",
        "counts",
        "following",
        "projections",
        "readership",
        "shapings",
        "traffic",
        "wildcard_sets",
    )

    def __init__(
        self, classes: AssetClasses = BY_FORM, drop: Callable[[Codec], None] = lambda _: None
    ) -> None:
        """Begin without lanes.

        Args:
            classes: the asset class of each symbol.
            drop: called with a projection of a codec that nobody uses any more.
        """
        self._drop = drop
        self.projections = Projections()
        self.readership = Readership()
        self.counts: Counter[tuple[str, str]] = Counter()
        self.traffic: defaultdict[tuple[str, str], Traffic] = defaultdict(Traffic)
        self.budget = CompressorBudget()
        self.shapings = Shapings()
        self.conflators: dict[int, Conflator] = {}
        self.following: list[Payload] = []
        self.wildcard_sets = WildcardSets(classes)
        self._kept: set[int] = set()  # intervals whose conflator stays
        self._carried: dict[PayloadKey, _Carried] = {}
        self._carried_words: dict[PayloadKey, _Carried] = {}  # likewise, of words
        self._carried_by: dict[Payload, _Carried] = {}  # both; a key takes 1 us to be hashed
        self._lanes: dict[LaneKey, Lane] = {}
        self._word_lanes: dict[LaneKey, Lane] = {}  # likewise
        self._twins: dict[LaneKey, TwinLane] = {}
        self._with_words: list[Payload] = []  # to which the index of words gave something
        self._left: dict[PayloadKey, Payload] = {}  # without lanes, and still in the indexes
        self._left_entries = 0
        # Sets of symbols in use, by those that are equal to them.
        self._symbols: WeakKeyDictionary[frozenset[str], ref[frozenset[str]]] = WeakKeyDictionary()
        # By codec and interval; 0 ms: lossless.
        self._indexes: defaultdict[tuple[Codec, int], SelectionIndex] = defaultdict(
            partial(SelectionIndex, self.wildcard_sets)
        )

    def __len__(self) -> int:
        return len(self._lanes) + len(self._word_lanes)

    def __iter__(self) -> Iterator[Lane]:
        """Yield each lane there is now; lanes may come and go meanwhile."""
        return iter([*self._lanes.values(), *self._word_lanes.values()])

    def of_ticks(self) -> Iterator[Lane]:
        """Yield those of ticks, likewise; they say what a silent lane must, for those of words."""
        return iter(list(self._lanes.values()))

    @property
    def index_entries(self) -> int:
        """How many (channel, symbol) pairs all payloads with members hold together."""
        return sum(index.entries for index in self._indexes.values()) - self._left_entries

    def indexes(self, interval_ms: int) -> Iterator[tuple[Codec, SelectionIndex]]:
        """Yield the index of each codec in use for an interval; 0 ms: lossless."""
        for (codec, index_ms), index in self._indexes.items():
            if index_ms == interval_ms and index.selections:
                yield codec, index

    def take_words(self) -> list[tuple[Payload, list[Lane]]]:
        """Return the payloads that the index of words gave something to, with their lanes.

        There may be thousands of keys of which a few have words: the others are not looked at.
        """
        some, self._with_words = self._with_words, []
        some += self.following
        found = map(self._carried_by.get, some)
        return [
            (carried.payload, carried.lanes)
            for carried in found
            if carried is not None and carried.payload.waiting
        ]

    def with_fragments(self) -> list[tuple[Payload, list[Lane]]]:
        """Return the payloads that the indexes of ticks gave something to, with their lanes."""
        return [
            (carried.payload, carried.lanes)
            for carried in self._carried.values()
            if carried.payload.waiting
        ]

    def enter(
        self,
        key: PayloadKey,
        framing: Framing,
        mono_ns: int,
        compression: Compression | None = None,
    ) -> Lane:
        """Return the lane for these, made where it is the first, with one member more."""
        lane = self.find(key, framing, compression)
        if lane is None:
            make = self._open_twin if key.selection.words else self._open
            lane = make(key, framing, mono_ns, compression)
        lane.members += 1
        if isinstance(lane, TwinLane):
            self.readership.move(lane, 1)
        return lane

    def find(
        self, key: PayloadKey, framing: Framing, compression: Compression | None = None
    ) -> Lane | None:
        """Return the lane for these; None: nobody is in it."""
        if key.selection.words:
            return self._twins.get((key, framing, compression))
        return self._lanes.get((key, framing, compression))

    def leave(self, lane: Lane) -> None:
        """Take one member out of a lane; the last one takes the lane along.

        A large payload without lanes stays in the indexes until `forget`.
        """
        lane.members -= 1
        if isinstance(lane, TwinLane):
            self.readership.move(lane, -1)
        if lane.members:
            return
        key = lane.payload.key
        if isinstance(lane, TwinLane):
            self.readership.close(lane)
            del self._twins[key, lane.framing, lane.compression]
            self.leave(lane.of_ticks)
            self.leave(lane.of_words)
            return
        lane.close()
        del self._lanes_like(key)[key, lane.framing, lane.compression]
        self.counts[lane.framing.transport, key.codec.name] -= 1
        carried = self._carrying(key)[key]
        carried.lanes.remove(lane)
        if not carried.lanes:
            del self._carrying(key)[key]
            del self._carried_by[carried.payload]
            entries = key.selection.entries
            if entries <= FEW_ENTRIES:
                self._forget(carried.payload)
            else:
                self._left[key] = carried.payload
                self._left_entries += entries

    def end_intervals(self) -> None:
        """Let what conflated channels have collected be told with the next cut."""
        for conflator in self.conflators.values():
            conflator.end()

    def begin_epoch(self) -> None:
        """Forget where readers are, in sequences that are over."""
        for lane in self:
            lane.told = 0

    def keep_conflator(self, interval_ms: int) -> None:
        """Have a conflator of an interval, whether a selection has it or not."""
        self._kept.add(interval_ms)
        if interval_ms not in self.conflators:
            self.conflators[interval_ms] = Conflator(interval_ms)

    def forget(self, most_entries: int) -> bool:
        """Take payloads that were left out of the indexes; tell whether there are more of them.

        Args:
            most_entries: go on until they held so many; 150 ns each.
        """
        while self._left and most_entries > 0:
            key = next(iter(self._left))
            most_entries -= key.selection.entries
            self._forget(self._take_left(key))
        return bool(self._left)

    def _carrying(self, key: PayloadKey) -> dict[PayloadKey, _Carried]:
        return self._carried_words if key.selection.words else self._carried

    def _lanes_like(self, key: PayloadKey) -> dict[LaneKey, Lane]:
        return self._word_lanes if key.selection.words else self._lanes

    def _take_left(self, key: PayloadKey) -> Payload:
        self._left_entries -= key.selection.entries
        return self._left.pop(key)

    def _open_twin(
        self, key: PayloadKey, framing: Framing, mono_ns: int, compression: Compression | None
    ) -> Lane:
        """Make the twin of a selection with words, as a member of both of its lanes."""
        selection = key.selection
        ticks = replace(key, selection=selection.ticks)
        of_ticks = self.enter(ticks, framing, mono_ns, compression)
        words = replace(key, selection=selection.only_words)
        of_words = self._word_lanes.get((words, framing, None))
        if of_words is None:
            of_words = self._open(words, framing, mono_ns, None)
        of_words.members += 1
        twin = TwinLane(Payload(key), of_ticks, of_words, mono_ns)
        self._twins[key, framing, compression] = twin
        self.readership.open(twin)
        return twin

    def _open(
        self, key: PayloadKey, framing: Framing, mono_ns: int, compression: Compression | None
    ) -> Lane:
        carried = self._carrying(key).get(key)
        if carried is None:
            payload = self._payload(key)
            carried = self._carrying(key)[payload.key] = _Carried(payload)
            self._carried_by[payload] = carried
        key = carried.payload.key  # equal, and kept already
        served = framing.transport, key.codec.name
        lane = (
            Lane(
                carried.payload,
                framing,
                self.traffic[served],
                mono_ns,
                self.shapings.of(key.codec, framing),
            )
            if compression is None
            else DeflatedLane(
                carried.payload,
                framing,
                self.traffic[served],
                mono_ns,
                compression=compression,
                budget=self.budget,
            )
        )
        self._lanes_like(key)[key, framing, compression] = lane
        self.counts[served] += 1
        carried.lanes.append(lane)
        return lane

    def _payload(self, key: PayloadKey) -> Payload:
        """Return the payload of a key, which is in the indexes; the one that was left, if any."""
        if key in self._left:
            payload = self._take_left(key)
            payload.waiting.clear()
        else:
            payload = Payload(replace(key, selection=self._sharing(key.selection)))
            self._index(payload)
        return payload

    def _sharing(self, selection: Selection) -> Selection:
        """Return an equal selection, whose sets are those that others have already.

        A set takes 37 bytes a symbol, and many ask for the same on one channel and for their own on
        another.
        """
        known = self._symbols
        symbols = tuple(
            (channel, known.setdefault(some, ref(some))() or some)
            for channel, some in selection.symbols
        )
        return replace(selection, symbols=symbols)

    def _index(self, payload: Payload) -> None:
        """Put a payload into the indexes, and make the conflators that it is the first to need."""
        if payload.follows:
            self.following.append(payload)
            return
        codec = payload.key.codec
        self.projections.add(codec)
        if payload.key.selection.words:
            payload.collect = partial(self._collect_word, payload)
            self._indexes[codec, OF_WORDS].add(payload.lossless, payload.collect)
            return
        for interval_ms, part in payload.parts.items():
            self._indexes[codec, interval_ms].add(part, payload.collect)
            if interval_ms and interval_ms not in self.conflators:
                self.conflators[interval_ms] = Conflator(interval_ms)

    def _collect_word(self, payload: Payload, fragment: bytes) -> None:
        if not payload.waiting:
            self._with_words.append(payload)
        payload.waiting.append(fragment)

    def _forget(self, payload: Payload) -> None:
        """Take a payload out of the indexes, and its intervals along where it was the last."""
        if payload.follows:
            self.following.remove(payload)
            return
        codec = payload.key.codec
        parts = {OF_WORDS: payload.lossless} if payload.key.selection.words else payload.parts
        for interval_ms, part in parts.items():
            self._indexes[codec, interval_ms].remove(part, payload.collect)
            if (
                interval_ms > 0
                and interval_ms not in self._kept
                and not any(
                    index.selections
                    for (_, index_ms), index in self._indexes.items()
                    if index_ms == interval_ms
                )
            ):
                del self.conflators[interval_ms]
        if self.projections.take(codec):
            for key in [key for key in self._indexes if key[0] is codec]:
                del self._indexes[key]
            self._drop(codec)
