"""Errors of publishing: a branch of the FeedError family.

    FeedError
    ├── BatchRefused        the server did not take a batch; none of its ticks was applied
    ├── BufferFull          there was no room for ticks within the time
    ├── Undelivered         the publisher was closed, and ticks of it may not have arrived
    └── NameInUse           another program publishes under the same name

What ends a publisher for good (`Refused`, `Expired`, `GaveUp`, `Malformed`) stands in
`feed.client.errors`: it is the same as for whoever reads.
"""

from feed.errors import FeedError


class BatchRefused(FeedError):
    """The server did not take a batch: none of its ticks was applied, and those after it go on.

    Attributes:
        sequence: its number.
        code: the server's, as an HTTP status: 400 for a wrong row, 403 for what is not granted.
        row: the place in it of the first tick that is wrong, from 1; None: it is not of one tick.
        words: the server's.
        first: the place of its first tick among all that was published, from 0.
        ticks: the number of ticks in it.
    """

    def __init__(
        self, sequence: int, code: int, row: int | None, words: str, *, first: int, ticks: int
    ) -> None:
        self.sequence = sequence
        self.code = code
        self.row = row
        self.words = words
        self.first = first
        self.ticks = ticks
        which = "" if row is None or row > ticks else f", published as number {first + row}"
        super().__init__(
            f"batch {sequence} of {ticks} ticks was refused with {code}: {words}{which}"
        )


class BufferFull(FeedError):
    """There was no room within the time for ticks that were to be published.

    Attributes:
        taken: the number of ticks of this call that were taken; the rest was not.
        ticks: held in the buffer.
        size_bytes: of those, as they are sent.
        reason: why they do not get away, in words.
    """

    def __init__(self, taken: int, ticks: int, size_bytes: int, waited_s: float, why: str) -> None:
        self.taken = taken
        self.ticks = ticks
        self.size_bytes = size_bytes
        self.reason = why
        super().__init__(
            f"the buffer is full, {ticks} ticks in {size_bytes} bytes, and no room came in "
            f"{waited_s:g} s: {why}; {taken} ticks of this call were taken"
        )


class Undelivered(FeedError):
    """The publisher was closed before the server had said of all ticks that it has them.

    Attributes:
        ticks: the number of those of which it is not known.
        first: the place of the first of them among all that was published, from 0.
        reason: in words.
    """

    def __init__(self, ticks: int, first: int, reason: str) -> None:
        self.ticks = ticks
        self.first = first
        self.reason = reason
        super().__init__(
            f"{ticks} ticks may not have arrived, from number {first + 1} of all published: "
            f"{reason}"
        )


class NameInUse(FeedError):
    """The server has a batch of this name and number that this program has not sent.

    Two programs publish under one name, or an earlier one's last bytes arrived late. Batches of
    equal numbers would be taken for one another, so the publisher ends.

    Attributes:
        producer: the name.
        sequence: the number.
    """

    def __init__(self, producer: str, sequence: int) -> None:
        self.producer = producer
        self.sequence = sequence
        super().__init__(
            f"the server has a batch {sequence} of producer {producer!r} that was not sent from "
            "here: another program publishes under this name, or an earlier one's last bytes came "
            "just now; give each program a name of its own, or begin again"
        )
