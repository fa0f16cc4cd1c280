"""`feed token`: what is signed, and what is told of a token."""

import io
import json
import time
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization

from feed.cli.commands import run
from feed.trust.credentials import Token
from feed.trust.key_sources import FileKeys
from feed.trust.tokens import TokenAuthenticator
from feed.wire.grants import Grants
from tests.trust.signing import SECRET, Signer, signer

ISSUER = ["--issuer", "us"]


def private_of(signs: Signer) -> bytes:
    if isinstance(signs.private, bytes):
        return signs.private
    form, none = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    encoded: bytes = signs.private.private_bytes(serialization.Encoding.PEM, form, none)
    return encoded


@pytest.mark.parametrize("algorithm", ["HS256", "RS256", "ES256", "EdDSA"])
async def test_a_token_that_is_minted_is_accepted(
    algorithm: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    private, public = tmp_path / "private", tmp_path / "public"
    private.write_bytes(private_of(signer(algorithm)))
    public.write_bytes(signer(algorithm).public)
    status = run(
        [
            *("token", "mint", "ann", "--key-file", str(private), *ISSUER),
            *("--channels", "trades", "--symbols", "AAPL,BTC/*", "--expires", "10m"),
        ]
    )
    assert status == 0
    [token] = capfd.readouterr().out.splitlines()
    tokens = TokenAuthenticator(FileKeys(public), "us", "feed")
    identity = await tokens.authenticate(Token(token), time.time_ns())
    granted = {"channels": ["trades"], "symbols": ["AAPL", "BTC/*"]}
    assert (identity.id, identity.grants) == ("ann", Grants.of_document(granted))


def test_a_token_is_shown_and_said_not_to_be_checked(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    token = signer("HS256").token(feed={"admin": True}, headers={"kid": "k1"})
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{token}\n"))
    assert run(["token", "inspect"]) == 0
    out, err = capfd.readouterr()
    document = json.loads(out)
    assert document["header"]["kid"] == "k1"
    assert document["claims"]["feed"] == {"admin": True}
    assert "not checked" in err


@pytest.mark.parametrize(
    ("arguments", "start"),
    [
        (["mint", "ann", "--key-file", "short", *ISSUER], "feed: short: 5 bytes; accepted: a sec"),
        (["mint", "ann", "--key-file", "none", *ISSUER], "feed: none: cannot be read"),
        (["mint", "ann", "--key-file", "pem", *ISSUER], "feed: pem: no private key; accepted"),
        (["mint", "ann", "--key-file", "k", *ISSUER, "--expires", "x"], "feed: --expires: 'x'"),
        (["mint", "ann", "--key-file", "k", *ISSUER, "--channels", "x"], "feed: channels: 'x' is"),
        (["inspect", "hunter2.hunter2"], "feed: TOKEN: '<15 characters>' is not accepted"),
    ],
)
def test_what_is_refused_is_one_line_and_status_2(
    arguments: list[str],
    start: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("short").write_text("short")
    Path("k").write_bytes(SECRET)
    Path("pem").write_bytes(signer("ES256").public)
    assert run(["token", *arguments]) == 2
    out, err = capfd.readouterr()
    assert out == ""
    assert err.startswith(start), err
    assert len(err.splitlines()) == 1
