"""The mark of a batch: where the source stood with it, and the receipts of producers that it has.

It is a header, so that whoever takes over knows both without reading a payload.
"""

from collections.abc import Sequence

import orjson

from feed.errors import InvalidMessage
from feed.market.receipts import Receipt, receipt_of


def mark_of(given: int, receipts: Sequence[Receipt]) -> str:
    """Return the text of a mark.

    Args:
        given: how many ticks the source had given, over all processes.
        receipts: of the batches of producers that are in it.
    """
    said: dict[str, object] = {"given": given}
    if receipts:
        said["receipts"] = [each.row for each in receipts]
    return orjson.dumps(said).decode()


def read_mark(text: str) -> tuple[int, Sequence[Receipt]]:
    """Return what a mark says; of none at all: nothing was given.

    Raises:
        InvalidMessage: it is no mark.
    """
    if not text:
        return 0, ()
    try:
        said = orjson.loads(text)
        return int(said["given"]), [receipt_of(row) for row in said.get("receipts", ())]
    except (orjson.JSONDecodeError, AttributeError, LookupError, TypeError, ValueError) as error:
        raise InvalidMessage(f"{text[:200]!r} is no mark of a batch: {error!r}") from None
