"""Signing keys: their kinds, where they come from, and what happens when they cannot be had."""

import asyncio
import base64
import codecs
import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from feed.trust.key_sources import LEAST_S, REFRESH_S, FileKeys, KeySource, UrlKeys
from feed.trust.signing_keys import InvalidSigningKeys, SigningKeys
from tests.trust.idp import Idp, jwks
from tests.trust.signing import SECRET, pem, signer

SECOND = 1_000_000_000


def may_lack_some(keys: KeySource) -> bool:
    """Ask anew: a type checker believes that nothing changes."""
    return keys.may_lack_some


def private_pem() -> bytes:
    key = ec.generate_private_key(ec.SECP256R1())
    form, none = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    return key.private_bytes(serialization.Encoding.PEM, form, none)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"short", "5 bytes"),
        (b"", "0 bytes"),
        (private_pem(), "a private key"),
        (b"-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n", "no public key in PEM"),
        (pem(ec.generate_private_key(ec.SECP384R1())), "of another kind"),
        (pem(rsa.generate_private_key(65_537, 1_024)), "1024 bits; accepted: at least 2048"),
        (b"{}", "no JWKS"),
        (b'{"keys": {}}', "no JWKS"),
        (b'{"keys": []}', "without a key of use"),
        (b'{"keys": [7, {"kty": "oct", "k": "c2VjcmV0"}, {"kty": "EC"}]}', "without a key of use"),
        (b'{"keys": [{"kty": []}]}', "without a key of use"),
        (b'{"keys": [{"kty": "RSA", "n": 5, "e": []}]}', "without a key of use"),
        (b'{"keys": [{"kty": "EC", "crv": [], "x": {}, "y": 1}]}', "without a key of use"),
        (b'{"keys": ' + b"[" * 99_999, "no JWKS"),
        (jwks("a", "a"), "two keys with the kid 'a'"),
    ],
    ids=lambda value: value if isinstance(value, str) else "data",
)
def test_what_is_no_key_is_refused(data: bytes, words: str) -> None:
    with pytest.raises(InvalidSigningKeys, match=words) as refused:
        SigningKeys.of_bytes(data)
    assert "c2VjcmV0" not in str(refused.value)


PUBLIC = ec.generate_private_key(ec.SECP256R1()).public_key()
DER = PUBLIC.public_bytes(
    serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
)
DOCUMENTS = {
    "html": b"<!DOCTYPE html><html><body>Sign in, please</body></html>",
    "html in one word": b"<html><body>SignIn</body></html>........",
    "jwks below a comment": b"# of our issuer\n" + jwks("a"),
    "jwks in Python": b"keys=" + jwks("a").replace(b" ", b""),
    "list": b'["a","b","c","d","e","f","g","h","i","j"]',
    "ssh": b"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIP0000000000000000000000000000000000000000",
    "pem below a comment": b"of our issuer\n" + pem(ec.generate_private_key(ec.SECP256R1())),
    "der": DER,
    "der in Base64": base64.b64encode(DER),
    "utf-16": "a-secret-of-thirty-two-bytes-or-so".encode("utf-16"),
    "token": b"eyJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJhIn0.AAAAAAAAAAAAAAA",
    "url": b"https://idp.example/.well-known/jwks.json",
    "two lines": b"a-secret-of-thirty-two-bytes-or-so\nand-another-one\n",
    "blanks": b"a secret of thirty-two bytes or so",
    "zeros": bytes(64),
}


@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_document_is_not_taken_for_a_secret(name: str) -> None:
    with pytest.raises(InvalidSigningKeys, match=r"accepted: a secret .* one line of printable"):
        SigningKeys.of_bytes(DOCUMENTS[name])


@pytest.mark.parametrize("data", [SECRET, jwks("a"), signer("ES256").public], ids=len)
def test_a_byte_order_mark_is_not_of_the_keys(data: bytes) -> None:
    found = SigningKeys.of_bytes(codecs.BOM_UTF8 + data)
    assert found == SigningKeys.of_bytes(data)


def test_the_algorithms_of_a_file_are_told(tmp_path: Path) -> None:
    path = tmp_path / "keys"
    path.write_bytes(SECRET)
    with structlog.testing.capture_logs() as logs:
        keys = FileKeys(path)
        path.write_bytes(jwks("a"))
        keys.look()
        assert keys.look()
    assert [(entry["event"], entry["algorithms"]) for entry in logs] == [
        ("signing_keys_read", ["HS256"]),
        ("signing_keys_reloaded", ["ES256"]),
    ]


