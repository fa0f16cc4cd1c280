"""The readership of words: which keys somebody reads, and how many subscribers those of a channel.

Counted as twins of lanes come and go, since there may be ten thousand of them: to look at each
takes 100 ms, and somebody asks twice a second.
"""

from collections import Counter

from feed.broadcast.twin_lane import TwinLane
from feed.market.word_channels import WordChannel


class Readership:
    """Those who read words.

    Attributes:
        subscribers: that have selected keys of a channel, live or behind.
    """

    __slots__ = ("_twins", "subscribers")

    def __init__(self) -> None:
        self.subscribers: Counter[WordChannel] = Counter()
        self._twins: Counter[tuple[WordChannel, str]] = Counter()  # that have selected a key

    def is_read(self, channel: WordChannel, key: str) -> bool:
        """Tell whether somebody has selected a key."""
        return (channel, key) in self._twins

    def open(self, twin: TwinLane) -> None:
        """Count the keys of a twin that has its first member."""
        for channel, keys in twin.words:
            for key in keys:
                self._twins[channel, key] += 1

    def close(self, twin: TwinLane) -> None:
        """Count the keys of a twin no more, whose last member has left."""
        for channel, keys in twin.words:
            for key in keys:
                self._twins[channel, key] -= 1
                if not self._twins[channel, key]:
                    del self._twins[channel, key]

    def move(self, twin: TwinLane, by: int) -> None:
        """Count members of a twin that came, or left."""
        for channel, _ in twin.words:
            self.subscribers[channel] += by
