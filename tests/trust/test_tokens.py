"""Tokens: what is accepted of what an issuer signs, and of what others make up."""

import hmac
import json
from pathlib import Path
from typing import Any

import pytest

from feed.errors import CredentialRefused
from feed.trust.credentials import Token
from feed.trust.denial import Denial
from feed.trust.identity import Kind
from feed.trust.key_sources import FileKeys
from feed.trust.tokens import LEEWAY_S, TokenAuthenticator
from feed.wire.grants import NO_GRANTS, Grants
from tests.trust.signing import (
    AUDIENCE,
    ISSUER,
    NOW_S,
    SECRET,
    Signer,
    claims_of,
    signed,
    signer,
    unsigned,
)

NOW = NOW_S * 1_000_000_000
ALGORITHMS = ("HS256", "RS256", "ES256", "EdDSA")
EACH = pytest.mark.parametrize("algorithm", ALGORITHMS)


def authenticator(tmp_path: Path, data: bytes) -> TokenAuthenticator:
    path = tmp_path / "keys"
    path.write_bytes(data)
    return TokenAuthenticator(FileKeys(path), ISSUER, AUDIENCE)


async def denial(tokens: TokenAuthenticator, token: str, wall_ns: int = NOW) -> Denial:
    """Return why a token is refused: every time, and nothing is known of it then."""
    known = len(tokens.proofs)
    for _ in range(2):
        with pytest.raises(CredentialRefused) as refused:
            await tokens.authenticate(Token(token), wall_ns)
        assert token not in str(refused.value)
        assert len(tokens.proofs) == known
    [why] = (why for why in Denial if why == refused.value.why)
    return why


@EACH
async def test_a_token_is_an_identity_with_the_grants_of_its_claim(
    tmp_path: Path, algorithm: str
) -> None:
    signs = signer(algorithm)
    tokens = authenticator(tmp_path, signs.public)
    claim = {"channels": ["trades"], "symbols": ["AAPL"], "admin": True}
    identity = await tokens.authenticate(Token(signs.token(feed=claim)), NOW)
    assert (identity.kind, identity.id, identity.name) == (Kind.TOKEN, "ann", "ann")
    assert identity.grants == Grants.of_document(claim)
    assert identity.expires_wall_ns == (NOW_S + 60 + LEEWAY_S) * 1_000_000_000


@pytest.mark.parametrize("algorithm", ALGORITHMS[1:])
async def test_a_key_of_a_set_is_found_by_its_id(tmp_path: Path, algorithm: str) -> None:
    others = [signer(name).jwk(kid=name) for name in ALGORITHMS[1:]]
    tokens = authenticator(tmp_path, json.dumps({"keys": others}).encode())
    signs = signer(algorithm)
    for kid, why in ((algorithm, None), ("unheard-of", Denial.FORGED), (None, Denial.FORGED)):
        token = signs.token(headers={"kid": kid} if kid else None)
        if why is None:
            assert (await tokens.authenticate(Token(token), NOW)).id == "ann"
        else:
            assert await denial(tokens, token) is why


async def test_a_token_without_the_claim_may_do_nothing(tmp_path: Path) -> None:
    tokens = authenticator(tmp_path, SECRET)
    assert (await tokens.authenticate(Token(signer("HS256").token()), NOW)).grants == NO_GRANTS
    everything = await tokens.authenticate(Token(signer("HS256").token(feed={})), NOW)
    assert everything.grants == Grants.of_document({})


CLAIMS: list[tuple[dict[str, Any], Denial]] = [
    ({"exp": NOW_S - LEEWAY_S}, Denial.EXPIRED),
    ({"exp": 0}, Denial.EXPIRED),
    ({"nbf": NOW_S + LEEWAY_S + 1}, Denial.EARLY),
    ({"iss": "https://idp.example.evil"}, Denial.FOREIGN),
    ({"iss": "https://idp"}, Denial.FOREIGN),
    ({"aud": "another"}, Denial.FOREIGN),
    ({"aud": "fee"}, Denial.FOREIGN),
    ({"aud": []}, Denial.MALFORMED),
    ({"iss": None}, Denial.MALFORMED),
    ({"aud": None}, Denial.MALFORMED),
    ({"exp": None}, Denial.MALFORMED),
    ({"sub": None}, Denial.MALFORMED),
    ({"exp": "soon"}, Denial.MALFORMED),
    ({"exp": True}, Denial.MALFORMED),
    ({"exp": 1e300}, Denial.MALFORMED),
    ({"nbf": "now"}, Denial.MALFORMED),
    ({"sub": ""}, Denial.MALFORMED),
    ({"sub": 7}, Denial.MALFORMED),
    ({"sub": "x" * 129}, Denial.MALFORMED),
    ({"sub": "ann\n2026 level=error"}, Denial.MALFORMED),
    ({"sub": "\x1b[31mann"}, Denial.MALFORMED),
    ({"feed": []}, Denial.MALFORMED),
    ({"feed": {"channels": ["no-such"]}}, Denial.MALFORMED),
    ({"feed": {"adm1n": True}}, Denial.MALFORMED),
    ({"feed": {"admin": "yes"}}, Denial.MALFORMED),
    ({"feed": {"limits": {"connections": 10**30}}}, Denial.MALFORMED),
    ({"feed": {"channels": "\ud800"}}, Denial.MALFORMED),
]


