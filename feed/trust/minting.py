"""Tokens that are made here: for tests, for small houses without an issuer of their own."""

from codecs import BOM_UTF8
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jwt
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from feed.errors import MAX_PATH_LENGTH, InvalidParameter, show_name
from feed.trust.signing_keys import (
    MIN_SECRET_BYTES,
    InvalidSigningKeys,
    SigningKey,
    secret_of,
    signing_key,
)
from feed.trust.tokens import CLAIM
from feed.wire.grants import Grants

WORDS = (
    f"a secret of at least {MIN_SECRET_BYTES} bytes, one line of printable ASCII without blanks, "
    "or a private key in PEM: RSA, EC on P-256, or Ed25519"
)


def mint_token(
    path: Path,
    subject: str,
    *,
    issuer: str,
    audience: str,
    issued_s: int,
    expires_s: int,
    grants: Mapping[str, Any],
    key_id: str | None = None,
) -> str:
    """Sign a token with the secret, or the private key, of a file.

    Raises:
        InvalidSigningKeys: the file has no such key.
        InvalidInput, LimitExceeded: the grants are not accepted.
    """
    Grants.of_document(grants)  # what a server would refuse is not signed
    key = _private_key(path)
    claims = {
        "iss": issuer,
        "aud": audience,
        "sub": subject,
        "iat": issued_s,
        "exp": expires_s,
        CLAIM: dict(grants),
    }
    return jwt.encode(claims, key.key, key.algorithm, {"kid": key_id} if key_id else None)


def read_token(text: str) -> dict[str, Any]:
    """Return the header and the claims of a token, of which nothing is checked.

    Raises:
        InvalidParameter: it is no token.
    """
    try:
        header = jwt.get_unverified_header(text)
        claims = jwt.decode(text, options={"verify_signature": False})
    except (jwt.PyJWTError, ValueError):
        raise InvalidParameter("TOKEN", f"<{len(text)} characters>", "a JWT") from None
    return {"header": header, "claims": claims}


def _private_key(path: Path) -> SigningKey:
    shown = show_name(str(path), MAX_PATH_LENGTH)
    try:
        data = path.read_bytes().removeprefix(BOM_UTF8)
    except OSError as error:
        raise InvalidSigningKeys(f"{shown}: cannot be read ({error.strerror})") from None
    if not data.lstrip().startswith(b"-----"):
        try:
            return SigningKey("HS256", secret_of(data))
        except InvalidSigningKeys as error:
            raise InvalidSigningKeys(f"{shown}: {error}; accepted: {WORDS}") from None
    try:
        key = load_pem_private_key(data, None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise InvalidSigningKeys(f"{shown}: no private key; accepted: {WORDS}") from None
    try:
        return signing_key(key)
    except InvalidSigningKeys as error:
        raise InvalidSigningKeys(f"{shown}: {error}") from None
