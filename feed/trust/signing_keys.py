"""The keys that tokens are signed with: a secret, a public key in PEM, or a JWKS.

Each key is for one algorithm, which its kind decides and never the token: so `none`, and a public
key that is taken for a secret (algorithm confusion), are nothing that could be asked for.

Source: RFC 7517 (JWK), RFC 7518 §3, RFC 8725 §3.1.
"""

import json
import re
from base64 import b64decode
from codecs import BOM_UTF8
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import jwt
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import (
    SECP256R1,
    EllipticCurvePrivateKey,
    EllipticCurvePublicKey,
)
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.serialization import (
    load_der_public_key,
    load_pem_public_key,
)
from cryptography.x509 import load_der_x509_certificate

from feed.errors import InvalidInput, shorten

MIN_SECRET_BYTES = 32  # RFC 7518 §3.2
MIN_RSA_BITS = 2_048  # RFC 7518 §3.3
WORDS = (
    "a secret of at least 32 bytes, one line of printable ASCII without blanks (HS256), "
    "a public key in PEM (RS256, ES256 on P-256, EdDSA), or "
    "a JWKS of such public keys"
)
_RSA = RSAPublicKey | RSAPrivateKey
_CURVES = EllipticCurvePublicKey | EllipticCurvePrivateKey
# The algorithm of each kind of keys, whichever half of a pair it is.
_ALGORITHMS = {"RS256": _RSA, "ES256": _CURVES, "EdDSA": Ed25519PublicKey | Ed25519PrivateKey}
_LINE = re.compile(rb"[!-~]+")
# Of PEM, JWKS, OpenSSH, HTML or XML, lists and objects, tokens (`{"` in Base64), and URLs.
_NO_SECRET = re.compile(rb"BEGIN|\"kty\"|ssh-|<|^[\[{]|^eyJ|://")


class InvalidSigningKeys(InvalidInput):
    """What should be keys is not accepted; the message says why, and never shows it."""


@dataclass(frozen=True, slots=True)
class SigningKey:
    """One key.

    Attributes:
        algorithm: the only one that it is for.
        key: as PyJWT takes it.
    """

    algorithm: str
    key: Any = field(repr=False)

    def has_signed(self, data: bytes, signature: bytes) -> bool:
        """Tell whether a signature of some data is by this key."""
        return jwt.get_algorithm_by_name(self.algorithm).verify(data, self.key, signature)


@dataclass(frozen=True, slots=True)
class SigningKeys:
    """Some keys, by their ids; one that has no id stands under "".

    Attributes:
        by_id: the keys.
    """

    by_id: Mapping[str, SigningKey] = field(default_factory=dict)

    @property
    def algorithms(self) -> list[str]:
        """What tokens may be signed by."""
        return sorted({key.algorithm for key in self.by_id.values()})

    def find(self, key_id: str | None) -> SigningKey | None:
        """Return the key of a token; one that is alone is found whatever the token names."""
        if len(self.by_id) == 1 and (key_id is None or "" in self.by_id):
            return next(iter(self.by_id.values()))
        return self.by_id.get(key_id or "")

    @classmethod
    def of_bytes(cls, data: bytes) -> "SigningKeys":
        """Read keys of any of the three kinds.

        Raises:
            InvalidSigningKeys: it is none of them.
        """
        data = data.removeprefix(BOM_UTF8)
        start = data.lstrip()[:5]
        if start == b"-----":
            return cls({"": _of_pem(data)})
        if start[:1] == b"{":
            return cls.of_jwks(data)
        try:
            return cls({"": SigningKey("HS256", secret_of(data))})
        except InvalidSigningKeys as error:
            raise InvalidSigningKeys(f"{error}; accepted: {WORDS}") from None

    @classmethod
    def of_jwks(cls, data: bytes) -> "SigningKeys":
        """Read a JWKS; keys in it that are not for signing, or of other kinds, are left out.

        Raises:
            InvalidSigningKeys: it is none, or no key of it is of use.
        """
        try:
            document = json.loads(data)
            rows = document["keys"]
            assert isinstance(rows, list)
        except (ValueError, KeyError, TypeError, AssertionError, RecursionError):
            raise InvalidSigningKeys(f"a document that is no JWKS; accepted: {WORDS}") from None
        found: dict[str, SigningKey] = {}
        for row in rows:
            if not isinstance(row, dict) or row.get("use", "sig") != "sig":
                continue
            key = _of_jwk(row)
            key_id = row.get("kid", "")
            if key is None or not isinstance(key_id, str):
                continue
            if key_id in found:
                raise InvalidSigningKeys(f"two keys with the kid {shorten(key_id)}")
            found[key_id] = key
        if not found:
            raise InvalidSigningKeys(f"a JWKS without a key of use; accepted: {WORDS}")
        return cls(found)


