"""What one reader read from a sequence is given to all that stand there, and to nobody else."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feed.broadcast.fragments import Fragments
from feed.broadcast.ring import RingBuffer
from feed.wire.json_codec import JSON
from tests.broadcast.test_fragments import PLENTY, publish
from tests.fakes.selections import EVERYTHING, of_channels


def test_those_that_stand_at_the_same_sequence_share_what_was_read_from_there(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ring = RingBuffer(64)
    past = Fragments(ring)
    publish(ring, 40)
    looks: list[int] = []
    look = Fragments._look

    def counted(self: Fragments, *arguments: Any, **options: Any) -> Any:
        looks.append(arguments[2])
        return look(self, *arguments, **options)

    monkeypatch.setattr(Fragments, "_look", counted)
    max_bytes = 10 * len(JSON.encode(ring.read(0, 1))[0])

    def walk(upto: int) -> list[bytes]:
        found: list[bytes] = []
        after = 0
        while after < upto:
            fragments, after = past.read(EVERYTHING, JSON, after, upto, max_bytes=max_bytes)
            found += fragments
        return found

    first = walk(40)
    once = len(looks)
    assert once > 2
    assert walk(40) == first
    assert len(looks) == once, "the second looks at nothing"
    publish(ring, 3)
    assert walk(43) == JSON.encode(ring.read(0, 43))
    assert len(looks) == once + 1, "the third looks at the end, where more has come"
    assert walk(15) == first[:15], "a piece that reaches too far is not for all"


@given(st.data())
def test_what_is_shared_is_what_one_alone_would_have_read(data: st.DataObject) -> None:
    ring = RingBuffer(64)
    shared = Fragments(ring, segment_ticks=16, max_remembered_bytes=8_000)
    for _ in range(data.draw(st.integers(1, 25))):
        publish(ring, data.draw(st.integers(1, 20)), ("AAPL", "MSFT"))
        after = data.draw(st.integers(ring.oldest - 1, ring.newest))
        upto = data.draw(st.integers(after, ring.newest))
        selection = data.draw(st.sampled_from([EVERYTHING, of_channels(trades=["MSFT"])]))
        max_bytes = data.draw(st.sampled_from([1, 200, 900, PLENTY]))
        alone = Fragments(ring, segment_ticks=16)
        expected = alone.read(selection, JSON, after, upto, max_bytes=max_bytes)
        assert shared.read(selection, JSON, after, upto, max_bytes=max_bytes) == expected
