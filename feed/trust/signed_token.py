"""A token as it is written: three parts in Base64, of which the last is a signature of the others.

PyJWT walks over every letter of them in Python, which takes longer than the RSA that follows; so
they are taken apart here, and no less strictly: a test has PyJWT judge whatever is accepted. What a
signature is worth stays its business (`SigningKey.has_signed`), and what claims mean is that of who
asks for them (`tokens`).

Source: RFC 7515 §3.1 and §5.2.
"""

from binascii import a2b_base64, b2a_base64
from dataclasses import dataclass, field
from typing import Any

import orjson

from feed.errors import CredentialRefused
from feed.trust.denial import Denial
from feed.trust.signing_keys import SigningKey

MAX_TOKEN_CHARACTERS = 8_192
# The alphabet of URLs as the common one, whose own two letters mean nothing there.
_PLAIN = bytes.maketrans(b"-_+/", b"+/  ")
_QUANTUM = 4  # characters of Base64, which are three bytes
_MOST_PADDING = 2
# Headers that change how the rest is to be read (RFC 7515 §4.1.11, RFC 7797): none is known here.
_CHANGING = ("crit", "b64")


@dataclass(frozen=True, slots=True)
class SignedToken:
    """A token that was taken apart; nothing says so far that it is genuine.

    Attributes:
        algorithm: that it says it is signed by.
        key_id: the name of its key; None: it names none.
        signed: the parts that the signature is of, as they came.
        signature: the last part, as it came.
    """

    algorithm: object
    key_id: str | None
    signed: bytes = field(repr=False)
    signature: bytes = field(repr=False)

    @classmethod
    def of_text(cls, text: str) -> "SignedToken":
        """Read the header of a token, and nothing behind it.

        Raises:
            CredentialRefused: it is no token, or has a header that nobody here understands.
        """
        if len(text) > MAX_TOKEN_CHARACTERS:
            words = f"a token of more than {MAX_TOKEN_CHARACTERS} characters"
            raise Denial.MALFORMED.refused(words)
        if not text.isascii():
            raise _no_token()
        signed, _, signature = text.encode().rpartition(b".")
        header = _object(signed.partition(b".")[0])
        for name in _CHANGING:
            if name in header:
                words = f"the token has the header {name}, which is not understood"
                raise Denial.MALFORMED.refused(words)
        if not isinstance(header.get("kid", ""), str):
            raise Denial.MALFORMED.refused("the header kid of the token is no text")
        return cls(header.get("alg"), header.get("kid"), signed, signature)

    def check_signature(self, key: SigningKey) -> None:
        """See that a key has signed it, by the algorithm that this key is for.

        Raises:
            CredentialRefused: it has not, or the signature cannot be read.
        """
        if self.algorithm != key.algorithm:
            raise Denial.FORGED.refused()
        if not key.has_signed(self.signed, _decoded(self.signature)):
            raise Denial.FORGED.refused()

    def claims(self) -> dict[str, Any]:
        """Return the claims, whoever has made them.

        Raises:
            CredentialRefused: they cannot be read.
        """
        return _object(self.signed.partition(b".")[2])


def _object(part: bytes) -> dict[str, Any]:
    """Return the JSON object in a part; RFC 8259 holds, so that NaN is none."""
    try:
        value = orjson.loads(_decoded(part))
    except orjson.JSONDecodeError:
        raise _no_token() from None
    if not isinstance(value, dict):
        raise _no_token()
    return value


def _decoded(part: bytes) -> bytes:
    """Return the bytes of a part, each of which is written in one way; some issuers pad it."""
    bare = part.rstrip(b"=")
    padding = len(part) - len(bare)
    is_padded = padding == 0 or (padding <= _MOST_PADDING and len(part) % _QUANTUM == 0)
    plain = bare.translate(_PLAIN)
    try:
        data = a2b_base64(plain + b"=" * (-len(plain) % _QUANTUM))
    except ValueError:
        raise _no_token() from None
    if not is_padded or b2a_base64(data, newline=False).rstrip(b"=") != plain:
        raise _no_token()
    return data


def _no_token() -> CredentialRefused:
    return Denial.MALFORMED.refused("the token is no JWT")
