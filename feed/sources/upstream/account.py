"""What became of the connections of a source that reads from a server: metrics and status read it.

Every count is there from the start, and no label grows with what a server says.
"""

from collections.abc import Iterable
from typing import Protocol, runtime_checkable

from feed.sources.upstream.endings import End, Ended
from feed.wire.error_codes import ErrorCode

OTHER = "other"  # what has no label of its own
HTTP = "http"  # a refusal by status, before anything of the dialect was said
_CODES: dict[int | None, str] = {None: HTTP, **{int(code): str(int(code)) for code in ErrorCode}}


class Account:
    """All connections of one source, over the time that it runs.

    Attributes:
        url: of the server.
        connected: whether one stands, and is subscribed.
        connections: how many stood.
        resumed: how many of them went on where the one before had ended.
        ends: how many ended, or could not be made, by reason.
        refusals: how often the server said no, by the dialect's code; "http": by its status.
        gaps: how often the server said that events which were due are not coming.
        untold: what it told that the feed has no kind of ticks for, by the dialect's `T`.
        last_words: the last error, warning or notice of the server; "": none.
    """

    __slots__ = (
        "connected",
        "connections",
        "ends",
        "gaps",
        "last_words",
        "refusals",
        "resumed",
        "untold",
        "url",
    )

    def __init__(self, url: str, untold: Iterable[str] = ()) -> None:
        """Begin with nothing.

        Args:
            url: of the server, without anything that is nobody's business.
            untold: the kinds that are known, and that the feed does not have.
        """
        self.url = url
        self.connected = False
        self.connections = 0
        self.resumed = 0
        self.ends = dict.fromkeys(End, 0)
        self.refusals = dict.fromkeys((*_CODES.values(), OTHER), 0)
        self.gaps = 0
        self.untold = dict.fromkeys((*untold, OTHER), 0)
        self.last_words = ""

    def open(self, *, resumed: bool) -> None:
        """Note that a connection stands."""
        self.connected = True
        self.connections += 1
        self.resumed += resumed

    def end(self, ended: Ended) -> None:
        """Note that it ended, or could not be made."""
        self.connected = False
        self.ends[ended.end] += 1
        if ended.end is End.REFUSED:
            self.note_refusal(ended.code, str(ended))

    def note_refusal(self, code: int | None, words: str) -> None:
        """Note that the server said no, whether the connection goes on or not.

        Args:
            code: of the dialect; None: it said so by its status.
            words: in full.
        """
        self.last_words = words
        self.refusals[_CODES.get(code, OTHER)] += 1

    def note_untold(self, kind: str) -> bool:
        """Count something of a kind that the feed does not have; tell whether it is the first."""
        label = kind if kind in self.untold else OTHER
        self.untold[label] += 1
        return self.untold[label] == 1


@runtime_checkable
class ReadsServer(Protocol):
    """A source that reads from a server, over connections of its own.

    Attributes:
        account: what became of them.
    """

    account: Account
