"""Where the server is that gives the sequences of what a source follows."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

UNIX = "unix:"
_HOST_OF_UNIX = "http://localhost"


@dataclass(frozen=True, slots=True)
class WriterPlace:
    """The place of a writer.

    Attributes:
        url: under which it is asked, without a path of its own at the end.
        socket: the Unix socket on which it listens; "": it is asked by the URL alone.
        authorization: what a server shows there that follows it; "": nothing.
    """

    url: str
    socket: str = ""
    authorization: str = field(default="", repr=False)

    @property
    def is_near(self) -> bool:
        """Whether it is on this machine, behind a socket."""
        return bool(self.socket)

    @classmethod
    def of(cls, text: str, authorization: str = "") -> "WriterPlace":
        """Read the URL of a server, or `unix:` and the path of its socket."""
        if text.startswith(UNIX):
            return cls(_HOST_OF_UNIX, text.removeprefix(UNIX), authorization)
        return cls(text.rstrip("/"), authorization=authorization)


# Returns the headers by which an edge says that it asks itself: for a method, and path and query.
OwnWord = Callable[[str, str], Mapping[str, str]]


@runtime_checkable
class Introduced(Protocol):
    """A source that may show who asks by the word of an edge."""

    def introduce(self, word: OwnWord) -> None:
        """Learn what to show where there is no key to show."""


@runtime_checkable
class Led(Protocol):
    """A source that knows which server gives the sequences that it follows."""

    def writer(self) -> WriterPlace | None:
        """Return where that server is now; None: there is none, or it is not known.

        It is asked again for each request, since another server may have taken its place.
        """
