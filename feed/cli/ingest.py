"""`feed ingest`: the writer of a cluster; its options are those of `feed serve`."""

import os

import typer

from feed.cli.serve import typed_options
from feed.errors import InvalidParameter


def ingest(context: typer.Context) -> None:
    """Write ticks to NATS JetStream, for edges that serve them.

    Of several with the same --bus one leads, and the others stand by.

    It serves whatever changes something, and metrics; subscribers are let in by edges:
    `feed serve --source nats://…`.
    """
    from feed.settings.load import load_settings  # noqa: PLC0415 - pydantic is slow

    settings, sources = load_settings(typed_options(context))
    if settings.bus is None:
        raise InvalidParameter("--bus", "", "nats://HOST:PORT/NAME, where it writes")
    if settings.hold_socket:
        raise InvalidParameter("--hold-socket", "on", "off: another writer takes over instead")
    for source in sources:
        if source.options.gives_sequences:
            words = "one that gives no sequences of its own, since this server does"
            raise InvalidParameter("--source", source.options.usage, words)
    from feed.program.ingest import ingest as write_until_ended  # noqa: PLC0415 - aiohttp is slow
    from feed.program.listening import held_sockets  # noqa: PLC0415

    held = held_sockets(os.environ, settings, pid=os.getpid())
    write_until_ended(settings, sources, held)
