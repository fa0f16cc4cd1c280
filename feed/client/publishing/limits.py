"""The bounds of a publisher, checked at the call."""

import math
import re
import secrets
from dataclasses import dataclass

from feed.errors import InvalidParameter

MAX_NAME_LENGTH = 64
MAX_SEQUENCE = (1 << 63) - 1

_NAME = re.compile(r"[A-Za-z0-9._-]{1,64}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Limits:
    """How much is sent together, and how much may wait.

    Attributes:
        batch_ticks: in one batch at most; fewer where the server wants so.
        batch_bytes: of rows in one batch.
        linger_s: for how long a tick waits for others while earlier ones are on their way.
        buffer_ticks: that may be held until the server has them.
        buffer_bytes: of those.
        full_timeout_s: for how long `publish` waits for room; infinite: for ever.
        close_timeout_s: for how long the end of the `with` block waits for the rest.
    """

    batch_ticks: int = 500
    batch_bytes: int = 256 << 10  # well below what servers accept in one message
    linger_s: float = 0.005
    buffer_ticks: int = 100_000
    buffer_bytes: int = 32 << 20
    full_timeout_s: float = 60.0
    close_timeout_s: float = 10.0

    def __post_init__(self) -> None:
        """Check them.

        Raises:
            InvalidParameter: one is not accepted.
        """
        for name, most in (
            ("batch_ticks", 10_000),
            ("batch_bytes", 1 << 20),
            ("buffer_ticks", 10_000_000),
            ("buffer_bytes", 1 << 32),
        ):
            value = getattr(self, name)
            if type(value) is not int or not 1 <= value <= most:
                raise InvalidParameter(name, value, f"a whole number from 1 to {most}")
        for name in ("linger_s", "full_timeout_s", "close_timeout_s"):
            value = getattr(self, name)
            is_number = isinstance(value, int | float) and not isinstance(value, bool)
            if not (is_number and value >= 0) or math.isnan(value):
                raise InvalidParameter(name, value, "seconds from 0")
        if not math.isfinite(self.linger_s):
            raise InvalidParameter("linger_s", self.linger_s, "seconds from 0")


DEFAULTS = Limits()


def producer_name(name: object) -> str:
    """Return the name of a producer; a random one where there is none.

    Raises:
        InvalidParameter: it is not accepted.
    """
    if name is None:
        return f"python-{secrets.token_hex(8)}"
    if not isinstance(name, str) or _NAME.fullmatch(name) is None:
        raise InvalidParameter(
            "producer", name, f"1 to {MAX_NAME_LENGTH} of the characters A-Z a-z 0-9 . _ -"
        )
    return name


def check_sequence(sequence: object) -> int:
    """Return the number of a batch.

    Raises:
        InvalidParameter: it is none.
    """
    if type(sequence) is not int or not 1 <= sequence <= MAX_SEQUENCE:
        raise InvalidParameter("sequence", sequence, f"a whole number from 1 to {MAX_SEQUENCE}")
    return sequence
