"""The account of one subscriber: which trades of each producer have come.

The trades of a producer are of a symbol of its own, and their ids are 1, 2, 3 …; so what is due
next is known. Knows no socket.
"""

from dataclasses import dataclass, field

MOST_FINDINGS = 5  # of each subscriber: the first ones say the most


@dataclass(slots=True)
class Account:
    """What one subscriber was told.

    Attributes:
        name: whose it is.
        due: the number of trades of each producer, by symbol.
        told: how many of those have come.
        findings: in words.
    """

    name: str
    due: dict[str, int]
    told: dict[str, int] = field(default_factory=dict)
    findings: list[str] = field(default_factory=list)

    @property
    def is_complete(self) -> bool:
        """Whether the last trade of every producer has come."""
        return all(self.told.get(symbol, 0) >= count for symbol, count in self.due.items())

    @property
    def ticks(self) -> int:
        """The number of trades that have come."""
        return sum(self.told.values())

    def hear(self, symbol: str, number: int) -> None:
        """Enter a trade."""
        if symbol not in self.due:
            self.find(f"trade {number} of {symbol} was never published")
            return
        expected = self.told.get(symbol, 0) + 1
        if number == expected:
            self.told[symbol] = number
            return
        if number < expected:
            self.find(f"trade {number} of {symbol} came twice, after {expected - 1}")
            return
        self.find(f"trades {expected} to {number - 1} of {symbol} did not come before {number}")
        self.told[symbol] = number

    def find(self, words: str) -> None:
        """Note what is wrong."""
        if len(self.findings) < MOST_FINDINGS:
            self.findings.append(f"{self.name}: {words}")

    def end(self) -> None:
        """Note what has not come by now, and will not."""
        for symbol, count in self.due.items():
            told = self.told.get(symbol, 0)
            if told < count:
                self.find(f"trades {told + 1} to {count} of {symbol} did not come")
            elif told > count:
                self.find(f"trades {count + 1} to {told} of {symbol} were never published")
