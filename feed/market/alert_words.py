"""The words of alerts: that a rule of somebody's fired, until they acknowledge it."""

from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar

from feed.market.word_channels import WordChannel

OWNER_PREFIX = "own_"  # of the keys of alerts: whose they are, as a digest
OWNER_PATTERN = rf"^{OWNER_PREFIX}[0-9a-f]{{32}}$"


class AlertType(StrEnum):
    """What a word of alerts says: its `T` on the wire."""

    ALERT = "alert"  # a rule fired
    ACKNOWLEDGED = "acknowledged"  # its owner knows


@dataclass(slots=True)
class AlertWord:
    """A rule that fired, or that this was acknowledged.

    Attributes:
        symbol: the key: whose rule it is, as a digest.
        type: what it says.
        id: of the firing: the same however often it is published.
        event_ns: of the tick that fired it, or when it was acknowledged.
        rule: the id of the rule.
        instrument: the symbol that the rule is on.
        field, op, value, window_s: of the rule, as they were then; `value` is a number or a state.
        seen: what the field was.
        at: the position of the tick that fired it.
        after_gap: ticks were missing before it, so that it may be late.
        note: what its owner wrote to the rule.
    """

    kind: ClassVar[WordChannel] = WordChannel.ALERTS
    symbol: str
    type: AlertType
    id: str
    event_ns: int
    rule: str
    instrument: str = ""
    field: str = ""
    op: str = ""
    value: str = ""
    window_s: float = 0.0
    seen: str = ""
    at: str = ""
    after_gap: bool = False
    note: str = ""

    @property
    def part(self) -> str:
        """What it is of, within its key."""
        return self.id

    @property
    def is_gone(self) -> bool:
        """Whether late comers need not know it."""
        return self.type is AlertType.ACKNOWLEDGED

    @property
    def texts_bytes(self) -> int:
        """Bytes of what somebody wrote in it."""
        return len(self.note)

    def after(self, earlier: "AlertWord") -> "AlertWord":
        """Return what is kept once this was said; what was acknowledged stays so."""
        return earlier if earlier.is_gone else self
