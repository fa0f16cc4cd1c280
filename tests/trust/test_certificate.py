"""Certificates: which pairs are accepted, the words for the others, and reading them again."""

import os
import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import trustme

from feed.trust.certificate import Certificate, InvalidCertificate, read_pair
from feed.trust.watched_keys import Reload

CA = trustme.CA()
FIRST, SECOND = (CA.issue_cert("feed.test", "127.0.0.1") for _ in range(2))


def write(folder: Path, pair: trustme.LeafCert) -> tuple[Path, Path]:
    certificate, key = folder / "cert.pem", folder / "key.pem"
    certificate.write_bytes(b"".join(blob.bytes() for blob in pair.cert_chain_pems))
    key.write_bytes(pair.private_key_pem.bytes())
    return certificate, key


def shown_by(certificate: Certificate, name: str | None, **versions: ssl.TLSVersion) -> bytes:
    """Return the certificate that a handshake is given, in DER."""
    client = ssl.create_default_context()
    CA.configure_trust(client)
    client.check_hostname = name is not None
    for attribute, version in versions.items():
        setattr(client, attribute, version)
    up, down = ssl.MemoryBIO(), ssl.MemoryBIO()
    asks = client.wrap_bio(down, up, server_hostname=name)
    answers = certificate.context.wrap_bio(up, down, server_side=True)
    for _ in range(4):
        for side in (asks, answers):
            try:
                side.do_handshake()
            except ssl.SSLWantReadError:
                continue
    shown = asks.getpeercert(binary_form=True)
    assert shown is not None
    return shown


def der(pair: trustme.LeafCert) -> bytes:
    return ssl.PEM_cert_to_DER_cert(pair.cert_chain_pems[0].bytes().decode())


def look_twice(certificate: Certificate) -> bool:
    """A change counts once the files stand still."""
    certificate.look()
    return certificate.look()


@pytest.mark.parametrize("name", ["feed.test", None])
def test_a_renewed_pair_is_given_to_new_handshakes(tmp_path: Path, name: str | None) -> None:
    certificate = Certificate(*write(tmp_path, FIRST))
    assert shown_by(certificate, name) == der(FIRST)
    assert not look_twice(certificate)
    write(tmp_path, SECOND)
    assert look_twice(certificate)
    assert shown_by(certificate, name) == der(SECOND)
    assert certificate.reloads == {Reload.APPLIED: 1}


def test_the_time_of_a_pair_is_that_of_the_chain(tmp_path: Path) -> None:
    soon = datetime(2030, 1, 1, tzinfo=UTC)
    between = CA.create_child_ca()
    pair = between.issue_cert("feed.test", not_after=soon)
    path, key = write(tmp_path, pair)
    certificate = Certificate(path, key)
    assert certificate.pair.end_wall_ns == int(soon.timestamp()) * 10**9
    later = between.issue_cert("feed.test", not_after=soon + timedelta(days=90))
    write(tmp_path, later)
    assert look_twice(certificate)
    assert certificate.pair.end_wall_ns == int((soon + timedelta(days=90)).timestamp()) * 10**9
    assert certificate.pair.begin_wall_ns < certificate.pair.end_wall_ns


def test_a_chain_ends_with_what_ends_first(tmp_path: Path) -> None:
    soon = CA.issue_cert("feed.test", not_after=datetime(2030, 1, 1, tzinfo=UTC))
    late = CA.issue_cert("feed.test", not_after=datetime(2035, 1, 1, tzinfo=UTC))
    path, key = write(tmp_path, late)
    path.write_bytes(path.read_bytes() + soon.cert_chain_pems[0].bytes())
    pair = read_pair(path, key)
    assert pair.end_wall_ns == int(datetime(2030, 1, 1, tzinfo=UTC).timestamp()) * 10**9


def test_a_pipe_in_place_of_a_certificate_holds_nothing_up(tmp_path: Path) -> None:
    path, key = write(tmp_path, FIRST)
    certificate = Certificate(path, key)
    key.unlink()
    os.mkfifo(key)
    assert not look_twice(certificate)
    assert certificate.is_broken
    with pytest.raises(InvalidCertificate, match=r"key\.pem: not a regular file"):
        read_pair(path, key)


def test_a_pair_that_is_half_renewed_changes_nothing_until_it_is_whole(tmp_path: Path) -> None:
    path, key = write(tmp_path, FIRST)
    certificate = Certificate(path, key)
    new_key = key.read_bytes()
    write(tmp_path, SECOND)
    key.write_bytes(new_key)
    assert not look_twice(certificate)
    assert (certificate.is_broken, certificate.reloads) == (True, {Reload.REFUSED: 1})
    assert shown_by(certificate, "feed.test") == der(FIRST)
    write(tmp_path, SECOND)
    assert look_twice(certificate)
    both = {Reload.REFUSED: 1, Reload.APPLIED: 1}
    assert (certificate.is_broken, certificate.reloads) == (False, both)
    assert shown_by(certificate, "feed.test") == der(SECOND)


def test_both_may_stand_in_one_file(tmp_path: Path) -> None:
    path = tmp_path / "both.pem"
    path.write_bytes(FIRST.private_key_and_cert_chain_pem.bytes())
    assert shown_by(Certificate(path), "feed.test") == der(FIRST)


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_tls_1_2_and_1_3_are_spoken(tmp_path: Path, version: ssl.TLSVersion) -> None:
    certificate = Certificate(*write(tmp_path, FIRST))
    limits = {"minimum_version": version, "maximum_version": version}
    assert shown_by(certificate, "feed.test", **limits) == der(FIRST)


def test_nothing_older_is_spoken(tmp_path: Path) -> None:
    assert Certificate(*write(tmp_path, FIRST)).context.minimum_version == ssl.TLSVersion.TLSv1_2


def test_what_is_not_accepted_is_told_with_the_file_and_the_reason(tmp_path: Path) -> None:
    path, key = write(tmp_path, FIRST)
    foreign = tmp_path / "foreign.pem"
    foreign.write_bytes(SECOND.private_key_pem.bytes())
    garbled = tmp_path / "garbled.pem"
    garbled.write_text("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")
    torn = tmp_path / "torn.pem"
    torn.write_text("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n")
    locked = tmp_path / "locked.pem"
    locked.write_bytes(_encrypted(key.read_bytes()))
    empty = tmp_path / "empty.pem"
    empty.touch()
    for pair, words in {
        (tmp_path / "none.pem", key): f"{tmp_path / 'none.pem'}: No such file or directory",
        (path, tmp_path): f"{tmp_path}: Is a directory",
        (empty, key): f"{empty}: holds no certificate; accepted: PEM",
        (key, key): f"{key}: holds no certificate",
        (path, path): f"{path}: holds no private key",
        (garbled, key): f"{garbled}: not a certificate: ",
        (path, torn): f"{torn}: not a private key that is usable here",
        (path, foreign): f"{foreign}: the private key is not that of the certificate in {path}",
        (path, locked): f"{locked}: the private key is encrypted; accepted: one without",
    }.items():
        with pytest.raises(InvalidCertificate) as refused:
            read_pair(*pair)
        assert str(refused.value).startswith(words), str(refused.value)


def _encrypted(key: bytes) -> bytes:
    """Return a key as one that wants a passphrase."""
    from cryptography.hazmat.primitives import serialization  # noqa: PLC0415 - trustme brings it

    return serialization.load_pem_private_key(key, None).private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.BestAvailableEncryption(b"secret"),
    )
