"""A batch: one message of the stream, and what its headers say of its events.

Its payload is one frame, as a follow stream has them. One without events is a *term* batch: a new
leader begins behind it. A *hole* has sequences, and no event will ever have them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from feed.errors import InvalidMessage, InvalidPosition
from feed.wire.position import Position

EPOCH, TERM, FIRST, COUNT = "Feed-Epoch", "Feed-Term", "Feed-First", "Feed-Count"
WRITER, OFFSET, MARK = "Feed-Writer", "Feed-Offset", "Feed-Mark"
HOLE, TEXTS, CARRIED = "Feed-Hole", "Feed-Texts", "Feed-Carried"
_MOST = 1 << 62
_ACCEPTED = (
    f"{EPOCH}, {WRITER} and numbers {TERM}, {FIRST}, {COUNT} and {OFFSET}, as a writer sends them"
)


@dataclass(frozen=True, slots=True)
class Batch:
    """What the headers of a batch say.

    Attributes:
        epoch: of its sequences.
        term: of its leader; no later batch has a smaller one.
        first: the sequence of its first event; of the next one, where it has none.
        count: how many sequences it has.
        writer: a random id of the process that wrote it.
        offset_ns: the time of day less the monotonic clock, of that process.
        is_hole: no event will ever have its sequences.
        mark: where its writer stood with its own source, as JSON; "": it does not say.
        has_texts: it has messages of rooms, for the sake of which it may have to be erased.
        carried: the codecs whose fragments its payload carries, in their order there.
    """

    epoch: str
    term: int
    first: int
    count: int
    writer: str
    offset_ns: int
    is_hole: bool = False
    mark: str = ""
    has_texts: bool = False
    carried: tuple[str, ...] = ()

    @property
    def next(self) -> int:
        """The sequence that comes behind it."""
        return self.first + self.count

    @property
    def last(self) -> int:
        """The last sequence that it speaks for; the one before `first`, where it has no event."""
        return self.first + self.count - 1

    @property
    def before(self) -> Position:
        """The position before its first event."""
        return Position(self.epoch, self.first - 1)


def headers_of(batch: Batch) -> dict[str, str]:
    """Return the headers that say it."""
    headers = {
        EPOCH: batch.epoch,
        TERM: str(batch.term),
        FIRST: str(batch.first),
        COUNT: str(batch.count),
        WRITER: batch.writer,
        OFFSET: str(batch.offset_ns),
    }
    if batch.is_hole:
        headers[HOLE] = "1"
    if batch.mark:
        headers[MARK] = batch.mark
    if batch.has_texts:
        headers[TEXTS] = "1"
    if batch.carried:
        headers[CARRIED] = ",".join(batch.carried)
    return headers


def read_batch(headers: Mapping[str, str] | None) -> Batch:
    """Return what headers say.

    Raises:
        InvalidMessage: they are not those of a batch.
    """
    known = headers or {}
    try:
        epoch = _epoch(known[EPOCH])
        batch = Batch(
            epoch,
            _number(known[TERM]),
            _number(known[FIRST]),
            _number(known[COUNT]),
            known[WRITER],
            int(known[OFFSET]),
            known.get(HOLE) == "1",
            known.get(MARK, ""),
            known.get(TEXTS) == "1",
            tuple(filter(None, known.get(CARRIED, "").split(","))),
        )
    except (LookupError, ValueError, InvalidPosition):
        raise InvalidMessage(
            f"a message of the stream is no batch: its headers are {dict(known)}; "
            f"accepted: {_ACCEPTED}"
        ) from None
    if batch.first < 1 or (batch.is_hole and not batch.count):
        raise InvalidMessage(f"a batch of {batch.count} events from {batch.first} on is none")
    return batch


@lru_cache(maxsize=8)
def _epoch(text: str) -> str:
    """Return the name of an epoch, which is that of very many batches.

    Raises:
        InvalidPosition: it is none.
    """
    return Position.parse(f"{text}-0", EPOCH).epoch


def _number(text: str) -> int:
    if not (text.isascii() and text.isdecimal()) or (number := int(text)) > _MOST:
        raise ValueError(text)
    return number
