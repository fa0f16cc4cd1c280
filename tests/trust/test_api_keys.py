"""API keys: what is accepted, what is not, and what is told of either."""

import contextlib
import hmac
import re
from dataclasses import replace

import pytest

from feed.errors import CredentialRefused
from feed.trust.api_keys import ApiKey, ApiKeys, digest_of, new_id, new_secret
from feed.trust.credentials import KeyPair
from feed.trust.denial import Denial
from feed.trust.identity import Kind
from feed.wire.grants import NO_GRANTS, Grants

ADMIN = Grants(admin=True)
HOUR = 3_600_000_000_000
NOW = 1_000 * HOUR
SECRET = "fs_" + "s" * 43
OTHER = "fs_" + "t" * 43
KEY = ApiKey("fk_0123456789abcdef", "desk", digest_of(SECRET), ADMIN)
SHOWN = KeyPair(KEY.id, SECRET)


def denial(keys: ApiKeys, shown: KeyPair, wall_ns: int = NOW) -> str:
    with pytest.raises(CredentialRefused) as refused:
        keys.authenticate(shown, wall_ns)
    assert shown.secret not in str(refused.value)
    return refused.value.why


def test_a_key_and_its_secret_are_an_identity_with_its_grants() -> None:
    identity = ApiKeys([KEY]).authenticate(SHOWN, NOW)
    assert (identity.kind, identity.id, identity.name) == (Kind.KEY, KEY.id, "desk")
    assert identity.grants == ADMIN
    assert SECRET not in repr(identity)
    assert identity.proof not in repr(identity)


def test_an_unknown_id_and_a_wrong_secret_are_told_alike() -> None:
    keys = ApiKeys([KEY])
    assert denial(keys, KeyPair("fk_ffffffffffffffff", SECRET)) == Denial.UNKNOWN
    assert denial(keys, KeyPair(KEY.id, OTHER)) == Denial.WRONG
    assert denial(keys, KeyPair(KEY.id, KEY.secret_sha256)) == Denial.WRONG, "the digest opens not"
    assert Denial.UNKNOWN.words == Denial.WRONG.words


def test_no_secret_opens_what_stands_for_an_unknown_id() -> None:
    assert denial(ApiKeys(), KeyPair("", "0" * 64)) == Denial.UNKNOWN


def test_secrets_are_compared_in_constant_time_whether_the_id_is_known_or_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    compared: list[int] = []

    def compare(one: str, other: str) -> bool:
        compared.append(len(one) + len(other))
        return one == other

    monkeypatch.setattr(hmac, "compare_digest", compare)
    for shown in (SHOWN, KeyPair(KEY.id, OTHER), KeyPair("fk_ffffffffffffffff", OTHER)):
        compared.clear()
        with contextlib.suppress(CredentialRefused):
            ApiKeys([KEY]).authenticate(shown, NOW)
        assert compared == [128, 128], "two digests each, all of them whole"


def test_an_end_is_told_only_to_those_who_have_the_secret() -> None:
    for ended, why in (
        (replace(KEY, expires_wall_ns=NOW), Denial.EXPIRED),
        (replace(KEY, revoked_wall_ns=NOW - 1), Denial.REVOKED),
    ):
        assert denial(ApiKeys([ended]), SHOWN) == why
        assert denial(ApiKeys([ended]), KeyPair(KEY.id, OTHER)) == Denial.WRONG
    lasting = ApiKeys([replace(KEY, expires_wall_ns=NOW + 1)])
    assert lasting.authenticate(SHOWN, NOW).expires_wall_ns == NOW + 1


def test_a_secret_before_is_accepted_until_its_time_is_up() -> None:
    rotated = replace(
        KEY,
        secret_sha256=digest_of(OTHER),
        old_secret_sha256=digest_of(SECRET),
        old_until_wall_ns=NOW + HOUR,
    )
    keys = ApiKeys([rotated])
    assert keys.authenticate(SHOWN, NOW).expires_wall_ns == NOW + HOUR
    assert keys.authenticate(KeyPair(KEY.id, OTHER), NOW).expires_wall_ns is None
    assert denial(keys, SHOWN, NOW + HOUR) == Denial.WRONG
    sooner = ApiKeys([replace(rotated, expires_wall_ns=NOW + 5)])
    assert sooner.authenticate(SHOWN, NOW).expires_wall_ns == NOW + 5


def test_an_identity_is_renewed_by_its_key_as_it_is_now() -> None:
    identity = ApiKeys([KEY]).authenticate(SHOWN, NOW)
    changed = ApiKeys([replace(KEY, grants=NO_GRANTS, name="desk2")]).renew(identity, NOW)
    assert (changed.grants, changed.name) == (NO_GRANTS, "desk2")
    assert changed.is_of(identity)
    assert changed != identity
    for keys, why in (
        (ApiKeys(), Denial.REVOKED),
        (ApiKeys([replace(KEY, revoked_wall_ns=NOW)]), Denial.REVOKED),
        (ApiKeys([replace(KEY, expires_wall_ns=NOW)]), Denial.EXPIRED),
        (ApiKeys([replace(KEY, secret_sha256=digest_of(OTHER))]), Denial.WRONG),
    ):
        with pytest.raises(CredentialRefused) as refused:
            keys.renew(identity, NOW)
        assert refused.value.why == why


def test_ids_and_secrets_are_as_promised() -> None:
    for _ in range(100):
        assert re.fullmatch(r"fk_[a-z0-9]{16}", new_id())
        assert re.fullmatch(r"fs_[\w-]{43}", new_secret(), re.ASCII)
    assert len({new_secret() for _ in range(100)}) == 100
