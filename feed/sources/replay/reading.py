"""How the files of a replay are to be read, as far as a user has a say in it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import get_args

from feed.errors import InvalidInput, InvalidParameter, shorten
from feed.sources.replay.bad_rows import OnBadRow
from feed.sources.replay.formats.columns import shown
from feed.sources.replay.formats.layout import Layout
from feed.sources.replay.formats.vendors import layout_of, names_without_header
from feed.sources.replay.record_rows import column_names


@dataclass(frozen=True, slots=True)
class Reading:
    """The user's words on all files of a replay.

    Attributes:
        on_bad_row: "skip" it, or "stop" at it.
        chosen: the layout of `--columns`, of all tables; None: they are recognised.
        unit_ns: the unit of times that are numbers; None: told by their magnitude.
        symbol: of rows whose file names none, or "".
        begin_ns: the time of the market before which ticks are left out; None: from the first on.
        end_ns: the time at which each pass ends; None: with the last tick.
        sorts: files in the order of their symbols are put into that of time, which reads them whole
            before their first tick; for a look at a file it is enough as it is.

    Raises:
        InvalidParameter: on_bad_row is none of the two.
    """

    on_bad_row: OnBadRow = "skip"
    chosen: Layout | None = None
    unit_ns: int | None = None
    symbol: str = ""
    begin_ns: int | None = None
    end_ns: int | None = None
    sorts: bool = True

    def __post_init__(self) -> None:
        if self.on_bad_row not in get_args(OnBadRow):
            accepted = " or ".join(get_args(OnBadRow))
            raise InvalidParameter("on_bad_row", self.on_bad_row, accepted)

    def names_of(self, record: list[str]) -> list[str]:
        """Return the names of a file's columns: its first record, if that is a header."""
        if self.chosen is not None:
            wanted = set(self.chosen.columns.values())
            numbers = [str(number) for number in range(1, len(record) + 1)]
            named = wanted.issubset(column_names(record))
            return numbers if wanted.issubset(numbers) and not named else record
        known = names_without_header(record)
        return record if known is None else list(known)

    def layout_of(self, names: Sequence[str]) -> Layout:
        """Return the layout of a table with these columns, in small letters.

        Raises:
            InvalidInput: the columns are of none, or not those that were chosen.
        """
        if self.chosen is None:
            layout = layout_of(names)
        elif self.chosen.is_of(names):
            layout = self.chosen
        else:
            missing = [name for name in self.chosen.columns.values() if name not in names]
            raise InvalidInput(
                f"the columns {shorten(','.join(names))} are without {', '.join(missing)}; "
                f"accepted: those of --columns {shown(self.chosen.columns)}"
            )
        layout.check(names)
        return layout if self.unit_ns is None else replace(layout, unit_ns=self.unit_ns)
