"""The options that say what a key, or a token, grants."""

from typing import Annotated, Any

import typer

_List = list[str] | None

Channels = Annotated[
    _List, typer.Option("--channels", help="Channels that it may read: trades,quotes.")
]
Symbols = Annotated[
    _List, typer.Option("--symbols", help="Symbols that it may read: 'AAPL,BTC/*'.")
]
More = Annotated[
    _List, typer.Option("--grant", help="Another grant: 'rooms=desk-*'; may be repeated.")
]
Publish = Annotated[
    _List, typer.Option("--publish", help="What it may publish: 'rooms=desk-*'; may be repeated.")
]
Follow = Annotated[bool, typer.Option("--follow", help="It may follow: be a server behind this.")]
Admin = Annotated[bool, typer.Option("--admin", help="It may administer the server.")]


def document(
    channels: _List,
    symbols: _List,
    more: _List,
    publish: _List,
    *,
    admin: bool,
    follow: bool = False,
) -> dict[str, Any]:
    """Return grants as a keys file and the claim of a token have them; {}: all may be read."""
    lists = {"channels": channels, "symbols": symbols}
    written: dict[str, Any] = {
        name: [part.strip() for text in texts for part in text.split(",")]
        for name, texts in lists.items()
        if texts is not None
    }
    written |= {name: texts for name, texts in (("grants", more), ("publish", publish)) if texts}
    terms = {"admin": admin, "follow": follow}
    return written | {name: True for name, given in terms.items() if given}
