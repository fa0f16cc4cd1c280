"""Changes to a keys file: a key more, one that is revoked, one with another secret.

The file is anybody's, with comments of its own; what is not changed stays as it was written
(tomlkit).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import tomlkit
from tomlkit.items import Table

from feed.errors import InvalidParameter, shorten
from feed.trust.api_keys import ApiKey, digest_of, new_id, new_secret
from feed.trust.keys_file import NAME, NAME_WORDS, parse_keys, rewriting, time_of

_HEAD = (
    "# Keys of a feed server: `feed serve --keys` with this file, read again when it changes.\n"
    "# `feed key new|list|revoke|rotate` write here; so may you."
)


@dataclass(frozen=True, slots=True)
class Made:
    """A key that was just made; its secret is nowhere else."""

    id: str
    secret: str

    def __repr__(self) -> str:
        return f"Made({self.id!r})"


def add_key(
    path: Path,
    name: str,
    *,
    wall_ns: int,
    expires_wall_ns: int | None = None,
    grants: Mapping[str, Any],
) -> Made:
    """Append a key to a file, which is made where there is none.

    Args:
        path: of the file.
        name: its bearer's; no other key that is accepted may have it.
        wall_ns: now.
        expires_wall_ns: when it ends; None: never.
        grants: what it grants, by the names of the file.

    Raises:
        InvalidParameter: the name is not accepted.
        InvalidKeysFile: the file is not accepted, or would not be.
    """
    if NAME.fullmatch(name) is None:
        raise InvalidParameter("NAME", name, NAME_WORDS)
    made = Made(new_id(), new_secret())
    with rewriting(path) as texts:
        for known in parse_keys(path, texts[0]):
            if known.name == name and known.denial(wall_ns) is None:
                accepted = f"a name of no other key; {known.id} has it: rotate or revoke that"
                raise InvalidParameter("NAME", name, accepted)
        row = tomlkit.table()
        row["name"] = name
        row["id"] = made.id
        row["secret_sha256"] = digest_of(made.secret)
        row["created"] = time_of(wall_ns)
        if expires_wall_ns is not None:
            row["expires"] = time_of(expires_wall_ns)
        for field, value in grants.items():
            row[field] = value
        rows = tomlkit.aot()
        rows.append(row)
        table = tomlkit.dumps({"key": rows})
        texts[0] = f"{texts[0].rstrip() or _HEAD}\n\n{table}"
    return made


def revoke_key(path: Path, which: str, *, wall_ns: int) -> ApiKey:
    """End a key now; return it as it was.

    Args:
        path: of the file.
        which: its id, or its name.
        wall_ns: now.

    Raises:
        InvalidParameter: there is no such key, or it was revoked.
        InvalidKeysFile: the file is not accepted.
    """
    with rewriting(path) as texts:
        document, key, row = _find(path, texts[0], which)
        row["revoked"] = time_of(wall_ns)
        texts[0] = tomlkit.dumps(document)
    return key


def rotate_key(path: Path, which: str, *, wall_ns: int, overlap_ns: int = 0) -> Made:
    """Give a key another secret, and keep its id, name and grants.

    Args:
        path: of the file.
        which: its id, or its name.
        wall_ns: now.
        overlap_ns: for how long the secret that it had is accepted too.

    Raises:
        InvalidParameter: there is no such key, or it was revoked.
        InvalidKeysFile: the file is not accepted.
    """
    with rewriting(path) as texts:
        document, key, row = _find(path, texts[0], which)
        made = Made(key.id, new_secret())
        row["secret_sha256"] = digest_of(made.secret)
        for field in ("old_secret_sha256", "old_until"):
            row.pop(field, None)
        if overlap_ns:
            row["old_secret_sha256"] = key.secret_sha256
            row["old_until"] = time_of(wall_ns + overlap_ns)
        texts[0] = tomlkit.dumps(document)
    return made


def _find(path: Path, text: str, which: str) -> tuple[tomlkit.TOMLDocument, ApiKey, Table]:
    """Return a file's document, a key of it that was not revoked, and its table."""
    document, keys = tomlkit.parse(text), list(parse_keys(path, text))
    found = [
        (key, row)
        for key, row in zip(keys, document.get("key", ()), strict=True)
        if which in {key.id, key.name} and key.revoked_wall_ns is None
    ]
    if not found:
        known = ", ".join(key.name for key in keys if key.revoked_wall_ns is None)
        names = shorten(known) if known else "there is none"
        accepted = f"the id or name of a key that was not revoked: {names}"
        raise InvalidParameter("KEY", which, accepted)
    if len(found) > 1:
        ids = " or ".join(key.id for key, _ in found)
        raise InvalidParameter("KEY", which, f"one of the ids {ids}, which share this name")
    [(key, row)] = found
    return document, key, row
