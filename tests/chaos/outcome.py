"""What came of a chaos, and how it is told: all of it, for what is not shown is not looked into."""

import re
import traceback
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from tests.chaos.conflated import Wrong
from tests.chaos.listener import Listener

SHOWN_WHOLE = 3  # findings of each kind, with their stories
_WHOSE = re.compile(r"^(?:rehearsal \d+: )?(?:reader \S+ at \S+: )?")
_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
_MOST_LETTERS = 200


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


def kind_of(finding: str) -> str:
    """Return what findings of a kind have in common: their words, without whose and how many."""
    first, *others = finding.splitlines()
    if "Traceback" in first:  # its last line says which error it is
        first = next((line for line in others if line and not line[0].isspace()), first)
    return _NUMBER.sub("#", _WHOSE.sub("", first))[:_MOST_LETTERS]


def report(outcome: Outcome) -> Iterator[str]:
    """Yield the lines of what was counted, and of all that was found, the most frequent kind first.

    The first ones of each kind are told whole, and of the others a line each.
    """
    for name, count in sorted(outcome.counts.items()):
        yield f"{count:>12,}  {name}"
    kinds = defaultdict[str, list[str]](list)
    for finding in outcome.findings:
        kinds[kind_of(finding)].append(finding)
    for kind, group in sorted(kinds.items(), key=lambda item: -len(item[1])):
        yield f"{len(group)} × {kind}"
        yield from (f"    {finding}" for finding in group[:SHOWN_WHOLE])
        yield from (f"    {finding.splitlines()[0]}" for finding in group[SHOWN_WHOLE:])
