"""Where in a stream a sequence is, whatever else lies between its batches."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from hypothesis import given
from hypothesis import strategies as st

from feed.cluster.batch import Batch, headers_of
from feed.cluster.batch_stream import BatchStream, Extent
from feed.cluster.names import Names
from feed.cluster.ordered_read import Stored

if TYPE_CHECKING:
    from nats.aio.client import Client


Headers = dict[str, str]


@dataclass(frozen=True)
class Held(BatchStream):
    """A stream that a test fills: the headers of each message; None: it was deleted."""

    messages: Sequence[Headers | None] = ()
    lags: int = 0  # so many messages at its end are not there yet, where it is asked

    async def get(self, sequence: int) -> Stored | None:
        if sequence > len(self.messages) - self.lags:
            return None
        for number, headers in enumerate(self.messages[sequence - 1 :], sequence):
            if headers is not None:
                return Stored(number, self.names.subject, headers, b"", 0)
        return None


@given(st.lists(st.sampled_from(["batch", "somebody else's", "deleted"]), max_size=40), st.data())
async def test_a_sequence_is_found_behind_any_message_that_is_no_batch(
    kinds: list[str], data: st.DataObject
) -> None:
    messages: list[Headers | None] = []
    message_of: dict[int, int] = {}  # by the sequence that it has
    last = 0
    for number, kind in enumerate(kinds, 1):
        if kind == "batch":
            messages.append(headers_of(Batch("k3f9", 1, last + 1, 3, "w", 0)))
            message_of |= dict.fromkeys(range(last + 1, last + 4), number)
            last += 3
        else:
            messages.append({} if kind == "somebody else's" else None)
    sequence = data.draw(st.integers(1, last + 1))
    stream = Held(cast("Client", None), Names("feed"), messages)
    found = await stream.find("k3f9", 1, sequence, Extent(1, len(messages)))
    wanted = message_of.get(sequence, len(messages) + 1)
    # Where nothing is behind it, it may be one before: the replica that is asked may lag.
    assert found <= wanted
    assert not {*range(found, wanted)} & {*message_of.values()}


@given(st.integers(1, 20), st.integers(0, 20), st.data())
async def test_nothing_is_passed_over_where_a_replica_lags(
    count: int, lags: int, data: st.DataObject
) -> None:
    messages = [headers_of(Batch("k3f9", 1, number, 1, "w", 0)) for number in range(1, count + 1)]
    sequence = data.draw(st.integers(1, count))
    stream = Held(cast("Client", None), Names("feed"), messages, min(lags, count))
    assert await stream.find("k3f9", 1, sequence, Extent(1, count)) <= sequence
