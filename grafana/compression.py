"""Compression and bytes: bytes that go out, bytes that are saved, and the cost of saving."""

from grafana.ages import rate
from grafana.house import RED, Board, Kind, Panel, Query, Row, Unit

_SERVED = ("transport", "codec")
_NAMES = "{{transport}} {{codec}}"

_BYTES = Row(
    "Bytes",
    (
        Panel(
            "Sent",
            "Bytes of frames as the sockets got them.",
            Unit.BYTES_PER_S,
            (rate("feed_frame_bytes_total", _NAMES, *_SERVED),),
            Kind.STACK,
        ),
        Panel(
            "Without compression",
            "What the same frames would have been.",
            Unit.BYTES_PER_S,
            (rate("feed_plain_bytes_total", _NAMES, *_SERVED),),
            Kind.STACK,
        ),
        Panel(
            "Sent ÷ plain",
            "Small is good: 0.17 is usual where all compress JSON. Over 1 is framing, of those who "
            "do not compress.",
            Unit.SHARE,
            (
                Query(
                    "sum by (instance, transport, codec)"
                    " (rate(feed_frame_bytes_total<>[$__rate_interval]))"
                    " / (sum by (instance, transport, codec)"
                    " (rate(feed_plain_bytes_total<>[$__rate_interval])) > 0)",
                    f"{{{{instance}}}} {_NAMES}",
                ),
            ),
        ),
        Panel(
            "Frames",
            "Frames by transport and codec, one for each subscriber.",
            Unit.PER_S,
            (rate("feed_frames_total", _NAMES, *_SERVED),),
            Kind.STACK,
        ),
        Panel(
            "Bytes a frame",
            "Mean size on the wire. Small frames cost more in headers and system calls than in "
            "bytes.",
            Unit.BYTES,
            (
                Query(
                    "sum by (instance, transport, codec)"
                    " (rate(feed_frame_bytes_total<>[$__rate_interval]))"
                    " / (sum by (instance, transport, codec)"
                    " (rate(feed_frames_total<>[$__rate_interval])) > 0)",
                    f"{{{{instance}}}} {_NAMES}",
                ),
            ),
        ),
        Panel(
            "Saved",
            "Bytes a second that compression keeps off the network.",
            Unit.BYTES_PER_S,
            (
                Query(
                    "sum by (instance) (rate(feed_plain_bytes_total<>[$__rate_interval]))"
                    " - sum by (instance) (rate(feed_frame_bytes_total<>[$__rate_interval]))",
                    "{{instance}}",
                ),
            ),
        ),
    ),
)
_COMPRESSORS = Row(
    "Shared compressors",
    (
        Panel(
            "Memory",
            "One compressor a lane: 32 to 256 KiB each, and their limit together.",
            Unit.BYTES,
            (
                Query("feed_compressor_memory_bytes<>", "{{instance}} {{worker}} used"),
                Query("feed_compressor_memory_limit_bytes<>", "{{instance}} {{worker}} limit"),
            ),
        ),
        Panel(
            "Keyframes",
            "Frames that refer to nothing before them: one in 64, and more while many join.",
            Unit.PER_S,
            (rate("feed_keyframes_total", ""),),
        ),
        Panel(
            "Refused",
            "Lanes that had to compress every frame alone, since there was no memory left. That "
            "costs CPU: fewer different selections, or more memory.",
            Unit.PER_S,
            (rate("feed_compressor_refusals_total", ""),),
            thresholds=((1, RED),),
        ),
    ),
)

BOARD = Board(
    "feed-compression",
    "Compression and bytes",
    "What goes out, what compression saves, and what it costs.",
    (_BYTES, _COMPRESSORS),
)
