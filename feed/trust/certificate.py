"""The certificate of a server that encrypts by itself: checked, and read again when it changes.

Whoever is connected keeps what was agreed with the certificate of then. The files are read into a
context of their own, which new handshakes are moved to once both files are good together; so a pair
that is half renewed, or broken, changes nothing but a log line and a metric.
"""

import ssl
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from cryptography.x509 import load_pem_x509_certificates

from feed.errors import InvalidInput
from feed.logger import logger_of
from feed.trust.file_version import Watched
from feed.trust.regular_file import read_regular
from feed.trust.watched_keys import Reload
from feed.wire.rfc3339 import rfc3339

MAX_FILE_BYTES = 1 << 20  # a chain has some thousands
_CERTIFICATE = b"-----BEGIN CERTIFICATE-----"
_KEY = b"PRIVATE KEY-----"
_NS_PER_S = 1_000_000_000

log = logger_of("feed.tls")


class InvalidCertificate(InvalidInput):
    """A certificate and its key cannot be used; the message names the file and the reason."""


@dataclass(frozen=True, slots=True)
class Pair:
    """A certificate and a key that are good together.

    Attributes:
        context: of handshakes.
        begin_wall_ns, end_wall_ns: the time in which all of the chain is valid; the end is None
            where it cannot be read.
    """

    context: ssl.SSLContext
    begin_wall_ns: int = 0
    end_wall_ns: int | None = None

    def has_ended(self, wall_ns: int) -> bool:
        """Whether it is not valid any more."""
        return self.end_wall_ns is not None and self.end_wall_ns <= wall_ns


class Certificate:
    """A certificate, its key, and the files that they are of.

    Attributes:
        context: of all handshakes, for as long as the server runs.
        pair: that new handshakes are given.
        reloads: how often the files had changed, by what became of it.
        is_broken: the files as they are now are not accepted.
    """

    __slots__ = ("_certificate", "_key", "_watched", "context", "is_broken", "pair", "reloads")

    def __init__(self, certificate: Path, key: Path | None = None) -> None:
        """Read the files.

        Args:
            certificate: in PEM, the server's own first, then those between it and its root.
            key: in PEM, without a passphrase; None: it stands in the same file.

        Raises:
            InvalidCertificate: they are not accepted.
        """
        self._certificate = certificate
        self._key = certificate if key is None else key
        self._watched = [Watched(path) for path in dict.fromkeys((certificate, self._key))]
        self.reloads: Counter[Reload] = Counter()
        self.is_broken = False
        self.pair = read_pair(certificate, self._key)
        self.context = self.pair.context
        self.context.sni_callback = self._use_newest

    def look(self) -> bool:
        """Read the files if they have changed; tell whether there is another pair now.

        It touches the disk: for a thread.
        """
        if not any([watched.has_changed() for watched in self._watched]):  # noqa: C419 - each looks
            return False
        try:
            self.pair = read_pair(self._certificate, self._key)
        except InvalidCertificate as error:
            self.is_broken = True
            self.reloads[Reload.REFUSED] += 1
            log.error("certificate_refused", error=str(error), kept=True)  # noqa: TRY400 - said in full
            return False
        except Exception:  # it is told by who looks
            self.is_broken = True
            for watched in self._watched:
                watched.look_again()
            raise
        self.is_broken = False
        self.reloads[Reload.APPLIED] += 1
        end_ns = self.pair.end_wall_ns
        expires = None if end_ns is None else rfc3339(end_ns)
        log.info("certificate_reloaded", file=str(self._certificate), expires=expires)
        return True

    def _use_newest(
        self, handshake: ssl.SSLObject | ssl.SSLSocket, name: str | None, context: ssl.SSLContext
    ) -> None:
        """Move a handshake that begins; OpenSSL asks at each, also where no name was sent."""
        del name, context
        handshake.context = self.pair.context


def read_pair(certificate: Path, key: Path) -> Pair:
    """Return a certificate and its key, for TLS 1.2 and 1.3 and HTTP/1.1.

    Raises:
        InvalidCertificate: one of the files is not accepted, or they are not of each other.
    """
    chain = _check_holds(certificate, _CERTIFICATE, "certificate")
    _check_holds(key, _KEY, "private key")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    try:
        ssl.create_default_context(cafile=str(certificate))  # an error of it names the certificate
    except (ssl.SSLError, OSError) as error:
        raise InvalidCertificate(f"{certificate}: not a certificate: {_words(error)}") from None
    try:
        context.load_cert_chain(certificate, key, password=_no_passphrase)
    except _EncryptedError:
        raise InvalidCertificate(
            f"{key}: the private key is encrypted; accepted: one without a passphrase"
        ) from None
    except ssl.SSLError as error:
        if error.reason == "KEY_VALUES_MISMATCH":
            words = f"{key}: the private key is not that of the certificate in {certificate}"
        elif error.reason in {"EE_KEY_TOO_SMALL", "CA_MD_TOO_WEAK", "CA_KEY_TOO_SMALL"}:
            words = f"{certificate}: too weak for this system: {_words(error)}"
        else:
            words = f"{key}: not a private key that is usable here: {_words(error)}"
        raise InvalidCertificate(words) from None
    except OSError as error:
        raise InvalidCertificate(f"{error.filename or key}: {error.strerror}") from None
    return Pair(context, *_validity(chain))


def _validity(chain: bytes) -> tuple[int, int | None]:
    """Return when all of a chain is valid: of what is in the file, not of roots elsewhere."""
    try:
        certificates = load_pem_x509_certificates(chain)
    except ValueError:  # OpenSSL has read it, and is less strict
        return 0, None
    begin_s = max(each.not_valid_before_utc.timestamp() for each in certificates)
    end_s = min(each.not_valid_after_utc.timestamp() for each in certificates)
    return int(begin_s) * _NS_PER_S, int(end_s) * _NS_PER_S


class _EncryptedError(Exception):
    """A passphrase was asked for; without this OpenSSL would ask the terminal."""


def _no_passphrase() -> str:
    raise _EncryptedError


def _check_holds(path: Path, mark: bytes, what: str) -> bytes:
    try:
        data = read_regular(path, MAX_FILE_BYTES)
    except OSError as error:
        raise InvalidCertificate(f"{path}: {error.strerror}") from None
    if mark not in data:
        raise InvalidCertificate(f"{path}: holds no {what}; accepted: PEM, with -----BEGIN …-----")
    return data


def _words(error: OSError) -> str:
    reason = error.reason if isinstance(error, ssl.SSLError) else error.strerror
    return (reason or str(error)).lower().replace("_", " ")
