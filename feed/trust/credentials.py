"""Credentials: what somebody shows, and the headers that it stands in.

They never show their secrets: not in a log, an error, or a traceback.

Source: Alpaca's headers; RFC 7617 (Basic), RFC 6750 (Bearer).
"""

import base64
import binascii
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from feed.trust.denial import Denial

KEY_HEADER = "APCA-API-KEY-ID"
SECRET_HEADER = "APCA-API-SECRET-KEY"  # noqa: S105 - the name of a header
AUTHORIZATION = "Authorization"
_ACCEPTED = f"Bearer id.secret or a token, Basic, or the headers {KEY_HEADER} and {SECRET_HEADER}"


@dataclass(frozen=True, slots=True)
class KeyPair:
    """The id of a key, and its secret."""

    id: str
    secret: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Token:
    """A token, as it came."""

    text: str = field(repr=False)


Credential = KeyPair | Token
_DOTS_OF_A_TOKEN = 2


class Headers(Protocol):
    """The headers of a request, by names in any case."""

    def getall(self, key: str, default: Sequence[str], /) -> Sequence[str]:
        """Return all values of a header."""


def credential_in(headers: Headers) -> Credential | None:
    """Return what a request shows; None: nothing.

    The dialect's own headers are stronger than `Authorization`, which may be meant for a proxy.

    Raises:
        CredentialRefused: it shows something that cannot be understood.
    """
    key, secret = _single(headers, KEY_HEADER), _single(headers, SECRET_HEADER)
    if key is not None or secret is not None:
        return key_pair(key or "", secret or "")
    authorization = _single(headers, AUTHORIZATION)
    if authorization is None:
        return None
    scheme, _, rest = authorization.partition(" ")
    rest = rest.strip()
    if scheme.lower() == "bearer":
        return bearer(rest)
    if scheme.lower() == "basic":
        return _basic(rest)
    raise Denial.MALFORMED.refused(f"Authorization is of no known scheme; accepted: {_ACCEPTED}")


def bearer(text: str) -> Credential:
    """Return what stands behind `Bearer`, or in the `token` of the dialect's `auth`.

    Raises:
        CredentialRefused: it is nothing that can be understood.
    """
    return Token(text) if text.count(".") == _DOTS_OF_A_TOKEN else key_pair(text, "")


def key_pair(key: str, secret: str) -> KeyPair:
    """Return a key that is written apart, or as `id.secret`.

    Raises:
        CredentialRefused: a part of it is missing.
    """
    if not secret:
        key, _, secret = key.partition(".")
    if not (key and secret):
        raise Denial.MALFORMED.refused(f"a key has an id and a secret; accepted: {_ACCEPTED}")
    return KeyPair(key, secret)


def _basic(text: str) -> KeyPair:
    try:
        decoded = base64.b64decode(text, validate=True).decode()
    except (binascii.Error, ValueError):
        raise Denial.MALFORMED.refused("Basic is not base64 of id:secret") from None
    key, _, secret = decoded.partition(":")
    return key_pair(key, secret)


def _single(headers: Headers, name: str) -> str | None:
    """Return the value of a header; several would be read differently by others."""
    values = headers.getall(name, ())
    if len(values) > 1:
        raise Denial.MALFORMED.refused(f"{name} is there {len(values)} times; accepted: once")
    return values[0] if values else None
