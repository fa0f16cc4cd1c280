"""Subscribers by transport and codec: the table of `feed top`.

Knows no server, terminal or clock.
"""

from collections.abc import Callable
from dataclasses import dataclass

from rich.text import Text

from feed.terminal import words
from feed.terminal.listing import Column
from feed.terminal.sample import Span


@dataclass(frozen=True, slots=True)
class Served:
    """Subscribers of one transport and codec; `saved` is a share of bytes, by compression."""

    transport: str
    codec: str
    subscribers: float
    lanes: float
    opened: float
    frames_per_s: float | None
    bytes_per_s: float | None
    saved: float | None


def served(span: Span) -> list[Served]:
    """Return a row for each transport and codec that is, or was, in use."""
    metrics = span.last.metrics
    rows = []
    for transport in metrics.labels("feed_connections", "transport"):
        for codec in metrics.labels("feed_connections", "codec"):
            labels = {"transport": transport, "codec": codec}
            opened = metrics.total("feed_connections_opened_total", **labels)
            if not opened:
                continue
            sent = span.rate("feed_frame_bytes_total", **labels)
            plain = span.rate("feed_plain_bytes_total", **labels)
            rows.append(
                Served(
                    transport=words.printable(transport),
                    codec=words.printable(codec),
                    subscribers=metrics.total("feed_connections", **labels) or 0,
                    lanes=metrics.total("feed_lanes", **labels) or 0,
                    opened=opened,
                    frames_per_s=span.rate("feed_frames_total", **labels),
                    bytes_per_s=sent,
                    saved=None if sent is None or not plain else 1 - sent / plain,
                )
            )
    return rows


def _column(
    title: str,
    width: int,
    name: str,
    rank: int = 0,
    show: Callable[[float | None], str] | None = None,
) -> Column[Served]:
    """Return a column of a field of `Served`; without `show` the field is a text."""
    return Column(
        title,
        width,
        lambda row, _wall_ns, _width: Text((show or str)(getattr(row, name))),
        rank=rank,
        key=lambda row, _wall_ns: getattr(row, name),
        text=show is None,
    )


COLUMNS = (
    _column("TRANSPORT", 10, "transport"),
    _column("CODEC", 9, "codec"),
    _column("SUBSCR", 8, "subscribers", 1, words.count),
    _column("LANES", 7, "lanes", 2, words.count),
    _column("FRAMES/S", 10, "frames_per_s", 3, words.count),
    _column("BYTES/S", 9, "bytes_per_s", 4, words.data_size),
    _column("SAVED", 8, "saved", 5, words.share),
    _column("OPENED", 8, "opened", 6, words.count),
)
