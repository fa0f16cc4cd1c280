"""What is asked of a server, checked at the call: a bad value is refused before any connection."""

from collections.abc import Mapping
from typing import Any

from feed.client.arguments import check_choice
from feed.client.subscription import Symbols
from feed.errors import InvalidParameter
from feed.market.globs import GLOB_SHAPE, is_glob
from feed.market.ticks import CHANNELS
from feed.wire.beginning import Moment, read_beginning

KINDS = ("ring", "bars", "recording")
FORMATS = ("csv", "ndjson", "parquet")
TIMEFRAMES = ("1s", "1m", "1d")


def asked_of(
    kind: str,
    format_: str,
    symbols: Mapping[str, Symbols],
    *,
    after: str | None,
    start: str | None,
    end: str | None,
    timeframe: str | None,
    source: str | None,
) -> dict[str, Any]:
    """Return the body that asks for an export.

    Raises:
        InvalidParameter: a value is not accepted.
    """
    check_choice("kind", kind, KINDS)
    if after is not None:
        read_beginning(after)
    for name, text in (("start", start), ("end", end)):
        _check_time(name, text)
    if timeframe is not None:
        check_choice("timeframe", timeframe, TIMEFRAMES)
    if source is not None and not (source and source.isprintable()):
        raise InvalidParameter("source", source, "the name of a source that plays a recording")
    named = {"after": after, "start": start, "end": end, "timeframe": timeframe, "source": source}
    given = {name: value for name, value in named.items() if value is not None}
    return {"kind": kind, "format": format_, **_channels(symbols), **given}


def _check_time(name: str, text: str | None) -> None:
    accepted = "a time such as 2026-11-27T14:30:00Z"
    try:
        moment = None if text is None else read_beginning(text)
    except InvalidParameter:
        raise InvalidParameter(name, text, accepted) from None
    if moment is not None and not isinstance(moment, Moment):
        raise InvalidParameter(name, text, accepted)


def _channels(symbols: Mapping[str, Symbols]) -> dict[str, list[str]]:
    """Return symbols by channel as a request has them."""
    named: dict[str, list[str]] = {}
    for channel, some in symbols.items():
        if channel not in list(CHANNELS):
            raise InvalidParameter("symbols", channel, f"the channels {', '.join(CHANNELS)}")
        named[channel] = [some] if isinstance(some, str) else list(some)
        for symbol in named[channel]:
            if not (isinstance(symbol, str) and is_glob(symbol)):
                raise InvalidParameter(channel, symbol, GLOB_SHAPE)
    return named
