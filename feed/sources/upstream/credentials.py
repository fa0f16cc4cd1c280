"""Who asks a server: two values, from variables or from a file, read anew for each connection.

On a command line they would stand in the list of processes, and in the history of a shell. A file
has lines `NAME=VALUE` with the names of the variables; empty lines, and lines that begin with #,
say nothing. What is wrong is told without the values.
"""

import ipaddress
import os
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from yarl import URL

from feed.errors import SourceError

_MOST_BYTES = 65_536


class Names(NamedTuple):
    """The variables that hold the two values."""

    key: str
    secret: str


class KeyPair(NamedTuple):
    """A key and its secret, of which neither is ever told."""

    key: str
    secret: str

    def __repr__(self) -> str:
        return "KeyPair(…)"


def read_key_pair(
    names: Names, file: str = "", variables: Mapping[str, str] = os.environ
) -> KeyPair | None:
    """Return a key and its secret; None where there is neither.

    Args:
        names: of the variables, and of the lines of a file.
        file: the path of one; "": from the variables.
        variables: of the process.

    Raises:
        SourceError: the file cannot be read, or one value is there without the other.
    """
    where, found = ("", variables) if not file else (f"{file}: ", _read(Path(file), names))
    key, secret = (found.get(name, "") for name in names)
    if not key and not secret and not file:
        return None
    for name, value in zip(names, (key, secret), strict=True):
        if not (value and value.isprintable()):
            what = "is not printable text" if value else "is missing, or empty"
            both = f"accepted: both {names.key} and {names.secret}"
            raise SourceError(f"{where}{name} {what}; {both}", for_good=not file)
    return KeyPair(key, secret)


def is_private(url: URL) -> bool:
    """Tell whether nobody between us and a server sees what it is shown."""
    if url.scheme in {"wss", "https"} or url.host == "localhost":
        return True
    try:
        return ipaddress.ip_address(url.host or "").is_loopback
    except ValueError:
        return False


def _read(path: Path, names: Names) -> dict[str, str]:
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise SourceError(f"{path}: is no file; accepted: {_shape(names)}")
        with path.open("rb") as file:
            data = file.read(_MOST_BYTES + 1)
        if len(data) > _MOST_BYTES:
            raise SourceError(f"{path}: is longer than {_MOST_BYTES} bytes")
        text = data.decode()
    except OSError as error:
        raise SourceError(f"{path}: cannot be read: {error.strerror}") from error
    except UnicodeDecodeError:
        raise SourceError(f"{path}: is no text; accepted: {_shape(names)}") from None
    found = {}
    for line in text.splitlines():
        name, equals, value = line.strip().removeprefix("export ").partition("=")
        if equals and not name.startswith("#"):
            found[name.strip()] = value.strip().strip("\"'")
    return found


def _shape(names: Names) -> str:
    return f"lines {names.key}=… and {names.secret}=…"
