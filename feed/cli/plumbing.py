"""The common parts of commands: exit statuses, complaints, running until a signal."""

import asyncio
import gc
import signal
from collections.abc import Callable, Coroutine, Iterator, Mapping
from contextlib import AbstractAsyncContextManager, contextmanager, suppress
from types import MappingProxyType
from typing import Any

import typer

from feed.cli.streams import release_blocked, tell
from feed.errors import InvalidParameter
from feed.market.ticks import Channel

FAILED = 1
NOT_ACCEPTED = 2
ENDED_BY = 128  # plus the signal's number, as shells have it

# Of what comes over a wire hardly anything refers to itself, so that it is freed without looking.
_OBJECTS_BETWEEN_COLLECTIONS = 50_000

_SIGNALS = (signal.SIGINT, signal.SIGTERM)
Work = Callable[[], Coroutine[Any, Any, None]]


def complain(message: str, status: int) -> int:
    """Write a message to standard error, each line after our name; return the status."""
    for line in message.splitlines():
        tell(f"feed: {line}")
    return status


@contextmanager
def naming_options(
    context: typer.Context,
    symbols_option: str = "--symbols",
    names: Mapping[str, str] = MappingProxyType({}),
) -> Iterator[None]:
    """Let a complaint about a parameter name the option, or the variable, that it comes from.

    Args:
        context: of the command.
        symbols_option: where symbols come from.
        names: where parameters come from whose options are called otherwise.
    """
    try:
        yield
    except InvalidParameter as error:
        from feed.settings.load import option_name  # noqa: PLC0415 - pydantic is slow
        from feed.settings.variables import variable_name  # noqa: PLC0415

        source = context.get_parameter_source(error.parameter)
        if error.parameter in names:
            name = names[error.parameter]
        elif error.parameter in {*Channel, "symbols"}:
            name = symbols_option
        elif source is not None and source.name == "ENVIRONMENT":
            name = variable_name(error.parameter)
        else:
            name = option_name(error.parameter)
        raise InvalidParameter(name, error.value, error.accepted) from None


def run_until_signal(server: AbstractAsyncContextManager[object], work: Work) -> int:
    """Do the work until it is done, or Ctrl-C or SIGTERM ends it; return the exit status."""
    ended_by: list[int] = []
    gc.freeze()  # what is imported stays
    gc.set_threshold(_OBJECTS_BETWEEN_COLLECTIONS)

    async def until_done() -> None:
        task, loop = asyncio.current_task(), asyncio.get_running_loop()
        assert task is not None

        def end(number: int, _: object) -> None:
            """Cancel the work; unlike a handler of the loop, also while that waits in a write."""
            if ended_by:
                raise KeyboardInterrupt  # told twice
            ended_by.append(number)
            release_blocked()
            loop.call_soon_threadsafe(task.cancel)

        before = {number: signal.getsignal(number) for number in _SIGNALS}
        for number in _SIGNALS:
            with suppress(NotImplementedError):  # on Windows
                # So a signal ends the loop's wait also where it comes just before that begins.
                loop.add_signal_handler(number, _wake)
            signal.signal(number, end)
        try:
            async with server:
                await work()
        finally:
            for number, handler in before.items():
                with suppress(NotImplementedError):
                    loop.remove_signal_handler(number)
                signal.signal(number, handler)

    try:
        asyncio.run(until_done())
    except KeyboardInterrupt:
        return ENDED_BY + signal.SIGINT
    except asyncio.CancelledError:
        return ENDED_BY + ended_by[0]
    return 0


def _wake() -> None:
    """Do nothing: the loop was woken by then."""


def warn_of_variables(write: Callable[[object], None]) -> None:
    """Tell the variables that have our prefix and that neither a command nor a server knows."""
    from feed.settings.load import built_in_blocks  # noqa: PLC0415 - pydantic is slow
    from feed.settings.variables import unknown_variables  # noqa: PLC0415

    for unknown in unknown_variables(
        field for block in built_in_blocks() for field in block.option_fields()
    ):
        write(unknown)


def event_writer(command: str, *, quiet: bool) -> Callable[[object], None]:
    """Return a function that writes events to standard error, each after the command's name."""

    def write(event: object) -> None:
        if not quiet:
            tell(f"feed {command}: {event}")

    return write