def test_a_key_that_is_for_something_else_is_left_out() -> None:
    rows = [
        signer("ES256").jwk(kid="enc", use="enc"),
        signer("ES256").jwk(kid="other", alg="ES384"),
        signer("RS256").jwk(kid="pss", alg="PS256"),
        signer("ES256").jwk(kid="good", use="sig", alg="ES256"),
    ]
    found = SigningKeys.of_bytes(json.dumps({"keys": rows}).encode())
    assert list(found.by_id) == ["good"]


def test_a_secrets_last_line_end_is_not_of_it() -> None:
    [key] = SigningKeys.of_bytes(SECRET + b"\n").by_id.values()
    assert key.key == SECRET
    assert SECRET.decode() not in repr(key)


async def test_a_file_is_read_again_and_kept_while_it_is_broken(tmp_path: Path) -> None:
    path = tmp_path / "jwks.json"
    path.write_bytes(jwks("a", "b"))
    keys = FileKeys(path)
    assert await keys.find("a")
    path.write_bytes(b"{")
    assert not keys.look()
    assert not keys.look(), "it stands still now, and is not accepted"
    assert may_lack_some(keys)
    assert await keys.find("a")
    path.write_bytes(jwks("b", "c"))
    assert not keys.look()
    assert keys.look()
    assert not may_lack_some(keys)
    assert not await keys.find("a")
    assert await keys.find("c")


def test_a_pipe_is_not_a_file_of_keys(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "keys")
    with pytest.raises(InvalidSigningKeys, match="not a regular file"):
        FileKeys(tmp_path / "keys")


@pytest.fixture
def idp() -> Iterator[Idp]:
    server = Idp()
    yield server
    server.close()


async def test_an_unknown_id_is_asked_for_not_too_often_and_once_for_all(idp: Idp) -> None:
    mono_ns = 0
    keys = UrlKeys(idp.url, lambda: mono_ns)
    assert may_lack_some(keys)
    found = await asyncio.gather(*(keys.find("a") for _ in range(20)))
    assert all(found)
    assert not may_lack_some(keys)
    assert idp.asked == 1, "who waits finds what the first has fetched"
    idp.body = jwks("c", "d")
    for _ in range(20):
        assert await keys.find("c") is None
    assert idp.asked == 1
    mono_ns += int(LEAST_S * SECOND)
    assert await keys.find("c")
    assert await keys.find("a") is None
    assert idp.asked == 2


@pytest.mark.parametrize("status", [500, 404, 302])
async def test_keys_are_kept_while_the_url_fails(idp: Idp, status: int) -> None:
    mono_ns = 0
    keys = UrlKeys(idp.url, lambda: mono_ns)
    assert keys.look()
    idp.status = status
    assert not keys.look(), "it is not due yet"
    assert idp.asked == 1
    mono_ns += int(REFRESH_S * SECOND)
    assert not keys.look()
    assert idp.asked == 2, "a redirection is not followed"
    assert await keys.find("a")
    idp.status, idp.body = 200, b"<html>"
    mono_ns += int(REFRESH_S * SECOND)
    assert not keys.look()
    assert await keys.find("a")
    assert may_lack_some(keys)


@pytest.mark.parametrize("body", [b'{"keys": [{"kty": []}]}', b"[" * 99_999], ids=["kty", "deep"])
async def test_keys_are_kept_whatever_the_url_gives(idp: Idp, body: bytes) -> None:
    mono_ns = 0
    keys = UrlKeys(idp.url, lambda: mono_ns)
    assert keys.look()
    idp.body = body
    mono_ns += int(REFRESH_S * SECOND)
    with structlog.testing.capture_logs() as logs:
        assert await keys.find("unknown") is None
    assert [(entry["event"], entry["kept"]) for entry in logs] == [("jwks_not_fetched", 2)]
    assert await keys.find("a")


async def test_a_url_that_never_answered_is_asked_again_soon(idp: Idp) -> None:
    mono_ns = 0
    keys = UrlKeys(idp.url, lambda: mono_ns)
    idp.status = 503
    assert await keys.find("a") is None
    assert may_lack_some(keys)
    idp.status = 200
    mono_ns += int(LEAST_S * SECOND)
    assert keys.look()
    assert await keys.find("a")
