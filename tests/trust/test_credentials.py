"""The headers of a request in which a credential stands."""

import base64

import pytest
from multidict import CIMultiDict

from feed.errors import CredentialRefused
from feed.trust.credentials import KeyPair, credential_in

ID, SECRET = "fk_0123456789abcdef", "fs_secret-of_thirty-two-characters"
PAIR = KeyPair(ID, SECRET)


def basic(text: str) -> str:
    return f"Basic {base64.b64encode(text.encode()).decode()}"


@pytest.mark.parametrize(
    "headers",
    [
        {"APCA-API-KEY-ID": ID, "APCA-API-SECRET-KEY": SECRET},
        {"apca-api-key-id": ID, "apca-api-secret-key": SECRET},
        {"APCA-API-KEY-ID": f"{ID}.{SECRET}"},
        {"Authorization": basic(f"{ID}:{SECRET}")},
        {"Authorization": f"Bearer {ID}.{SECRET}"},
        {"Authorization": f"bearer  {ID}.{SECRET} "},
        {"APCA-API-KEY-ID": ID, "APCA-API-SECRET-KEY": SECRET, "Authorization": basic("a:b")},
    ],
)
def test_a_key_stands_in_any_of_the_headers(headers: dict[str, str]) -> None:
    assert credential_in(CIMultiDict(headers)) == PAIR


def test_nothing_is_no_credential() -> None:
    assert credential_in(CIMultiDict({"Cookie": "a=b"})) is None


@pytest.mark.parametrize(
    "headers",
    [
        [("APCA-API-KEY-ID", ID)],
        [("APCA-API-SECRET-KEY", SECRET)],
        [("APCA-API-KEY-ID", ID), ("APCA-API-KEY-ID", ID), ("APCA-API-SECRET-KEY", SECRET)],
        [("Authorization", f"Bearer {ID}.{SECRET}"), ("Authorization", basic("a:b"))],
        [("Authorization", "")],
        [("Authorization", "Bearer")],
        [("Authorization", f"Bearer {ID}")],
        [("Authorization", f"Bearer .{SECRET}")],
        [("Authorization", f"Basic {SECRET}")],
        [("Authorization", "Basic /w==")],
        [("Authorization", basic(ID))],
        [("Authorization", f"Digest {SECRET}")],
    ],
)
def test_what_cannot_be_understood_is_refused_and_never_shown(
    headers: list[tuple[str, str]],
) -> None:
    with pytest.raises(CredentialRefused) as refused:
        credential_in(CIMultiDict(headers))
    assert refused.value.why == "malformed"
    assert SECRET not in str(refused.value)


def test_a_credential_does_not_show_its_secret() -> None:
    assert SECRET not in repr(PAIR)
    assert SECRET not in f"{PAIR}"
