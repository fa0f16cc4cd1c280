"""The place of subscribers that select ticks and words: they stand in two lanes at once.

A key of words is often private. If it were part of the lane of somebody's ticks, it would make a
lane of its own of what everybody shares. So the ticks have their lane, and the words theirs, plain
always, since a private message in a compressed stream would move the window of all. Who stands here
gets the frames of both, and leaves both at once; marks and keepalives come from the lane of ticks,
which may select nothing. Whatever is private is framed as there.
"""

from collections.abc import Iterator

from feed.broadcast.fan_out import Reader
from feed.broadcast.lane import Lane
from feed.broadcast.payload import Payload
from feed.wire.messages import Message
from feed.wire.position import Position


class TwinLane(Lane):
    """A lane of ticks and one of words, for everybody who stands in both.

    Attributes:
        of_ticks, of_words: these two.
        words: the keys that it selects, by channel.
    """

    __slots__ = ("of_ticks", "of_words", "words")

    def __init__(self, payload: Payload, of_ticks: Lane, of_words: Lane, mono_ns: int) -> None:
        """Begin without members.

        Args:
            payload: of the whole selection; nothing is ever given to it.
            of_ticks: the lane of its ticks.
            of_words: the lane of its words.
            mono_ns: now.
        """
        super().__init__(payload, of_ticks.framing, of_ticks.traffic, mono_ns)
        self.of_ticks, self.of_words = of_ticks, of_words
        self.words = payload.key.selection.words
        self.compression = of_ticks.compression
        self.checksum = of_ticks.checksum

    @property
    def newest_told(self) -> int:
        """The sequence that the last frame of either lane moved its readers to."""
        return max(self.of_ticks.told, self.of_words.told)

    def readers(self) -> Iterator[Reader]:
        """Yield the readers that the next frame of both lanes is written to."""
        return self.of_ticks.readers()

    def add(self, reader: Reader) -> None:
        """Write to a reader from the next frame of either lane on."""
        self.of_ticks.add(reader)
        self.of_words.add(reader)

    def drop(self, reader: Reader) -> None:
        """Write to a reader no more; harmless when it is not here."""
        self.of_ticks.drop(reader)
        self.of_words.drop(reader)

    def opening(self) -> bytes:
        """Return what a connection begins with, before any frame."""
        return self.of_ticks.opening()

    def private(self, envelope: bytes) -> bytes:
        """Make a frame of an envelope for one reader that is not live."""
        return self.of_ticks.private(envelope)

    def message_envelope(self, message: Message, position: Position | None = None) -> bytes:
        """Return the envelope of a feed message; with a position it moves its readers there."""
        return self.of_ticks.message_envelope(message, position)
