"""The screen of `feed watch`: two lines on the connection, the table, one line on the keys.

Knows no stream, terminal or clock: it is given events and keys, and asked for a drawing. Nothing
is told by colour alone: a change has its sign, a direction its arrow, a halt its word.
"""

from collections.abc import Iterable
from dataclasses import replace

from rich.cells import cell_len
from rich.console import Group, RenderableType
from rich.text import Text

from feed.client.events import Batch, Connected, Counters, Event, Mark
from feed.market.symbol_health import Health
from feed.market.symbols import ALL
from feed.terminal import words
from feed.terminal.board import Board, Row
from feed.terminal.connection_report import ConnectionReport, Phase
from feed.terminal.course import sparkline
from feed.terminal.lines import line
from feed.terminal.listing import Column, Listing

FLASH_NS = 600_000_000  # for how long a changed price stands out
SILENT_NS = 2_000_000_000  # a silence that is worth a word; a feed may be quiet for ten seconds
OLD_NS = 10_000_000_000  # an age from which on it is worth a look
_LINES = 4  # besides the rows: two on the connection, the table's head, the keys
_COLOURS = {1: "green", 0: "", -1: "red"}
_ARROWS = {1: "▲", 0: "·", -1: "▼"}
_MARKS = {Health.HALTED: "H", Health.STALE: "?"}


def _last(row: Row, wall_ns: int, width: int) -> Text:
    del width
    mark = _MARKS.get(row.health, _ARROWS[row.direction])
    colour = _COLOURS[row.direction] if row.health is Health.LIVE else "yellow"
    fresh = row.direction and wall_ns - row.changed_ns < FLASH_NS
    price = words.price(row.last, row.decimals)
    return Text.assemble((price, f"{colour} reverse" if fresh else "bold"), " ", (mark, colour))


def _change(row: Row, wall_ns: int, width: int) -> Text:
    del wall_ns, width
    text = words.percent(row.change)
    sign = (text[0] == "+") - (text[0] == "-")
    return Text(text, _COLOURS[sign])


def _age(row: Row, wall_ns: int, width: int) -> Text:
    del width
    age_ns = row.age_ns(wall_ns)
    return Text(words.age(age_ns), "yellow" if age_ns is not None and age_ns >= OLD_NS else "")


def _course(row: Row, wall_ns: int, width: int) -> Text:
    """Draw the course, or say why there is none."""
    if row.health is not Health.LIVE:
        as_of = f", {words.as_of(row.time_ns, wall_ns)}" if row.time_ns is not None else ""
        style = "bold yellow" if row.health is Health.HALTED else "yellow"
        return Text(f"{row.health.value.upper()} {row.words}{as_of}", style)
    if row.as_of_ns is None:
        return Text("waiting" if row.listed else "not listed", "dim")
    course = sparkline(row.course.times_ns, row.course.prices, width)
    return Text(course, _COLOURS[row.direction_of_hour])


def _price_of(side: str) -> Column[Row]:
    return Column(
        side.upper(),
        words.PRICE_WIDTH,
        lambda row, _wall_ns, _width: Text(words.price(getattr(row, side), row.decimals)),
        rank=4,
    )


_SYMBOL: Column[Row] = Column(
    "SYMBOL",
    7,
    lambda row, _wall_ns, _width: Text(row.symbol, "bold"),
    rank=0,
    key=lambda row, _wall_ns: row.symbol,
    text=True,
)
_COLUMNS: tuple[Column[Row], ...] = (
    Column(
        "LAST", words.PRICE_WIDTH + len(" ▲"), _last, rank=0, key=lambda row, _wall_ns: row.last
    ),
    Column("CHANGE", 8, _change, rank=1, key=lambda row, _wall_ns: row.change),
    _price_of("bid"),
    _price_of("ask"),
    Column(
        "SPREAD",
        8,
        lambda row, _wall_ns, width: Text(words.price(row.spread, row.decimals, width)),
        rank=5,
        key=lambda row, _wall_ns: row.spread,
    ),
    Column("AGE", 5, _age, rank=2, key=lambda row, wall_ns: row.age_ns(wall_ns)),
    Column("LAST HOUR", 0, _course, rank=3, text=True),
)


