"""The cluster key: a secret that a writer and its edges share, and the keys that are made of it.

No key that is made of it tells another one, nor the secret itself: each is for one purpose.

Source: RFC 5869 §2.3, of whose output one block is taken; the secret is long and random already.
"""

import hashlib
import hmac
from pathlib import Path

from feed.errors import MAX_PATH_LENGTH, InvalidInput, show_name
from feed.trust.regular_file import read_regular
from feed.trust.signing_keys import MIN_SECRET_BYTES, InvalidSigningKeys, secret_of

MOST_BYTES = 4_096
ACCEPTED = (
    f"a secret of at least {MIN_SECRET_BYTES} bytes, one line of printable ASCII without blanks, "
    "such as openssl rand -hex 32 prints"
)


class ClusterKey:
    """A secret; it never shows itself."""

    __slots__ = ("_secret",)

    def __init__(self, secret: bytes) -> None:
        self._secret = secret

    def key_for(self, purpose: str) -> bytes:
        """Return the 32 bytes that are the key for one purpose."""
        return hmac.digest(self._secret, b"feed\0" + purpose.encode() + b"\x01", hashlib.sha256)


def read_cluster_key(path: Path) -> ClusterKey:
    """Read the file of a key.

    Raises:
        InvalidInput: it cannot be read, or has no secret.
    """
    shown = show_name(str(path), MAX_PATH_LENGTH)
    try:
        return ClusterKey(secret_of(read_regular(path, MOST_BYTES)))
    except OSError as error:
        words = f"--cluster-key: {shown}: cannot be read ({error.strerror})"
        raise InvalidInput(words) from None
    except InvalidSigningKeys as error:
        words = f"--cluster-key: {shown}: {error}; accepted: {ACCEPTED}"
        raise InvalidInput(words) from None
