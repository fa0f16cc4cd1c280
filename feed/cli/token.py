"""`feed token`: tokens of one's own, and a look into anybody's."""

import json
import sys
import time
from pathlib import Path
from typing import Annotated

import typer

from feed.cli import grants
from feed.cli.streams import print_lines, tell

_NS_PER_S = 1_000_000_000

app = typer.Typer(
    name="token",
    help="Sign tokens for a server with --jwt-keys, and look into them.",
    no_args_is_help=True,
)


@app.command()
def mint(  # noqa: PLR0917 - one parameter an option
    subject: Annotated[str, typer.Argument(metavar="NAME", help="Whose it is: its sub.")],
    key_file: Annotated[
        Path, typer.Option("--key-file", help="The secret, or the private key in PEM.")
    ],
    issuer: Annotated[
        str, typer.Option("--issuer", envvar="FEED_JWT_ISSUER", help="As the server has it.")
    ],
    audience: Annotated[
        str, typer.Option("--audience", envvar="FEED_JWT_AUDIENCE", help="As the server has it.")
    ] = "feed",
    channels: grants.Channels = None,
    symbols: grants.Symbols = None,
    grant: grants.More = None,
    publish: grants.Publish = None,
    admin: grants.Admin = False,
    follow: grants.Follow = False,
    expires: Annotated[str, typer.Option("--expires", help="When it ends: 1h, or a date.")] = "1h",
    key_id: Annotated[
        str | None, typer.Option("--kid", help="The id of the key in a JWKS.")
    ] = None,
) -> None:
    """Print a token on one line.

    Without --channels, --symbols and --grant it may read everything.
    """
    from feed.trust.lifetime import end_of  # noqa: PLC0415 - pydantic is slow
    from feed.trust.minting import mint_token  # noqa: PLC0415

    wall_ns = time.time_ns()
    token = mint_token(
        key_file,
        subject,
        issuer=issuer,
        audience=audience,
        issued_s=wall_ns // _NS_PER_S,
        expires_s=end_of("--expires", expires, wall_ns) // _NS_PER_S,
        grants=grants.document(channels, symbols, grant, publish, admin=admin, follow=follow),
        key_id=key_id,
    )
    print_lines(f"{token}\n".encode())


@app.command()
def inspect(
    text: Annotated[
        str, typer.Argument(metavar="TOKEN", help="A token, or - for standard input.")
    ] = "-",
) -> None:
    """Print the header and the claims of a token, as JSON; its signature is not looked at."""
    from feed.trust.minting import read_token  # noqa: PLC0415 - pydantic is slow

    document = read_token((sys.stdin.readline() if text == "-" else text).strip())
    print_lines(f"{json.dumps(document, indent=2)}\n".encode())
    tell("feed token: anybody can make such a text; whether it is signed was not checked")