def signing_key(key: object) -> SigningKey:
    """Return a key of a pair, public or private, for the one algorithm of its kind.

    Raises:
        InvalidSigningKeys: it is of another kind, or too short.
    """
    if isinstance(key, _RSA) and key.key_size < MIN_RSA_BITS:
        words = f"an RSA key of {key.key_size} bits; accepted: at least {MIN_RSA_BITS}"
        raise InvalidSigningKeys(words)
    if not isinstance(key, _CURVES) or isinstance(key.curve, SECP256R1):
        for algorithm, kind in _ALGORITHMS.items():
            if isinstance(key, kind):
                return SigningKey(algorithm, key)
    raise InvalidSigningKeys("a key of another kind; accepted: RSA, EC on P-256, or Ed25519")


def secret_of(data: bytes) -> bytes:
    """Return the secret in a file: its only line.

    A document that is not recognised must not be taken for a secret: most are public, so that
    anybody could sign tokens with them.

    Raises:
        InvalidSigningKeys: it is too short, or looks like something else; it is not shown.
    """
    secret = data.removeprefix(BOM_UTF8).strip(b"\r\n")
    if len(secret) < MIN_SECRET_BYTES:
        raise InvalidSigningKeys(f"{len(secret)} bytes")
    if _LINE.fullmatch(secret) is None:
        raise InvalidSigningKeys("not one line of printable ASCII without blanks")
    if _NO_SECRET.search(secret) or _is_encoded_key(secret) or _is_refused(secret):
        raise InvalidSigningKeys("looks like a document, an address or a public key, not a secret")
    return secret


def _is_refused(secret: bytes) -> bool:
    """Tell whether PyJWT takes it for something else; that is asked here, once, and not by use."""
    try:
        jwt.get_algorithm_by_name("HS256").prepare_key(secret)
    except jwt.InvalidKeyError:
        return True
    return False


def _is_encoded_key(secret: bytes) -> bool:
    """Tell whether it is a public key or a certificate in Base64: PEM without its frame."""
    try:
        data = b64decode(secret, validate=True)
    except ValueError:
        return False
    for load in (load_der_public_key, load_der_x509_certificate):
        try:
            load(data)
        except (ValueError, UnsupportedAlgorithm):
            continue
        return True
    return False


def _of_pem(data: bytes) -> SigningKey:
    if b"PRIVATE KEY-----" in data:
        raise InvalidSigningKeys("a private key; accepted: the public one that belongs to it")
    try:
        return signing_key(load_pem_public_key(data))
    except (ValueError, UnsupportedAlgorithm):
        raise InvalidSigningKeys(f"no public key in PEM; accepted: {WORDS}") from None


def _of_jwk(row: Mapping[str, Any]) -> SigningKey | None:
    """Return the key of a JWK; None: it is of another kind, or says it is for another algorithm.

    Secrets have no place in a document that is public by its nature.
    """
    kind = row.get("kty")
    if not isinstance(kind, str) or kind not in {"RSA", "EC", "OKP"} or "d" in row:
        return None
    try:
        key = signing_key(jwt.PyJWK({name: row[name] for name in row if name != "alg"}).key)
    except Exception:  # noqa: BLE001 - the libraries say in many ways that it is no key
        return None
    return key if row.get("alg", key.algorithm) == key.algorithm else None
