"""What came of a chaos."""

import traceback
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from tests.chaos.conflated import Wrong
from tests.chaos.listener import Listener


@dataclass
class Outcome:
    """What came of it.

    Attributes:
        findings: in words, with the reader and the interval.
        counts: of what was done and checked.
    """

    findings: list[str] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)

    def find(self, reader: Listener, error: Exception) -> None:
        """Note what has stopped a reader, with its story."""
        ledger = reader.ledger
        words = str(error)
        if not isinstance(error, Wrong):
            words = "".join(traceback.format_exception(error, limit=-4))
        told = f"reader {reader.name} at {ledger.epoch}-{ledger.position}: {words}"
        self.findings.append("\n    ".join([told, *reader.story]))

    def count(self, readers: Iterable[Listener], published: int) -> None:
        """Add what readers did and checked."""
        for reader in readers:
            self.counts += reader.counts + reader.ledger.counts
            self.counts["conflated ticks"] += reader.ledger.conflated.heard
        self.counts["published"] = published
