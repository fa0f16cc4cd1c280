"""`feed inspect`: what a recording is, and what a replay of it would give and leave out."""

from typing import TYPE_CHECKING, Annotated

import typer

from feed.cli.streams import print_lines
from feed.errors import InvalidInput, SourceError

if TYPE_CHECKING:  # pydantic is slow to import, and `feed --help` does without
    from feed.sources.replay.inspection import Inspection

_MOST_SYMBOLS = 10
_FIRST_ROWS = 20_000  # after which the first findings are shown, since more may take minutes


def inspect(  # noqa: PLR0917 - one parameter an option
    file: Annotated[
        str,
        typer.Argument(metavar="FILE", help="The recording: a file, or several as --source takes."),
    ],
    first: Annotated[
        int, typer.Option("--first", help="How many ticks are shown.", min=0, max=1_000)
    ] = 5,
    columns: Annotated[
        str | None, typer.Option("--columns", help="As of feed serve: symbol=ticker,….")
    ] = None,
    time_unit: Annotated[
        str | None, typer.Option("--time-unit", help="As of feed serve: s, ms, us or ns.")
    ] = None,
    symbol: Annotated[
        str | None, typer.Option("--symbol", help="As of feed serve: of files that name none.")
    ] = None,
    begin: Annotated[str | None, typer.Option("--from", help="As of feed serve: a time.")] = None,
    end: Annotated[str | None, typer.Option("--to", help="As of feed serve: a time.")] = None,
) -> None:
    """Say what a recording is: its first rows as ticks, its rows, times and symbols.

    Reads all of it, and says which rows a replay would skip, and why.
    """
    from feed.settings.load import load_typed  # noqa: PLC0415 - pydantic is slow
    from feed.sources.replay.inspection import inspect as inspected  # noqa: PLC0415
    from feed.sources.replay.options import ReadingOptions  # noqa: PLC0415

    given = {
        "columns": columns,
        "time_unit": time_unit,
        "symbol": symbol,
        "from": begin,
        "to": end,
    }
    options = load_typed(ReadingOptions, {name: text for name, text in given.items() if text})
    shown = False
    found = None
    try:
        for found in inspected(file, options.reading, first):
            if not shown and found.rows >= _FIRST_ROWS:
                print_lines(_beginning(found))
                shown = True
    except SourceError as error:
        raise InvalidInput(str(error)) from error
    assert found is not None
    print_lines((b"" if shown else _beginning(found)) + _totals(found))


def _beginning(found: "Inspection") -> bytes:
    """Return what the files were taken for, and the first ticks."""
    from feed.wire.json_codec import JSON  # noqa: PLC0415 - only where there is something

    files = "".join(f"{path}: {words}\n" for path, words in found.taken)
    if found.columns:
        files += (
            f"columns: {', '.join(f'{name}={column}' for name, column in found.columns.items())}\n"
        )
    rows = [JSON.join(JSON.encode([tick])).strip(b"[]") for tick in found.first]
    ticks = b"".join(b"  " + row + b"\n" for row in rows)
    return files.encode() + (b"first ticks:\n" + ticks if ticks else b"")


def _totals(found: "Inspection") -> bytes:
    """Return rows, times, symbols, and what a replay skips."""
    from feed.market.ticks import CHANNEL_OF_KIND  # noqa: PLC0415 - as above
    from feed.wire.rfc3339 import rfc3339  # noqa: PLC0415

    assert found.first_ns is not None
    assert found.last_ns is not None
    kinds = [f"{count:,} {CHANNEL_OF_KIND[kind]}" for kind, count in found.kinds.most_common()]
    if found.beside:
        kinds.append(f"{found.beside:,} beside them")
    late = f", {found.late:,} ticks behind the largest so far" if found.late else ", in order"
    again = f"; they begin anew {found.passes:,} times" if found.passes else ""
    most = found.symbols.most_common(_MOST_SYMBOLS)
    names = ", ".join(f"{symbol} ({count:,})" for symbol, count in most)
    more = ", …" if len(found.symbols) > len(most) else ""
    skipped = ", ".join(f"{count:,} {flaw}" for flaw, count in sorted(found.skipped.items()))
    lines = [
        f"rows: {found.rows:,}: {', '.join(kinds)}",
        f"times: {rfc3339(found.first_ns)} to {rfc3339(found.last_ns)}{late}{again}",
        f"symbols: {len(found.symbols):,}: {names}{more}",
        f"skipped: {skipped or 'none'}",
        *(f"  {row}" for row in found.bad),
    ]
    return "".join(f"{line}\n" for line in lines).encode()
