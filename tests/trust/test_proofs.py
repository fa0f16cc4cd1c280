"""Proofs: what is known of tokens that come again, and when it counts no more."""

import json
from pathlib import Path

import pytest

from feed.errors import CredentialRefused
from feed.trust.credentials import Token
from feed.trust.denial import Denial
from feed.trust.identity import Identity, Kind
from feed.trust.key_sources import FileKeys
from feed.trust.proofs import Proof, Proofs, digest_of
from feed.trust.signing_keys import SigningKey
from feed.trust.tokens import LEEWAY_S, TokenAuthenticator
from feed.wire.grants import NO_GRANTS
from tests.trust.signing import AUDIENCE, ISSUER, NOW_S, SECRET, Signer, signer

SECOND = 1_000_000_000
NOW = NOW_S * SECOND
KEY, OTHER = SigningKey("HS256", b"one" * 12), SigningKey("HS256", b"two" * 12)
ANOTHER_SECRET = b"another-secret-of-thirty-two-bytes"


def proof(key: SigningKey = KEY, claim_letters: int = 0) -> Proof:
    return Proof(key, Identity(Kind.TOKEN, "ann", "ann", NO_GRANTS), 0, 1, claim_letters)


@pytest.fixture
def verified(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """Return the signatures that were computed, as they are."""
    computed: list[bytes] = []
    has_signed = SigningKey.has_signed

    def watched(key: SigningKey, data: bytes, signature: bytes) -> bool:
        computed.append(signature)
        return has_signed(key, data, signature)

    monkeypatch.setattr(SigningKey, "has_signed", watched)
    return computed


def changed(path: Path, keys: FileKeys, data: bytes) -> None:
    path.write_bytes(data)
    for _ in range(4):  # it has to stand still, or to be looked at so often
        if keys.look():
            return
    pytest.fail("the file was not read again")


def jwks(kid: str, algorithm: str) -> bytes:
    return json.dumps({"keys": [signer(algorithm).jwk(kid=kid)]}).encode()


async def refusal(tokens: TokenAuthenticator, text: str, wall_ns: int = NOW) -> str:
    with pytest.raises(CredentialRefused) as refused:
        await tokens.authenticate(Token(text), wall_ns)
    return refused.value.why


async def test_a_token_is_verified_once_and_known_when_it_comes_again(
    tmp_path: Path, verified: list[bytes]
) -> None:
    path = tmp_path / "keys"
    path.write_bytes(SECRET)
    tokens = TokenAuthenticator(FileKeys(path), ISSUER, AUDIENCE)
    first, second = (signer("HS256").token(sub=name, feed={}) for name in ("ann", "bob"))
    for text, who in ((first, "ann"), (second, "bob"), (first, "ann"), (second, "bob")):
        identity = await tokens.authenticate(Token(text), NOW)
        assert (identity.id, identity.grants.may_read("trades", "AAPL")) == (who, True)
    assert len(verified) == 2
    assert len(tokens.proofs) == 2


async def test_a_known_token_is_refused_as_soon_as_its_key_is_gone(tmp_path: Path) -> None:
    path = tmp_path / "keys"
    path.write_bytes(SECRET)
    keys = FileKeys(path)
    tokens = TokenAuthenticator(keys, ISSUER, AUDIENCE)
    text = signer("HS256").token()
    await tokens.authenticate(Token(text), NOW)
    changed(path, keys, ANOTHER_SECRET)
    assert await refusal(tokens, text) == Denial.FORGED
    mine = Signer("HS256", ANOTHER_SECRET, b"").token()
    assert (await tokens.authenticate(Token(mine), NOW)).id == "ann"
    changed(path, keys, SECRET)
    assert await refusal(tokens, mine) == Denial.FORGED
    assert (await tokens.authenticate(Token(text), NOW)).id == "ann"


async def test_a_known_token_does_not_outlive_a_key_of_the_same_name(tmp_path: Path) -> None:
    path = tmp_path / "keys"
    path.write_bytes(jwks("main", "ES256"))
    keys = FileKeys(path)
    tokens = TokenAuthenticator(keys, ISSUER, AUDIENCE)
    text = signer("ES256").token(headers={"kid": "main"})
    await tokens.authenticate(Token(text), NOW)
    changed(path, keys, jwks("main", "EdDSA"))
    assert await refusal(tokens, text) == Denial.FORGED
    changed(path, keys, jwks("other", "ES256"))
    assert await refusal(tokens, text) == Denial.FORGED


async def test_keys_that_are_read_again_and_are_the_same_leave_tokens_known(
    tmp_path: Path, verified: list[bytes]
) -> None:
    path = tmp_path / "keys"
    path.write_bytes(jwks("main", "RS256"))
    keys = FileKeys(path)
    tokens = TokenAuthenticator(keys, ISSUER, AUDIENCE)
    text = signer("RS256").token(headers={"kid": "main"})
    await tokens.authenticate(Token(text), NOW)
    changed(path, keys, jwks("main", "RS256") + b"\n")
    await tokens.authenticate(Token(text), NOW)
    assert len(verified) == 1


async def test_the_times_of_a_known_token_are_looked_at_whenever_it_comes(tmp_path: Path) -> None:
    path = tmp_path / "keys"
    path.write_bytes(SECRET)
    tokens = TokenAuthenticator(FileKeys(path), ISSUER, AUDIENCE)
    text = signer("HS256").token(nbf=NOW_S)
    await tokens.authenticate(Token(text), NOW)
    end_ns = NOW + (60 + LEEWAY_S) * SECOND
    assert (await tokens.authenticate(Token(text), end_ns - 1)).expires_wall_ns == end_ns
    assert await refusal(tokens, text, end_ns) == Denial.EXPIRED
    assert await refusal(tokens, text, NOW - (LEEWAY_S + 1) * SECOND) == Denial.EARLY


async def test_refusals_are_not_kept_nor_anything_of_a_token(tmp_path: Path) -> None:
    path = tmp_path / "keys"
    path.write_bytes(SECRET)
    tokens = TokenAuthenticator(FileKeys(path), ISSUER, AUDIENCE)
    sign = signer("HS256").token
    texts = [sign(exp=1), sign(nbf=NOW_S + 60), sign(iss="https://else.example"), sign(sub="")]
    texts += [sign(feed={"channels": ["none"]}), f"{sign()[:-2]}AA", "a.b.c"]
    for text in texts * 2:
        await refusal(tokens, text)
    assert (len(tokens.proofs), tokens.proofs.used_bytes) == (0, 0)


def test_many_tokens_take_no_more_than_there_is_room_for() -> None:
    proofs = Proofs(most_bytes=10 * proof().size_bytes)
    regular = digest_of("regular")
    proofs.keep(regular, proof())
    for number in range(1_000):
        proofs.keep(digest_of(f"token {number}"), proof())
        assert proofs.find(regular, KEY) is not None, "what is used stays"
        assert proofs.used_bytes <= 10 * proof().size_bytes
    assert len(proofs) == 10
    proofs.keep(digest_of("long"), proof(claim_letters=64))
    assert len(proofs) < 10, "many words take the room of several"


def test_a_proof_is_of_one_key_and_another_takes_its_place() -> None:
    proofs = Proofs()
    digest = digest_of("token")
    proofs.keep(digest, proof(KEY))
    assert proofs.find(digest, OTHER) is None
    proofs.keep(digest, proof(OTHER))
    assert proofs.find(digest, KEY) is None
    assert proofs.find(digest, OTHER) is not None
    assert (len(proofs), proofs.used_bytes) == (1, proof().size_bytes)
