"""Why a credential is not accepted: labels for metrics and logs, and words for who shows it."""

from enum import StrEnum
from typing import Self

from feed.errors import CredentialRefused


class Denial(StrEnum):
    """The reasons.

    Whoever shows a credential hears of an end only if it is genuine.
    """

    words: str

    def __new__(cls, label: str, words: str) -> Self:
        """Make a member that is its label."""
        member = str.__new__(cls, label)
        member._value_ = label
        member.words = words
        return member

    MALFORMED = "malformed", "the credential cannot be understood"
    UNKNOWN = "unknown", "the key is not known here, or its secret is another one"
    WRONG = "wrong", "the key is not known here, or its secret is another one"
    FORGED = "forged", "the token is not signed by a key that is known here"
    FOREIGN = "foreign", "the token is of another issuer, or for another audience"
    EARLY = "early", "the token is not valid yet"
    EXPIRED = "expired", "the credential has expired"
    REVOKED = "revoked", "the key was revoked"
    UNAVAILABLE = "unavailable", "tokens cannot be checked just now; come back"

    def refused(self, words: str = "") -> CredentialRefused:
        """Return the error that says so, in closer words where there are some."""
        return CredentialRefused(self, words or self.words)
