"""The common parts of commands: exit statuses, complaints, output, running until a signal."""

import asyncio
import os
import signal
import sys
from collections.abc import Callable, Coroutine, Iterator
from contextlib import AbstractAsyncContextManager, contextmanager, suppress
from typing import Any

import typer

from feed.errors import InvalidParameter
from feed.market.ticks import Channel

FAILED = 1
NOT_ACCEPTED = 2
ENDED_BY = 128  # plus the signal's number, as shells have it

Work = Callable[[], Coroutine[Any, Any, None]]


def complain(message: str, status: int) -> int:
    """Write a message to standard error, each line after our name; return the status."""
    for line in message.splitlines():
        typer.echo(f"feed: {line}", err=True)
    return status


@contextmanager
def naming_options(symbols_option: str = "--symbols") -> Iterator[None]:
    """Let a complaint about a parameter name the option that it comes from."""
    try:
        yield
    except InvalidParameter as error:
        from feed.settings.load import option_name  # noqa: PLC0415 - pydantic is slow

        of_channel = error.parameter in set(Channel)
        option = symbols_option if of_channel else option_name(error.parameter)
        raise InvalidParameter(option, error.value, error.accepted) from None


def run_until_signal(server: AbstractAsyncContextManager[object], work: Work) -> int:
    """Do the work until it is done, or a signal ends it; return the exit status."""

    async def until_done() -> None:
        task = asyncio.current_task()
        assert task is not None
        with suppress(NotImplementedError):  # on Windows, where there is no SIGTERM to speak of
            asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
        async with server:
            await work()

    try:
        asyncio.run(until_done())
    except KeyboardInterrupt:
        return ENDED_BY + signal.SIGINT
    except asyncio.CancelledError:
        return ENDED_BY + signal.SIGTERM
    return 0


def print_lines(lines: bytes) -> None:
    """Write lines to standard output at once; end the command where nobody reads them."""
    try:
        sys.stdout.buffer.write(lines)
        sys.stdout.buffer.flush()
    except BrokenPipeError:  # the reader of our output has had enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise typer.Exit from None


def event_writer(command: str, *, quiet: bool) -> Callable[[object], None]:
    """Return a function that writes events to standard error, each after the command's name."""

    def tell(event: object) -> None:
        if not quiet:
            typer.echo(f"feed {command}: {event}", err=True)

    return tell
