"""Twins: what a client does asynchronously, for callers that wait."""

import functools
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from types import TracebackType
from typing import ParamSpec, Self, TypeVar

from feed.client.loop_thread import LoopThread

Parameters = ParamSpec("Parameters")
Made = TypeVar("Made")
Twin = TypeVar("Twin")


class BlockingBlock:
    """A `with` block around an asynchronous one, which lives on a loop in a thread of its own."""

    def __init__(self, block: AbstractAsyncContextManager[object], what: str) -> None:
        """Enter nothing yet; `what`: it is, for the words of errors: "a blocking stream"."""
        self._block = block
        self._thread = LoopThread(what)

    def __enter__(self) -> Self:
        self._thread.begin()
        try:
            self._thread.wait(_entered(self._block))
        except BaseException:
            self._thread.end()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            self._thread.wait(_left(self._block, kind, error, trace))
        finally:
            self._thread.end()


def twin_of(
    make: Callable[Parameters, Made], wrap: Callable[[Made], Twin], example: str
) -> Callable[Parameters, Twin]:
    """Return a function of the same arguments whose result waits, named after the first one.

    Args:
        make: what is documented already.
        wrap: makes the twin of what that returns.
        example: of the twin's use, as Python, for its documentation.
    """

    @functools.wraps(make)
    def blocking(*args: Parameters.args, **options: Parameters.kwargs) -> Twin:
        return wrap(make(*args, **options))

    blocking.__name__ = blocking.__qualname__ = f"{make.__name__}_blocking"
    blocking.__doc__ = (
        f"Do what `{make.__name__}` does with the same arguments, without `async`: for scripts, "
        f"and for notebooks.\n\n```\n{example}\n```\n"
    )
    return blocking


async def _entered(block: AbstractAsyncContextManager[object]) -> None:
    await block.__aenter__()


async def _left(
    block: AbstractAsyncContextManager[object],
    kind: type[BaseException] | None,
    error: BaseException | None,
    trace: TracebackType | None,
) -> None:
    await block.__aexit__(kind, error, trace)
