"""`feed proxy`: a recipe for the proxy in front of a server, from the server's own settings."""

from typing import Annotated

import typer

from feed.cli.streams import print_lines
from feed.errors import InvalidParameter


def proxy(  # noqa: PLR0917 - one parameter an option
    which: Annotated[str, typer.Argument(metavar="caddy|nginx|haproxy", help="The program.")],
    config: Annotated[str | None, typer.Option("--config", help="TOML file of the server.")] = None,
    name: Annotated[
        str | None,
        typer.Option("--name", help="Host name; by default the first of --allow-host."),
    ] = None,
    listen: Annotated[
        int, typer.Option("--listen", help="Port of the proxy.", min=1, max=65_535)
    ] = 443,
    certificate: Annotated[
        str | None, typer.Option("--cert", help="Path of the certificate; Caddy makes its own.")
    ] = None,
    key: Annotated[str | None, typer.Option("--cert-key", help="Path of its private key.")] = None,
) -> None:
    """Print the configuration of a proxy for a server with these FEED_* variables and --config.

    The proxy encrypts, speaks HTTP/2, and holds nothing back.
    """
    from feed.program.proxies import Proxy, front_of, recipe  # noqa: PLC0415 - aiohttp is slow
    from feed.settings.load import load_settings  # noqa: PLC0415 - pydantic is slow

    if which not in set(Proxy):
        raise InvalidParameter("proxy", which, " or ".join(Proxy))
    settings, _ = load_settings({} if config is None else {"config": config})
    front = front_of(
        Proxy(which), settings, name=name, port=listen, certificate=certificate, key=key
    )
    print_lines(recipe(Proxy(which), front).encode())
