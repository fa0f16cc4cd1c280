"""A keys file, and the keys in it."""

import time
from pathlib import Path
from typing import Any

from feed.trust.key_changes import Made, add_key, revoke_key

NS_PER_S = 1_000_000_000


class KeysFile:
    """A keys file that a test writes to, as `feed key` does.

    Attributes:
        path: of the file.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def add(self, name: str, *, expires_in_s: float | None = None, **grants: Any) -> Made:
        wall_ns = time.time_ns()
        end = None if expires_in_s is None else wall_ns + int(expires_in_s * NS_PER_S)
        return add_key(self.path, name, wall_ns=wall_ns, expires_wall_ns=end, grants=grants)

    def revoke(self, key: Made) -> None:
        revoke_key(self.path, key.id, wall_ns=time.time_ns())


def headers_of(key: Made) -> dict[str, str]:
    return {"APCA-API-KEY-ID": key.id, "APCA-API-SECRET-KEY": key.secret}


def bearer_of(key: Made) -> dict[str, str]:
    return {"Authorization": f"Bearer {key.id}.{key.secret}"}


def auth_of(key: Made) -> dict[str, str]:
    return {"action": "auth", "key": key.id, "secret": key.secret}
