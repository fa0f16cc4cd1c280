"""Keys that tests sign tokens with, and tokens of every kind, good and bad."""

import base64
import hmac
import json
from dataclasses import dataclass
from functools import cache
from typing import Any

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

ISSUER, AUDIENCE = "https://idp.example", "feed"
NOW_S = 1_800_000_000
SECRET = b"a-secret-of-thirty-two-bytes-or-so"


@dataclass(frozen=True)
class Signer:
    """A key pair, or a secret.

    Attributes:
        algorithm: that it signs with.
        private: as PyJWT signs with it.
        public: as a server is told, in bytes.
    """

    algorithm: str
    private: Any
    public: bytes

    def token(self, *, headers: dict[str, Any] | None = None, **claims: Any) -> str:
        """Return a token; a claim that is None is left out."""
        whole = claims_of(**claims)
        return jwt.encode(whole, self.private, self.algorithm, headers=headers)

    def jwk(self, **more: Any) -> dict[str, Any]:
        key = jwt.get_algorithm_by_name(self.algorithm)
        public = serialization.load_pem_public_key(self.public)
        return json.loads(key.to_jwk(public)) | more  # type: ignore[no-any-return]


def claims_of(**claims: Any) -> dict[str, Any]:
    whole = {"iss": ISSUER, "aud": AUDIENCE, "sub": "ann", "exp": NOW_S + 60} | claims
    return {name: value for name, value in whole.items() if value is not None}


@cache
def signer(algorithm: str) -> Signer:
    """Return a signer of each algorithm, made once: RSA keys take their time."""
    if algorithm == "HS256":
        return Signer(algorithm, SECRET, SECRET)
    key: Any
    if algorithm == "RS256":
        key = rsa.generate_private_key(65_537, 2_048)
    elif algorithm == "ES256":
        key = ec.generate_private_key(ec.SECP256R1())
    else:
        key = ed25519.Ed25519PrivateKey.generate()
    return Signer(algorithm, key, pem(key))


def pem(key: Any) -> bytes:
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    encoded: bytes = key.public_key().public_bytes(serialization.Encoding.PEM, form)
    return encoded


def unsigned(header: dict[str, Any], claims: Any, signature: bytes = b"") -> str:
    """Return a token with a header of one's own."""
    parts = [json.dumps(header).encode(), json.dumps(claims).encode(), signature]
    return ".".join(base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts)


def signed(header: dict[str, Any], claims: Any) -> str:
    """Return a token with a header of one's own that is signed with the secret all the same."""
    text = unsigned(header, claims).rpartition(".")[0]
    return unsigned(header, claims, hmac.digest(SECRET, text.encode(), "sha256"))
