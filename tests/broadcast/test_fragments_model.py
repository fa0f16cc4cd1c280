"""Fragments against a plain list of every tick that there ever was."""

from collections.abc import Sequence
from typing import ClassVar

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    precondition,
    rule,
    run_state_machine_as_test,
)

from feed.broadcast.fragments import Fragments
from feed.broadcast.ring import RingBuffer
from feed.errors import Overrun
from feed.market.ticks import Kind, Tick
from feed.wire.codec import Codec
from feed.wire.json_codec import JSON
from feed.wire.messagepack_codec import MESSAGE_PACK
from feed.wire.selection import Selection
from tests.fakes import strategies
from tests.fakes.numbered_ticks import numbered
from tests.fakes.selections import EVERYTHING, select
from tests.fakes.strategies import examples

PLENTY = 1 << 30  # bytes
FEW = st.lists(strategies.keys, min_size=1, max_size=3)


def joined_bytes(codec: Codec, fragments: Sequence[bytes]) -> int:
    return len(codec.join(fragments)) - len(codec.join([b""]))


class FragmentsModel(RuleBasedStateMachine):
    """Batches and cuts of any size, codecs in use now and then, and reads from anywhere.

    Segments are short here, so that every border of them is met.
    """

    codecs: ClassVar[list[Codec]] = [JSON, MESSAGE_PACK]
    segment_ticks: ClassVar[int]

    @initialize(
        capacity=st.sampled_from([2, 4, 8, 16, 32]),
        newest=st.sampled_from([0, 1, 3, 4, 1_000_001]),
    )
    def start(self, capacity: int, newest: int) -> None:
        self.ring = RingBuffer(capacity, newest=newest)
        self.kept = Fragments(self.ring, self.segment_ticks)
        self.first = newest + 1
        self.published: list[Tick] = []
        self.cut_sequence = newest
        self.in_use: set[str] = set()

    @rule(keys=st.one_of(FEW, st.lists(strategies.keys, min_size=1, max_size=16)))
    def publish(self, keys: list[tuple[Kind, str]]) -> None:
        for start in range(0, len(keys), self.ring.capacity):
            part = keys[start : start + self.ring.capacity]
            if self.ring.newest - self.cut_sequence + len(part) > self.ring.capacity:
                self.cut()
            first = self.ring.newest + 1
            ticks = [numbered(first + index, *key) for index, key in enumerate(part)]
            self.ring.publish(ticks, 0)
            self.published += ticks

    @rule()
    def cut(self) -> None:
        after, upto = self.cut_sequence, self.ring.newest
        ticks = self.ring.read(after, upto - after)
        for codec in self.codecs:
            if codec.name in self.in_use and ticks:
                self.kept.store(codec, after + 1, codec.encode(ticks))
        self.cut_sequence = upto

    @rule(codec=st.sampled_from(codecs))
    def somebody_begins_or_ends_to_use_a_codec(self, codec: Codec) -> None:
        self.in_use ^= {codec.name}

    @rule(count=st.integers(1, 3), data=st.data())
    def cut_a_few_in_this_codec_and_not_in_that(self, count: int, data: st.DataObject) -> None:
        self.in_use = data.draw(st.sets(st.sampled_from([codec.name for codec in self.codecs])))
        self.publish([(Kind.TRADE, "AAPL")] * min(count, self.ring.capacity))
        self.cut()

    @precondition(lambda self: self.published)
    @rule(
        data=st.data(),
        codec=st.sampled_from(codecs),
        selection=st.one_of(st.just(EVERYTHING), strategies.selections_of_wildcards),
        max_bytes=st.sampled_from([PLENTY, PLENTY, 0, 1, 150, 400, 1000]),
        max_ticks=st.one_of(st.none(), st.none(), st.integers(1, 12)),
    )
    def read(
        self,
        data: st.DataObject,
        codec: Codec,
        selection: Selection,
        max_bytes: int,
        max_ticks: int | None,
    ) -> None:
        remember = data.draw(st.booleans())
        upto = data.draw(st.integers(max(self.first, self.ring.oldest) - 1, self.cut_sequence))
        after = data.draw(st.integers(max(self.first - 1, self.ring.oldest - 5), upto))
        if after + 1 < self.ring.oldest and after < upto:
            with pytest.raises(Overrun) as caught:
                self.kept.read(selection, codec, after, upto, max_bytes=max_bytes)
            assert caught.value.requested == after + 1
            assert caught.value.oldest == self.ring.oldest
            return
        fragments, reached = self.kept.read(
            selection,
            codec,
            after,
            upto,
            max_bytes=max_bytes,
            max_ticks=max_ticks,
            remember=remember,
        )
        assert after <= reached <= upto
        assert fragments == self._encoded(codec, selection, after, reached)
        rest = self._encoded(codec, selection, reached, upto)
        if max_ticks is not None and len(fragments) == max_ticks:
            return
        if reached < upto:
            assert fragments
        if rest:  # it did not fit
            assert joined_bytes(codec, [*fragments, rest[0]]) > max_bytes
        assert max_ticks is None or len(fragments) <= max_ticks
        assert len(fragments) <= 1 or joined_bytes(codec, fragments) <= max_bytes

    def _encoded(self, codec: Codec, selection: Selection, after: int, upto: int) -> list[bytes]:
        ticks = self.published[after + 1 - self.first : upto + 1 - self.first]
        return [fragment for tick in select(selection, ticks) for fragment in codec.encode([tick])]


@pytest.mark.parametrize("segment_ticks", [4, 16])
def test_fragments_are_the_end_of_a_list(segment_ticks: int) -> None:
    model = type("Model", (FragmentsModel,), {"segment_ticks": segment_ticks})
    run_state_machine_as_test(
        model, settings=settings(max_examples=examples(100), stateful_step_count=50, deadline=None)
    )
