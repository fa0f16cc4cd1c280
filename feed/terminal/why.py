"""Why: one question to a server, about one connection."""

from collections.abc import Callable

from feed.client.link import Lost
from feed.terminal.errors import NoAnswer
from feed.terminal.finite import Finite
from feed.terminal.timeline import Told, timeline


async def why(server: Finite, connection: int, write: Callable[[bytes], object]) -> None:
    """Print what happened to a connection.

    Args:
        server: open for requests.
        connection: its id.
        write: takes the lines.

    Raises:
        FeedError: the server does not answer, does not know it, or does not want us.
        OSError: `write` failed.
    """
    try:
        document = await server.document(f"v1/admin/connections/{connection}")
    except Lost as lost:
        raise NoAnswer(str(lost)) from lost
    write("".join(f"{line}\n" for line in timeline(Told.of(document))).encode())
