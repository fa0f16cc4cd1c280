"""A publisher for scripts and notebooks that have no event loop, or one that is busy.

It lives on a loop in a thread of its own, which sends while the caller does something else.
"""

from collections.abc import Iterable

from feed.client.publishing.publisher import Publisher
from feed.client.publishing.rows import Publishable
from feed.client.publishing.wish import PublisherCounters
from feed.client.twins import BlockingBlock


class BlockingPublisher(BlockingBlock):
    """A `Publisher` whose methods wait; use it in a `with` block.

    Attributes:
        publisher: the publisher itself; its attributes can be read at any time.
    """

    def __init__(self, publisher: Publisher) -> None:
        super().__init__(publisher, "a blocking publisher")
        self.publisher = publisher

    @property
    def producer(self) -> str:
        """The name under which the server numbers what comes from here."""
        return self.publisher.producer

    @property
    def counters(self) -> PublisherCounters:
        """The counters, over all its connections."""
        return self.publisher.counters

    @property
    def last(self) -> int | None:
        """The number of the newest batch that the server has of this producer; None: none."""
        return self.publisher.last

    def open(self) -> None:
        """Wait for a connection, as `Publisher.open` does."""
        self._thread.wait(self.publisher.open())

    def publish(
        self, ticks: Iterable[Publishable] | Publishable, *, sequence: int | None = None
    ) -> None:
        """Publish ticks, as `Publisher.publish` does."""
        self._thread.wait(self.publisher.publish(ticks, sequence=sequence))

    def flush(self) -> str | None:
        """Wait until the server has all, as `Publisher.flush` does."""
        return self._thread.wait(self.publisher.flush())