@pytest.mark.parametrize(("claims", "why"), CLAIMS, ids=lambda value: str(value)[:40])
async def test_a_claim_that_is_not_accepted(
    tmp_path: Path, claims: dict[str, Any], why: Denial
) -> None:
    tokens = authenticator(tmp_path, SECRET)
    assert await denial(tokens, signer("HS256").token(**claims)) is why


async def test_one_audience_of_several_is_enough_and_clocks_may_differ(tmp_path: Path) -> None:
    tokens = authenticator(tmp_path, SECRET)
    signs = signer("HS256")
    for claims in (
        {"aud": ["other", AUDIENCE]},
        {"exp": NOW_S - LEEWAY_S + 1},
        {"nbf": NOW_S + LEEWAY_S},
    ):
        assert (await tokens.authenticate(Token(signs.token(**claims)), NOW)).id == "ann"


@EACH
async def test_an_unsigned_token_is_refused_whatever_key_is_there(
    tmp_path: Path, algorithm: str
) -> None:
    tokens = authenticator(tmp_path, signer(algorithm).public)
    for name in ("none", "None", "NONE", "nOnE", ""):
        assert await denial(tokens, unsigned({"alg": name, "typ": "JWT"}, claims_of())) in {
            Denial.FORGED,
            Denial.MALFORMED,
        }


@pytest.mark.parametrize("algorithm", ALGORITHMS[1:])
async def test_a_public_key_is_never_taken_for_a_secret(tmp_path: Path, algorithm: str) -> None:
    signs = signer(algorithm)
    tokens = authenticator(tmp_path, signs.public)
    for digest in ("256", "384", "512"):
        unsigned_part = unsigned({"alg": f"HS{digest}"}, claims_of()).rpartition(".")[0]
        for secret in (signs.public, signs.public.strip()):
            signature = hmac.digest(secret, unsigned_part.encode(), f"sha{digest}")
            forged = unsigned({"alg": f"HS{digest}"}, claims_of(), signature)
            assert await denial(tokens, forged) is Denial.FORGED


async def test_another_key_or_a_changed_claim_is_a_forgery(tmp_path: Path) -> None:
    tokens = authenticator(tmp_path, SECRET)
    signs = signer("HS256")
    other = Signer("HS256", SECRET + b"!", b"")
    await tokens.authenticate(Token(signs.token()), NOW)  # it is known, and opens to none of these
    assert await denial(tokens, other.token()) is Denial.FORGED
    head, _, signature = signs.token().split(".")
    _, claims, _ = signs.token(sub="root").split(".")
    assert await denial(tokens, f"{head}.{claims}.{signature}") is Denial.FORGED
    assert await denial(tokens, f"{signs.token()[:-2]}AA") is Denial.FORGED


@pytest.mark.parametrize(
    "header",
    [
        {"kid": "../../../dev/null"},
        {"kid": "' OR 1=1 --"},
        {"jku": "https://evil.example/jwks"},
        {"jwk": {"kty": "oct", "k": "AAAA"}},
        {"x5u": "https://evil.example/cert"},
    ],
)
async def test_keys_that_a_token_brings_or_names_are_not_looked_at(
    tmp_path: Path, header: dict[str, Any]
) -> None:
    tokens = authenticator(tmp_path, SECRET)
    evil = Signer("HS256", b"of the attacker, as long as it takes", b"")
    assert await denial(tokens, evil.token(headers=header)) is Denial.FORGED


async def test_a_header_that_has_to_be_understood_is_refused(tmp_path: Path) -> None:
    tokens = authenticator(tmp_path, SECRET)
    await tokens.authenticate(Token(signed({"alg": "HS256"}, claims_of())), NOW)
    for headers in ({"crit": ["exp"], "exp": 1}, {"crit": ["b64"]}, {"kid": None}, {"kid": 7}):
        token = signed({"alg": "HS256"} | headers, claims_of())
        assert await denial(tokens, token) is Denial.MALFORMED


@pytest.mark.parametrize(
    "text", ["..", "a.b.c", "e30.e30.", "\x00.\x00.\x00", "é.é.é", f"{'a' * 8_193}..", "e30.W10.x"]
)
async def test_what_is_no_token_is_refused(tmp_path: Path, text: str) -> None:
    assert await denial(authenticator(tmp_path, SECRET), text) in {
        Denial.MALFORMED,
        Denial.FORGED,
    }


async def test_an_identity_lasts_until_its_end_and_no_longer(tmp_path: Path) -> None:
    tokens = authenticator(tmp_path, SECRET)
    identity = await tokens.authenticate(Token(signer("HS256").token()), NOW)
    assert identity.expires_wall_ns is not None
    assert tokens.renew(identity, identity.expires_wall_ns - 1) is identity
    with pytest.raises(CredentialRefused, match="expired"):
        tokens.renew(identity, identity.expires_wall_ns)
