"""Tokens: JWTs that somebody else has signed, and the identity that they prove.

The claims `iss`, `aud`, `exp` and `sub` are due, `nbf` is honoured, and `feed` carries the grants,
as a keys file has them; a token without it is somebody's who may do nothing. The time is the
caller's. A token that was verified is known when it comes again (`proofs`), for as long as the key
that has signed it is one of ours; its times are looked at whenever it comes.

Source: RFC 7519 §4.1, RFC 8725.
"""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import orjson

from feed.errors import FeedError
from feed.trust.credentials import Token
from feed.trust.denial import Denial
from feed.trust.identity import Identity, Kind
from feed.trust.key_sources import KeySource
from feed.trust.proofs import Proof, Proofs, digest_of
from feed.trust.signed_token import SignedToken
from feed.wire.grants import NO_GRANTS, Grants

MAX_NAME_CHARACTERS = 128
LEEWAY_S = 5  # by which the clocks of two machines may differ
CLAIM = "feed"
_NS_PER_S = 1_000_000_000
_LATEST_S = 1 << 33  # the year 2242: what is later is a mistake
_DUE = ("iss", "aud", "exp", "sub")
_GRANTS = 256  # claims that are remembered, of at most 8 kB each


class TokenAuthenticator:
    """Identities that are proven by tokens.

    Attributes:
        proofs: of the tokens that were verified.
    """

    kind = Kind.TOKEN

    def __init__(self, keys: KeySource, issuer: str, audience: str) -> None:
        """Make it.

        Args:
            keys: the signing keys.
            issuer: whose tokens are accepted.
            audience: for whom they have to be.
        """
        self.proofs = Proofs()
        self._keys = keys
        self._issuer = issuer
        self._audience = audience
        self.look = keys.look

    async def authenticate(self, shown: Token, wall_ns: int) -> Identity:
        """Return who shows a token.

        Raises:
            CredentialRefused: it is not accepted.
        """
        token = SignedToken.of_text(shown.text)
        key = await self._keys.find(token.key_id)
        if key is None:
            raise (Denial.UNAVAILABLE if self._keys.may_lack_some else Denial.FORGED).refused()
        digest = digest_of(shown.text)
        proof = self.proofs.find(digest, key)
        if proof is not None:
            _check_times(proof.from_s, proof.until_s, wall_ns)
            return proof.identity
        token.check_signature(key)
        claims = token.claims()
        self._check_parties(claims)
        from_s, until_s = _time(claims, "nbf", 0), _time(claims, "exp")
        _check_times(from_s, until_s, wall_ns)
        granted = _document(claims)
        identity = _identity(claims["sub"], granted, until_s)
        self.proofs.keep(digest, Proof(key, identity, from_s, until_s, len(granted)))
        return identity

    def renew(self, identity: Identity, wall_ns: int) -> Identity:
        """Return an identity as it is: until it ends a token stands for itself.

        Raises:
            CredentialRefused: it has ended.
        """
        if identity.expires_wall_ns is not None and identity.expires_wall_ns <= wall_ns:
            raise Denial.EXPIRED.refused("the token has expired")
        return identity

    def _check_parties(self, claims: Mapping[str, Any]) -> None:
        """See that all claims are there that are due, and that they were made by whom, for whom."""
        for name in _DUE:
            if claims.get(name) is None or (name == "aud" and not claims[name]):
                raise Denial.MALFORMED.refused(f"the token has no claim {name}")
        audiences = claims["aud"]
        if isinstance(audiences, str):
            audiences = [audiences]
        is_for_us = (
            isinstance(audiences, list)
            and all(isinstance(each, str) for each in audiences)
            and self._audience in audiences
        )
        if claims["iss"] != self._issuer or not is_for_us:
            raise Denial.FOREIGN.refused()


def _check_times(from_s: int, until_s: int, wall_ns: int) -> None:
    wall_s = wall_ns // _NS_PER_S
    if wall_s >= until_s + LEEWAY_S:
        raise Denial.EXPIRED.refused("the token has expired")
    if wall_s < from_s - LEEWAY_S:
        raise Denial.EARLY.refused()


def _time(claims: Mapping[str, Any], name: str, default: int | None = None) -> int:
    value = claims.get(name, default)
    if type(value) not in {int, float} or not 0 <= value < _LATEST_S:
        raise Denial.MALFORMED.refused(f"the claim {name} is no time in seconds since 1970")
    return int(value)


def _identity(subject: object, granted: bytes, until_s: int) -> Identity:
    if not (isinstance(subject, str) and 0 < len(subject) <= MAX_NAME_CHARACTERS):
        raise Denial.MALFORMED.refused("the claim sub is no text of 1 to 128 characters")
    if not subject.isprintable():
        raise Denial.MALFORMED.refused("the claim sub has characters that cannot be printed")
    try:
        grants = _grants(granted) if granted else NO_GRANTS
    except FeedError as error:
        raise Denial.MALFORMED.refused(f"the claim {CLAIM}: {error}") from None
    return Identity(Kind.TOKEN, subject, subject, grants, (until_s + LEEWAY_S) * _NS_PER_S)


def _document(claims: Mapping[str, Any]) -> bytes:
    """Return the claim that says what is granted, in one way to write it; b"" if there is none."""
    if CLAIM not in claims:
        return b""
    try:
        return orjson.dumps(claims[CLAIM], option=orjson.OPT_SORT_KEYS)
    except orjson.JSONEncodeError:  # lists within lists within lists …
        raise Denial.MALFORMED.refused(f"the claim {CLAIM} is no map of grants") from None


@lru_cache(_GRANTS)
def _grants(document: bytes) -> Grants:
    """Read a claim; thousands of tokens have the same."""
    return Grants.of_document(orjson.loads(document))
