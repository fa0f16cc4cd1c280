"""Envelopes of a cut: what waits in each payload, joined once, and put into its lanes' frames."""

from collections.abc import Callable, Sequence

from feed.broadcast.batch import Batch
from feed.broadcast.fan_out import FanOut
from feed.broadcast.fragments import split_runs
from feed.broadcast.frame_sizes import MARK_BYTES, FrameSizes
from feed.broadcast.lane import Lane
from feed.broadcast.lanes import Lanes
from feed.broadcast.outgoing import Outgoing
from feed.broadcast.payload import Payload
from feed.broadcast.ring import RingBuffer
from feed.wire.codec import Codec
from feed.wire.messages import Message, mark_message


class Envelopes:
    """Makes the envelopes of one cut after another."""

    __slots__ = ("_batch", "_cut_mark", "_fan_out", "_lanes", "_ring", "_sizes")

    def __init__(
        self,
        ring: RingBuffer,
        lanes: Lanes,
        batch: Batch,
        fan_out: FanOut,
        sizes: FrameSizes,
        *,
        cut_mark: Callable[[int, int], Message],
    ) -> None:
        """Make none yet.

        Args:
            ring: whose sequences they tell.
            lanes: they are for.
            batch: that is cut.
            fan_out: composes frames.
            sizes: how long frames get.
            cut_mark: returns what a server that follows is told of consecutive events.
        """
        self._ring = ring
        self._lanes = lanes
        self._batch = batch
        self._fan_out = fan_out
        self._sizes = sizes
        self._cut_mark = cut_mark

    def make(
        self,
        payloads: Sequence[tuple[Payload, list[Lane]]],
        mono_ns: int,
        wall_ns: int,
        follows: int,
        upto: int,
    ) -> Outgoing:
        """Join what the index gave to each payload, and put it into its lanes' frames.

        There may be thousands of payloads, each of one subscriber: so names are looked up once.

        Args:
            payloads: that have something, each with its lanes.
            mono_ns: now.
            wall_ns: now.
            follows: the sequence that they follow.
            upto: the last one of the cut.
        """
        position = self._ring.position(upto)
        at = str(position).encode()
        self._lanes.shapings.move(at, self._sizes)
        compose = self._fan_out.compose
        marks: dict[str, bytes] = {}
        outgoing = Outgoing()
        for payload, lanes in payloads:
            waiting, marked = payload.waiting, payload.key.marks
            if payload.follows:
                cut = self._cut_mark(follows + 1, upto)
                waiting.append(payload.key.codec.fragment(cut))
            elif marked:
                codec = payload.key.codec
                if codec.name not in marks:
                    marks[codec.name] = codec.fragment(mark_message(position, wall_ns))
                waiting.append(marks[codec.name])
            bodies = None
            for lane in lanes:
                lane.spoke_ns = mono_ns
                lane.told = upto
                if marked:
                    lane.marked_ns = mono_ns
                shape = lane.shaping.shape
                if shape is not None and (composed := compose(waiting, shape)):
                    outgoing.add_frame(lane, *composed)
                    continue
                if bodies is None:
                    bodies = self._bodies(payload, at, wall_ns, follows, upto)
                envelop = lane.framing.envelop_ticks
                outgoing.add(lane, [envelop(body, end) for body, end in bodies], mono_ns)
            waiting.clear()
        return outgoing

    def _bodies(
        self, payload: Payload, at: bytes, wall_ns: int, follows: int, upto: int
    ) -> list[tuple[bytes, bytes]]:
        """Join what waits, in one message where it fits; each with its position."""
        codec = payload.key.codec
        body = codec.join(payload.waiting)
        if len(body) <= self._sizes.payload_bytes(codec):
            return [(body, at)]
        return self._split(payload, wall_ns, follows, upto)

    def _split(
        self, payload: Payload, wall_ns: int, follows: int, upto: int
    ) -> list[tuple[bytes, bytes]]:
        """Join a batch that is too long for one message in several, each with its own position."""
        codec = payload.key.codec
        ticks = payload.waiting[:-1] if payload.key.marks else payload.waiting
        runs = split_runs(ticks, self._most_bytes(codec), codec.between_bytes)
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
                reached = self._batch.sequence(codec, fragments[-1], count) or follows
            position = self._ring.position(reached)
            mark = b""
            if payload.follows:
                mark = codec.fragment(self._cut_mark(before + 1, reached))
            elif payload.key.marks:
                mark = codec.fragment(mark_message(position, wall_ns))
            bodies.append((payload.join(fragments, mark), str(position).encode()))
        return bodies

    def _most_bytes(self, codec: Codec) -> int:
        return self._sizes.payload_bytes(codec) - codec.around_bytes - MARK_BYTES
