"""The signature of webhooks: that of Standard Webhooks, which libraries of many languages verify.

Source: github.com/standard-webhooks/standard-webhooks, spec/standard-webhooks.md.
"""

import base64
import binascii
import hashlib
import hmac
import secrets

PREFIX = "whsec_"
ACCEPTED = "whsec_ and 24 to 64 bytes in base64; the server makes one where none is given"
_MADE_BYTES = 32
_LEAST_BYTES, _MOST_BYTES = 24, 64


def new_secret() -> str:
    """Return a new secret."""
    return PREFIX + base64.b64encode(secrets.token_bytes(_MADE_BYTES)).decode()


def is_secret(text: str) -> bool:
    """Tell whether a text is a secret as the specification has it."""
    try:
        key = base64.b64decode(text.removeprefix(PREFIX), validate=True)
    except (binascii.Error, ValueError):
        return False
    return text.startswith(PREFIX) and _LEAST_BYTES <= len(key) <= _MOST_BYTES


def headers_of(key: str, body: bytes, secret: str, wall_s: int) -> dict[str, str]:
    """Return the headers that sign a body: those of one id are equal but for the time."""
    signed = f"{key}.{wall_s}.".encode() + body
    shared = base64.b64decode(secret.removeprefix(PREFIX))
    digest = hmac.digest(shared, signed, hashlib.sha256)
    return {
        "webhook-id": key,
        "webhook-timestamp": str(wall_s),
        "webhook-signature": f"v1,{base64.b64encode(digest).decode()}",
    }
