"""Scopes: who may ask for a route at all, by the table of routes or as it is configured."""

from collections.abc import Collection, Iterable
from enum import StrEnum

from feed.errors import InvalidParameter


class Scope(StrEnum):
    """Who may ask for a route."""

    OPEN = "open"
    LOCAL = "local"
    GRANTED = "granted"
    ADMIN = "admin"

    @property
    def words(self) -> str:
        """Who that is, for documents."""
        return _WORDS[self]


_WORDS = {
    Scope.OPEN: "everybody",
    Scope.LOCAL: "this machine, and whoever shows a credential",
    Scope.GRANTED: "whoever shows a credential",
    Scope.ADMIN: "whoever has the grant `admin`",
}


def scopes_of(written: Iterable[str], known: Collection[str]) -> dict[str, Scope]:
    """Read scopes that are configured, such as `/metrics=open`; return them by path.

    Raises:
        InvalidParameter: there is no such route, or no such scope.
    """
    scopes = {}
    for text in written:
        path, _, name = text.partition("=")
        if path not in known or name not in list(Scope):
            accepted = (
                f"a path and {', '.join(Scope)}: /metrics=open; the paths are {', '.join(known)}"
            )
            raise InvalidParameter("--scope", text, accepted)
        scopes[path] = Scope(name)
    return scopes
