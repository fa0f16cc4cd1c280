"""The memory of all shared compressors together."""

BUDGET_BYTES = 64 * 1024 * 1024


class CompressorBudget:
    """The memory of all shared compressors together.

    Attributes:
        maximum_bytes: the most that is lent.
        used_bytes: what is lent now.
        refusals: how often a lane had to do without.
        keyframes: how many they all made.
    """

    __slots__ = ("keyframes", "maximum_bytes", "refusals", "used_bytes")

    def __init__(self, maximum_bytes: int = BUDGET_BYTES) -> None:
        self.maximum_bytes = maximum_bytes
        self.used_bytes = 0
        self.refusals = 0
        self.keyframes = 0

    def borrow(self, count_bytes: int) -> bool:
        """Lend bytes to a lane; False where fewer are left."""
        if self.used_bytes + count_bytes > self.maximum_bytes:
            self.refusals += 1
            return False
        self.used_bytes += count_bytes
        return True

    def give_back(self, count_bytes: int) -> None:
        """Return what was borrowed."""
        self.used_bytes -= count_bytes
