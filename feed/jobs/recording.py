"""A recording as chunks: read to its end by the program that writes a file of it."""

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from feed.jobs.chunks import Chunk
from feed.jobs.order import RecordingOrder
from feed.market.renames import Renames
from feed.market.ticks import Channel, Tick
from feed.sources.named_source import NamedSource
from feed.sources.replay.files.recognition import open_place
from feed.sources.replay.formats.columns import chosen_layout, shown
from feed.sources.replay.reading import Reading
from feed.sources.replay.source import ReplaySource
from feed.wire.json_codec import JSON
from feed.wire.selection import Selection

WHOLE = 1_000_000  # how far a recording is read, once it is


def order_of(named: NamedSource, selection: Selection) -> RecordingOrder:
    """Return the order to read what a source plays."""
    source, renames = named.source, named.renames
    assert isinstance(source, ReplaySource), "nothing else plays a recording"
    reading: dict[str, Any] = asdict(source.reading)
    chosen = source.reading.chosen
    reading["chosen"] = "" if chosen is None else shown(chosen.columns)
    symbols = {channel.value: sorted(some) for channel, some in selection.ticks.symbols}
    return RecordingOrder(source.place, reading, renames.by_symbol, renames.prefix, symbols)


def read(order: RecordingOrder) -> Iterator[Chunk]:
    """Yield all that is wanted of a recording, block by block.

    Raises:
        SourceError: it cannot be opened, or not be read to its end.
    """
    chosen = order.reading["chosen"]
    layout = chosen_layout(chosen) if chosen else None
    reading = Reading(**{**order.reading, "chosen": layout})
    renames = Renames(order.names, order.prefix)
    selection = Selection.of({Channel(name): some for name, some in order.symbols.items()})
    recording, _ = open_place(order.place, reading)
    try:
        last = False
        while not last:
            block = recording.read_block()
            block.keep_within(reading.begin_ns, reading.end_ns)
            last = block.last or block.fault is not None
            ticks = _wanted(block.ticks, renames, selection)
            yield Chunk(round(recording.share * WHOLE), JSON.encode(ticks))
            if block.fault is not None:
                raise block.fault
    finally:
        recording.close()


def _wanted(ticks: list[Tick], renames: Renames, selection: Selection) -> list[Tick]:
    if renames.changes:
        ticks = [tick for tick in renames.renamed(ticks) if tick is not None]
    return [ticks[index] for index in selection.select(ticks)]
