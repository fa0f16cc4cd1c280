"""Tokens: JWTs that somebody else has signed, and the identity that they prove.

The claims `iss`, `aud`, `exp` and `sub` are due, `nbf` is honoured, and `feed` carries the grants,
as a keys file has them; a token without it is somebody's who may do nothing. The time is the
caller's, so PyJWT is asked about signatures, issuers and audiences only.

Source: RFC 7519 §4.1, RFC 8725.
"""

import base64
import binascii
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import jwt
import orjson

from feed.errors import FeedError
from feed.trust.credentials import Token
from feed.trust.denial import Denial
from feed.trust.identity import Identity, Kind
from feed.trust.key_sources import KeySource
from feed.wire.grants import NO_GRANTS, Grants

MAX_TOKEN_CHARACTERS = 8_192
MAX_NAME_CHARACTERS = 128
LEEWAY_S = 5  # by which the clocks of two machines may differ
CLAIM = "feed"
_NS_PER_S = 1_000_000_000
_LATEST_S = 1 << 33  # the year 2242: what is later is a mistake
_DUE = ("iss", "aud", "exp", "sub")
# The times are checked here, by the server's clock.
_GRANTS = 256  # claims that are remembered, of at most 8 kB each
_OPTIONS: Any = {
    "require": list(_DUE),
    "verify_exp": False,
    "verify_nbf": False,
    "verify_iat": False,
    "verify_sub": False,
    "verify_jti": False,
}


class TokenAuthenticator:
    """Identities that are proven by tokens."""

    kind = Kind.TOKEN

    def __init__(self, keys: KeySource, issuer: str, audience: str) -> None:
        """Make it.

        Args:
            keys: the signing keys.
            issuer: whose tokens are accepted.
            audience: for whom they have to be.
        """
        self._keys = keys
        self._issuer = issuer
        self._audience = audience
        self.look = keys.look

    async def authenticate(self, shown: Token, wall_ns: int) -> Identity:
        """Return who shows a token.

        Raises:
            CredentialRefused: it is not accepted.
        """
        claims = await self._verified(shown.text)
        expires_s, not_before_s = _time(claims, "exp"), _time(claims, "nbf", 0)
        wall_s = wall_ns // _NS_PER_S
        if wall_s >= expires_s + LEEWAY_S:
            raise Denial.EXPIRED.refused("the token has expired")
        if wall_s < not_before_s - LEEWAY_S:
            raise Denial.EARLY.refused()
        subject = claims["sub"]
        if not (isinstance(subject, str) and 0 < len(subject) <= MAX_NAME_CHARACTERS):
            raise Denial.MALFORMED.refused("the claim sub is no text of 1 to 128 characters")
        if not subject.isprintable():
            raise Denial.MALFORMED.refused("the claim sub has characters that cannot be printed")
        expires_ns = (expires_s + LEEWAY_S) * _NS_PER_S
        return Identity(Kind.TOKEN, subject, subject, _grants(claims), expires_ns)

    def renew(self, identity: Identity, wall_ns: int) -> Identity:
        """Return an identity as it is: until it ends a token stands for itself.

        Raises:
            CredentialRefused: it has ended.
        """
        if identity.expires_wall_ns is not None and identity.expires_wall_ns <= wall_ns:
            raise Denial.EXPIRED.refused("the token has expired")
        return identity

    async def _verified(self, text: str) -> dict[str, Any]:
        if len(text) > MAX_TOKEN_CHARACTERS:
            raise Denial.MALFORMED.refused(
                f"a token of more than {MAX_TOKEN_CHARACTERS} characters"
            )
        header = _header(text)
        key_id = header.get("kid")
        if "crit" in header:  # RFC 7515 §4.1.11: nothing of it is understood here
            raise Denial.MALFORMED.refused("the token has the header crit, which is not understood")
        key = await self._keys.find(key_id if isinstance(key_id, str) else None)
        if key is None:
            raise (Denial.UNAVAILABLE if self._keys.is_empty else Denial.FORGED).refused()
        try:
            claims: dict[str, Any] = jwt.decode(
                text,
                key.key,
                algorithms=[key.algorithm],
                issuer=self._issuer,
                audience=self._audience,
                options=_OPTIONS,
            )
        except jwt.MissingRequiredClaimError as error:
            raise Denial.MALFORMED.refused(f"the token has no claim {error.claim}") from None
        except (jwt.InvalidIssuerError, jwt.InvalidAudienceError):
            raise Denial.FOREIGN.refused() from None
        except (jwt.InvalidSignatureError, jwt.InvalidAlgorithmError, jwt.InvalidKeyError):
            raise Denial.FORGED.refused() from None
        except (jwt.PyJWTError, ValueError, TypeError):
            raise Denial.MALFORMED.refused("the token is no JWT") from None
        return claims


def _header(text: str) -> dict[str, Any]:
    """Return the header of a token; PyJWT would parse and check all of it, and once more later."""
    first = text.partition(".")[0]
    try:
        header = orjson.loads(base64.urlsafe_b64decode(first + "=" * (-len(first) % 4)))
    except (ValueError, binascii.Error):
        header = None
    if not isinstance(header, dict):
        raise Denial.MALFORMED.refused("the token is no JWT")
    return header


def _time(claims: Mapping[str, Any], name: str, default: int | None = None) -> int:
    value = claims.get(name, default)
    if type(value) not in {int, float} or not 0 <= value < _LATEST_S:
        raise Denial.MALFORMED.refused(f"the claim {name} is no time in seconds since 1970")
    return int(value)


def _grants(claims: Mapping[str, Any]) -> Grants:
    if CLAIM not in claims:
        return NO_GRANTS
    try:
        return _granted(orjson.dumps(claims[CLAIM], option=orjson.OPT_SORT_KEYS))
    except FeedError as error:
        raise Denial.MALFORMED.refused(f"the claim {CLAIM}: {error}") from None
    except orjson.JSONEncodeError:  # a number of more than 64 bits; a list within a list …
        raise Denial.MALFORMED.refused(f"the claim {CLAIM} is no map of grants") from None


@lru_cache(_GRANTS)
def _granted(document: bytes) -> Grants:
    """Read a claim; thousands of tokens have the same."""
    return Grants.of_document(orjson.loads(document))