class WatchView:
    """The screen of `feed watch`.

    Attributes:
        board: the state of the symbols.
        connection: the state of the connection.
        in_view: symbols whose rows were shown last.
        changes: the number of events so far that it shows.
        urgent: those of them by which the connection was lost, or is back.
    """

    def __init__(self, symbols: Iterable[str], where: str, counters: Counters) -> None:
        """Show symbols, "*" for all; `where` is the server."""
        symbols = list(symbols)
        self.board = Board(symbols)
        self.connection = ConnectionReport(counters)
        self.in_view: list[str] = []
        self.changes = self.urgent = 0
        self._where = where
        titles = [column.title for column in (_SYMBOL, *_COLUMNS) if column.key]
        self._listing: Listing[Row] = Listing(titles, "SYMBOL" if ALL in symbols else None)
        self._frozen: tuple[list[Row], int, int] | None = None  # rows, since when, ticks then

    def update(self, event: Event, wall_ns: int) -> None:
        """Take in an event of the stream."""
        phase = self.connection.phase
        self.connection.note(event, wall_ns)
        self.urgent += self.connection.phase is not phase
        self.changes += not isinstance(event, Mark)
        if isinstance(event, Batch):
            self.board.update(event, wall_ns)
        elif isinstance(event, Connected):
            self.board.begin_connection()

    def press(self, key: str, wall_ns: int) -> bool:
        """Take a key; return whether to go on."""
        if key == " ":
            rows = [row.copy() for row in self.board.rows]
            self._frozen = None if self._frozen else (rows, wall_ns, self.board.ticks)
        elif key != "q":
            self._listing.press(key)
        return key != "q"

    def render(self, width: int, height: int | None, wall_ns: int) -> RenderableType:
        """Return the drawing.

        Args:
            width: of the terminal, in characters.
            height: of it, in lines; None: all rows, and nothing on keys.
            wall_ns: a wall clock.
        """
        self.connection.sample(wall_ns)
        rows, at_ns, _ = self._frozen or (self.board.rows, wall_ns, 0)
        longest = max((cell_len(row.symbol) for row in rows), default=0)
        beside_last = width - _COLUMNS[0].width - 1  # a price is shown however long symbols are
        symbol_width = max(min(longest, beside_last), _SYMBOL.width)
        columns = [replace(_SYMBOL, width=symbol_width), *_COLUMNS]
        ordered = self._listing.sort(rows, columns, at_ns)
        room = None if height is None else max(0, height - _LINES)
        shown = self._listing.page(ordered, room)
        self.in_view = [row.symbol for row in shown]
        lines: list[RenderableType] = [
            self._head(wall_ns),
            self._account(wall_ns),
            self._listing.table(shown, columns, width, at_ns, self._style),
        ]
        if room is not None:
            lines += [Text("")] * (room - len(shown))
            lines.append(self._listing.keys(len(shown), len(rows)))
        return Group(*lines)

    def _style(self, row: Row) -> str:
        """Return the style of a row: prices that are not current never look current."""
        current = row.health is Health.LIVE and self._as_of_ns(0) is None
        return "" if current and self._frozen is None else "dim"

    def _as_of_ns(self, wall_ns: int) -> int | None:
        """Return the time that prices are of; None while they are current."""
        stopped_ns = self.connection.stopped_ns(self.board.newest_ns)
        if stopped_ns is None and self.board.behind_ns:
            return wall_ns - self.board.behind_ns
        return stopped_ns

    def _head(self, wall_ns: int) -> Text:
        connection = self.connection
        as_of_ns = self._as_of_ns(wall_ns)
        down = connection.source_down is not None
        bad = connection.phase is not Phase.LIVE or down or as_of_ns is not None
        head = line(("feed watch  ", "bold"))
        if self._frozen is not None:
            _, since_ns, ticks = self._frozen
            behind = words.count(self.board.ticks - ticks)
            paused = f"PAUSED {words.age(wall_ns - since_ns)}, {behind} ticks since"
            head.append(f"{paused}  ", "bold yellow")
        state = connection.state(wall_ns)
        if self.board.behind_ns and connection.phase is Phase.LIVE:
            state += f", {words.age(self.board.behind_ns)} behind"
        if as_of_ns is not None:
            state += f", {words.as_of(as_of_ns, wall_ns)}"
        silent_ns = 0 if bad else connection.silent_ns(wall_ns)
        if silent_ns >= SILENT_NS:
            state += f", silent for {words.age(silent_ns)}"
        quiet = "yellow" if silent_ns >= SILENT_NS else "green"
        head.append(state, "bold red" if bad else quiet)
        return head.append(f"  {connection.traffic()}  {self._where}")

    def _account(self, wall_ns: int) -> Text:
        unreadable = self.board.unreadable
        more = f"{words.count(unreadable)} ticks unreadable, " if unreadable else ""
        return line((more + self.connection.account(wall_ns), "dim"))
