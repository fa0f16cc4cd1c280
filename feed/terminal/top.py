"""Top: the state of a server, asked for once a second."""

import asyncio
import time
from collections.abc import Callable
from typing import Any

from feed.client.errors import Malformed, Refused
from feed.client.link import Lost
from feed.terminal.finite import Finite
from feed.terminal.sample import Sample
from feed.terminal.screen import show_here
from feed.terminal.together import until_first
from feed.terminal.top_view import TopView
from feed.terminal.worst import PATH, QUERY

EVERY_S = 1.0


async def top(  # noqa: D417 - arguments of a kind are explained together
    server: Finite, write: Callable[[bytes], object], explain: Callable[[str], object]
) -> None:
    """Show a server until a key ends it; goes on while the server is away.

    Args:
        server: the server, open for requests.
        write, explain: used where there is no terminal; see `show_here`.

    Raises:
        Refused, NotAFeed: the address is not that of a feed server, or it does not want us.
        TerminalGone: the terminal was closed.
        OSError: `write` failed.
    """
    view = TopView(str(server.base))
    await until_first(
        show_here(view, every_s=EVERY_S, write=write, explain=explain), ask(server, view)
    )


async def ask(server: Finite, view: TopView, every_s: float = EVERY_S) -> None:
    """Give a view samples of a server; for ever.

    Who are the worst is asked too, until the server says that it is not for us.
    """
    may_ask_worst = True
    while True:
        begun_ns = time.monotonic_ns()
        try:
            status, metrics = await asyncio.gather(
                server.document("v1/status"), server.text("metrics")
            )
            worst = await _worst(server) if may_ask_worst else None
            may_ask_worst = worst is not None
            view.update(Sample.of(begun_ns, status, metrics, worst))
        except (Lost, Malformed) as error:
            view.fail(str(error), time.time_ns())
        passed_s = (time.monotonic_ns() - begun_ns) / 1e9
        await asyncio.sleep(max(0.0, every_s - passed_s))


async def _worst(server: Finite) -> dict[str, Any] | None:
    """Ask who are the worst; None: that is not for us, or the server is too old to know."""
    try:
        return await server.document(PATH, **QUERY)
    except Refused:
        return None
