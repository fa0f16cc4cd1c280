from collections.abc import Callable, Iterable
from typing import TypeAlias, TypeVar

MOST_HELPERS: int
SOURCES: str  # the digest of those that it was compiled of

_Reader = TypeVar("_Reader")

# A reader's descriptor, whether its transport is closing, how many bytes that keeps, and itself.
_Target: TypeAlias = tuple[int, Callable[[], bool], Callable[[], int], object]

# What stands before fragments, between and after them; the header; the longest envelope.
_Shape: TypeAlias = tuple[bytes, bytes, bytes, int, int]

def compose(fragments: list[bytes], shape: _Shape, /) -> tuple[bytes, int] | None:
    """Make a frame of fragments; see `feed.wire.frame_shape.compose`, which does the same.

    Raises:
        TypeError: something is not of its type.
        ValueError: the header is not a byte.
    """

def io_uring_refusal() -> int:
    """Return the errno for which io_uring cannot be had here; 0 where it can."""

class Writer:
    """Writes frames to the sockets of many readers, past their transports.

    To be used by the thread of the event loop, which alone closes those sockets. Threads and rings
    are made at first use; a child of fork() makes its own.

    Attributes:
        helpers: how many threads run beside the caller's.
        has_ring: whether the caller's thread has a ring of io_uring.
    """

    @property
    def helpers(self) -> int: ...
    @property
    def has_ring(self) -> bool: ...
    def __new__(cls, *, io_uring: bool = False, helpers: int = 0) -> Writer:
        """Make a writer.

        Args:
            io_uring: whether each thread tries to have a ring; one that gets none uses `send`.
            helpers: threads beside the caller's; woken for 512 readers or more.

        Raises:
            ValueError: they are less than 0, or more than `MOST_HELPERS`.
        """

    def write(
        self, bunches: Iterable[tuple[dict[_Reader, _Target | None], bytes]], /
    ) -> list[tuple[int, _Reader, int]]:
        """Write each bunch's frames to its readers, with the GIL released; never wait for a socket.

        A reader whose target is None, whose transport is closing or keeps bytes, or whose
        descriptor stands in the call already, is not written to here.

        Returns:
            For each reader that has not taken all: its bunch's index, itself, and how many bytes it
            has taken. The rest belongs to its transport, which also meets its error.

        Raises:
            RuntimeError: another thread is in this call, or the readers changed meanwhile.
        """

    def close(self) -> None:
        """End the threads and give the rings back; what is written later goes by `send`."""
