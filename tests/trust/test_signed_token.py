"""Tokens that are taken apart here: nothing is accepted that PyJWT would not accept."""

import json
from collections.abc import Callable
from typing import Any

import jwt
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from feed.errors import CredentialRefused
from feed.trust.denial import Denial
from feed.trust.signed_token import SignedToken
from feed.trust.signing_keys import SigningKey
from tests.trust.signing import SECRET, claims_of, signed, signer

KEY = SigningKey("HS256", SECRET)
ODD = st.sampled_from([None, True, 0, 1.5, "", "x", [], ["exp"], {}, {"kid": "a"}])
HEADERS = st.fixed_dictionaries(
    {"alg": st.just("HS256") | st.sampled_from(["none", "HS512", "RS256", "hs256"]) | ODD},
    optional={"typ": ODD, "kid": ODD, "crit": ODD, "b64": ODD, "jwk": ODD},
)
CLAIMS = st.dictionaries(st.sampled_from(["iss", "exp", "feed", "é"]), ODD) | ODD
LETTERS = st.sampled_from("A-_+/=.é \n\0")


def replaced(text: str, at: int, letters: str) -> str:
    at %= len(text) + 1
    return text[:at] + letters + text[at + len(letters) :]


def inserted(text: str, at: int, letters: str) -> str:
    at %= len(text) + 1
    return text[:at] + letters + text[at:]


def dropped(text: str, at: int, letters: str) -> str:
    at %= len(text) + 1
    return text[:at] + text[at + len(letters) :]


def unchanged(text: str, _at: int, _letters: str) -> str:
    return text


def read_here(text: str) -> Any:
    try:
        token = SignedToken.of_text(text)
        token.check_signature(KEY)
        return token.claims()
    except CredentialRefused:
        return None


def read_by_pyjwt(text: str) -> Any:
    claims = ("exp", "nbf", "iat", "sub", "jti", "aud", "iss")
    options: Any = {f"verify_{name}": False for name in claims}
    try:
        return jwt.decode(text, SECRET, ["HS256"], options=options)
    except (jwt.PyJWTError, ValueError, TypeError):
        return None


@given(
    HEADERS,
    CLAIMS,
    st.sampled_from([unchanged, unchanged, replaced, inserted, dropped]),
    st.integers(0, 400),
    st.text(LETTERS, min_size=1, max_size=4),
)
@example({"alg": "HS256"}, {}, inserted, -1, "=")
@example({"alg": "HS256", "typ": "JWT"}, {"exp": 1}, unchanged, 0, "")
def test_pyjwt_accepts_the_same_tokens_and_reads_the_same_in_them(
    header: dict[str, Any],
    claims: Any,
    change: Callable[[str, int, str], str],
    at: int,
    letters: str,
) -> None:
    text = change(signed(header, claims), at, letters)
    if header.keys() & {"crit", "b64"}:  # PyJWT understands one extension, and we none
        assert read_here(text) is None
    else:
        assert read_here(text) == read_by_pyjwt(text)


@pytest.mark.parametrize("algorithm", ["HS256", "RS256", "ES256", "EdDSA"])
def test_every_letter_of_a_signature_counts(algorithm: str) -> None:
    signs = signer(algorithm)
    public: Any = SECRET if algorithm == "HS256" else signs.private.public_key()
    key = SigningKey(algorithm, public)
    text = signs.token()
    SignedToken.of_text(text).check_signature(key)
    for at in range(text.rindex(".") + 1, len(text), 7):
        changed = replaced(text, at, "A" if text[at] != "A" else "B")
        with pytest.raises(CredentialRefused) as refused:
            SignedToken.of_text(changed).check_signature(key)
        assert refused.value.why in {Denial.FORGED, Denial.MALFORMED}
    with pytest.raises(CredentialRefused):
        SignedToken.of_text(text[: text.rindex(".") + 1]).check_signature(key)


def test_nothing_of_a_token_is_shown() -> None:
    text = signer("HS256").token()
    head, claims, signature = text.split(".")
    shown = repr(SignedToken.of_text(text))
    assert claims not in shown
    assert signature not in shown
    with pytest.raises(CredentialRefused) as refused:
        SignedToken.of_text(f"{head}.{json.dumps(claims_of())}é.{signature}")
    assert "exp" not in str(refused.value)
