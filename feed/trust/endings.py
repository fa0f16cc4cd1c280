"""Endings, as whoever lets browsers in knows them: what was used or ended at other servers."""

from typing import Protocol


class Endings(Protocol):
    """Knows of tickets that were used, and visits that ended, elsewhere."""

    async def spend(self, text: str) -> None:
        """Have a ticket used up everywhere.

        Raises:
            CredentialRefused: it was used before, or nobody can be asked.
        """

    def check(self) -> None:
        """See that it is known which visits have ended elsewhere.

        Raises:
            CredentialRefused: it has not been for too long.
        """

    def tell(self) -> None:
        """Tell at once what has ended here."""
