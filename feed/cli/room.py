"""`feed room`: a room of a server, in which lines of standard input are said."""

import logging
import sys
from typing import Annotated

import typer

from feed.cli.listening import Key, Quiet, Secret, Text, TransportOption, Url
from feed.cli.plumbing import (
    FAILED,
    event_writer,
    naming_options,
    run_until_signal,
    warn_of_variables,
)
from feed.cli.standard_input import lines_of
from feed.cli.streams import print_lines, tell

_NAMES = {"room": "ROOM"}
_LEAVE_S = 2.0  # whoever pressed Ctrl-C waits for no longer


def room(  # noqa: PLR0917 - one parameter an option
    context: typer.Context,
    room: Annotated[str, typer.Argument(metavar="ROOM", help="Its name.")],
    url: Url = "http://127.0.0.1:8080",
    name: Annotated[
        Text, typer.Option("--name", help="What you call yourself where there are no keys.")
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the words as they are, one object a line.")
    ] = False,
    read_only: Annotated[
        bool, typer.Option("--read-only", help="Say nothing, and be no member.")
    ] = False,
    count: Annotated[
        int | None, typer.Option("--count", min=1, help="End after this many lines.")
    ] = None,
    transport: TransportOption = "auto",
    key: Key = None,
    secret: Secret = None,
    quiet: Quiet = False,
) -> int:
    """Print what happens in a room, with its history, and say each line of standard input.

    It ends when standard input does, once all is said, or by Ctrl-C. What is said while there is no
    connection waits for one. With --read-only it goes on until Ctrl-C.
    """
    from feed.client.rooms.actions import Say  # noqa: PLC0415 - aiohttp is slow
    from feed.client.rooms.making import room as room_of  # noqa: PLC0415
    from feed.terminal.room import RoomTerminal  # noqa: PLC0415
    from feed.terminal.words import printable  # noqa: PLC0415

    tell_event = event_writer("room", quiet=quiet)
    warn_of_variables(tell_event)
    # The command tells all events itself.
    logging.getLogger("feed.client").addHandler(logging.NullHandler())
    with naming_options(context, names=_NAMES):
        joined = room_of(
            url,
            room,
            name=name,
            present=not read_only,
            transport=transport,
            key=key,
            secret=secret,
            close_timeout_s=_LEAVE_S,
            on_event=tell_event,
        )
    screen = RoomTerminal(
        joined, print_lines, lambda words: tell(f"feed room: {words}"), as_json=as_json
    )

    async def work() -> None:
        await screen.run(None if read_only else lines_of(sys.stdin.buffer), count)

    status = run_until_signal(joined, work)
    for held in joined.unsent:
        if held.refused is None and isinstance(held.action, Say):
            tell(f"feed room: unsent: {printable(held.action.text)}")
    return status or (FAILED if screen.refused else 0)
