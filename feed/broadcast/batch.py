"""The batch of a cut in progress: encoded once a codec, and given to whoever selects of it."""

from feed.broadcast.carried import Carried, CarriedFragments
from feed.broadcast.fragments import Fragments
from feed.broadcast.lanes import Lanes
from feed.market.ticks import Tick, is_opaque
from feed.wire.codec import Codec, encode_events
from feed.wire.json_codec import JSON


class Batch:
    """What a cut takes from the ring; between two cuts it is empty."""

    __slots__ = ("_carried", "_encoded", "_fragments", "_lanes", "_numbered")

    def __init__(self, lanes: Lanes, fragments: Fragments) -> None:
        """Begin empty.

        Args:
            lanes: whose payloads select of it.
            fragments: where what is encoded is kept for those that are behind.
        """
        self._lanes = lanes
        self._fragments = fragments
        self._carried = CarriedFragments()
        self._encoded: dict[Codec, tuple[int, list[bytes]]] = {}  # its first sequence, fragments
        self._numbered: dict[Codec, dict[int, int]] = {}  # the sequences of these, where needed

    def carry(self, carried: Carried) -> None:
        """Note fragments that came along with events which wait for the cut."""
        self._carried.add(carried)

    def distribute_conflated(self, interval_ms: int, ticks: list[Tick]) -> None:
        """Encode conflated ticks in every codec in use, and give them to whoever selects of them.

        They are not of the ring, and have no sequences.

        Args:
            interval_ms: of which interval they are conflated.
            ticks: in order.
        """
        for codec, index in self._lanes.indexes(interval_ms):
            index.distribute(ticks, codec.encode(ticks))

    def distribute(self, events: list[Tick], ticks: list[Tick], first: int, index_ms: int) -> None:
        """Encode events of the ring in every codec in use, and give them to whoever selects of it.

        Args:
            events: consecutive.
            ticks: those of them whose kinds are known.
            first: the sequence of the first event.
            index_ms: 0, or `OF_WORDS`.
        """
        opaque = ticks is not events
        for codec, index in self._lanes.indexes(index_ms):
            fragments = self.encode(codec, events, first, opaque=opaque)
            if opaque:
                pairs = zip(events, fragments, strict=True)
                fragments = [fragment for event, fragment in pairs if not is_opaque(event)]
            index.distribute(ticks, fragments)
        for payload in self._lanes.following:
            codec = payload.key.codec
            known = self._encoded.get(codec)
            payload.waiting += (
                self.encode(codec, events, first, opaque=opaque) if known is None else known[1]
            )

    def encode(self, codec: Codec, events: list[Tick], first: int, *, opaque: bool) -> list[bytes]:
        """Return the fragments of events of the ring, kept for those that are behind."""
        fragments = self._carried.of(codec, len(events))
        if fragments is None:
            fragments = encode_events(codec, events, opaque=opaque)
        self._fragments.store(codec, first, fragments)
        self._encoded[codec] = first, fragments
        return fragments

    def json(self, events: list[Tick]) -> bytes:
        """Return its events in the JSON that subscribers get; without any it is made here."""
        known = self._encoded.get(JSON)
        return JSON.join(encode_events(JSON, events, opaque=True) if known is None else known[1])

    def sequence(self, codec: Codec, fragment: bytes, count: int) -> int | None:
        """Return the sequence of a fragment; None: it is of a conflated tick.

        Args:
            codec: that it is in.
            fragment: the same object as was distributed.
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

    def clear_carried(self) -> None:
        """Forget what came along with events: they are cut."""
        self._carried.clear()

    def clear(self) -> None:
        """Forget what was encoded: it is in frames."""
        self._encoded.clear()
        self._numbered.clear()
