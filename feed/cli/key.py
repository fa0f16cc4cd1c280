"""`feed key`: the keys file of a server, from the command line.

A secret is printed once, on standard output, and kept nowhere.
"""

import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from feed.cli import grants
from feed.cli.streams import print_lines, tell

if TYPE_CHECKING:  # pydantic is slow to import, and `feed --help` does without
    from feed.trust.api_keys import ApiKey
    from feed.trust.key_changes import Made

app = typer.Typer(
    name="key",
    help="Make, list, revoke and rotate the keys of a server: feed serve --keys.",
    no_args_is_help=True,
)

_File = Annotated[Path, typer.Option("--keys", envvar="FEED_KEYS", help="The keys file.")]
_Which = Annotated[str, typer.Argument(metavar="KEY", help="Its id, or its name.")]


@app.command()
def new(  # noqa: PLR0917 - one parameter an option
    name: Annotated[str, typer.Argument(metavar="NAME", help="Whose it is, for people.")],
    keys: _File,
    channels: grants.Channels = None,
    symbols: grants.Symbols = None,
    grant: grants.More = None,
    publish: grants.Publish = None,
    admin: grants.Admin = False,
    follow: grants.Follow = False,
    expires: Annotated[
        str | None, typer.Option("--expires", help="When it ends: 90d, 12h, or a date.")
    ] = None,
) -> None:
    """Make a key, and print its id and its secret, which is kept nowhere.

    Without --channels, --symbols and --grant it may read everything.
    """
    from feed.trust.key_changes import add_key  # noqa: PLC0415 - pydantic is slow
    from feed.trust.lifetime import end_of  # noqa: PLC0415

    wall_ns = time.time_ns()
    granted = grants.document(channels, symbols, grant, publish, admin=admin, follow=follow)
    end = None if expires is None else end_of("--expires", expires, wall_ns)
    _print_made(add_key(keys, name, wall_ns=wall_ns, expires_wall_ns=end, grants=granted))
    tell(f"feed key: {name} is in {keys}; its secret is kept nowhere else than here, above")


@app.command("list")
def show(keys: _File) -> None:
    """Print a line for each key: id, name, state, and when it was made and ends."""
    from feed.trust.keys_file import read_keys  # noqa: PLC0415 - pydantic is slow

    wall_ns = time.time_ns()
    rows = [("ID", "NAME", "STATE", "CREATED", "EXPIRES")]
    rows += [_row(key, wall_ns) for key in read_keys(keys)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ("  ".join(map(str.ljust, row, widths)).rstrip() for row in rows)
    print_lines("".join(f"{line}\n" for line in lines).encode())


@app.command()
def revoke(key: _Which, keys: _File) -> None:
    """End a key now; servers end its connections within two seconds."""
    from feed.trust.key_changes import revoke_key  # noqa: PLC0415 - pydantic is slow

    revoked = revoke_key(keys, key, wall_ns=time.time_ns())
    tell(f"feed key: {revoked.name} ({revoked.id}) is revoked in {keys}")


@app.command()
def rotate(
    key: _Which,
    keys: _File,
    overlap: Annotated[
        str, typer.Option("--overlap", help="How long the secret before is accepted too: 1h.")
    ] = "0s",
) -> None:
    """Give a key another secret; its id, name and grants stay."""
    from feed.trust.key_changes import rotate_key  # noqa: PLC0415 - pydantic is slow
    from feed.trust.lifetime import span_ns  # noqa: PLC0415

    overlap_ns = span_ns("--overlap", overlap)
    _print_made(rotate_key(keys, key, wall_ns=time.time_ns(), overlap_ns=overlap_ns))
    until = f"for {overlap} more" if overlap_ns else "no longer"
    tell(f"feed key: {key} has another secret in {keys}; the one before is accepted {until}")


def _print_made(made: "Made") -> None:
    print_lines(f"id: {made.id}\nsecret: {made.secret}\n".encode())


def _row(key: "ApiKey", wall_ns: int) -> tuple[str, str, str, str, str]:
    state = key.denial(wall_ns)
    times = (key.created_wall_ns, key.expires_wall_ns)
    return key.id, key.name, state or "accepted", *map(_date, times)  # type: ignore[return-value]


def _date(wall_ns: int | None) -> str:
    if wall_ns is None:
        return "-"
    return datetime.fromtimestamp(wall_ns / 1e9, UTC).strftime("%Y-%m-%dT%H:%MZ")
