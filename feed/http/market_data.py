"""Market data without a stream: symbols, the last known state, the ring page by page, bars.

Whoever asks is answered of what is granted to them: what they ask for goes through `_selected` or
`_granted`, and what is listed through `_listed`.
"""

from collections.abc import Collection, Iterator, Mapping
from decimal import Decimal
from functools import lru_cache
from typing import Any, Literal

import orjson
from aiohttp import web

from feed.errors import InvalidParameter, NotGranted
from feed.http.access import identity_of
from feed.http.answer_models import Asset, Listed, SymbolsAnswer
from feed.http.answers import (
    array_answer,
    array_of,
    joined_answer,
    json_answer,
    limit_of,
    paced,
    ticks_answer,
)
from feed.http.ring_page import begin_page, encode, read_page
from feed.http.server import Server
from feed.hub.steps import Step
from feed.ingest.timeframes import DAY, TIMEFRAMES, finished_bars
from feed.market.symbols import ALL, is_symbol
from feed.market.ticks import KIND_OF_CHANNEL, Channel
from feed.sources.search import found
from feed.sources.source import Instrument
from feed.trust.identity import Identity, owner_key
from feed.wire.codec import Codec
from feed.wire.grants import Grants
from feed.wire.json_codec import JSON
from feed.wire.messages import WarningReason, refusal_words
from feed.wire.projection import check_fields, projected
from feed.wire.requests import Request
from feed.wire.selection import Selection

_MINUTE_FRAGMENT, _DAY_FRAGMENT = b'"b",', b'"d",'  # how they begin; `d` is a day in the dialect
_FINEST = "0.000000001"
_ACTIVE: Literal["active"] = "active"  # the status of every asset
_EVERYTHING = Selection.of(dict.fromkeys(Channel, (ALL,)))


async def symbols(request: web.Request, server: Server) -> web.Response:
    """Answer the symbols that can be subscribed to, sorted; a search has the best matches first."""
    wanted = request.query
    listed = [
        known
        for known in await _listed(request, server)
        if _is_same(wanted.get("class"), known.asset_class)
        and _is_same(wanted.get("sector"), known.sector)
    ]
    if query := wanted.get("query", "").strip():
        listed = found(listed, query)
    told: list[Listed] = []
    grants = identity_of(request).grants

    def telling() -> Iterator[None]:
        for each in listed:
            told.append(Listed.of(each, _previous_close(each, server, grants)))
            yield

    await server.hub.turns.in_slices(telling(), Step.ANSWER)
    return json_answer(SymbolsAnswer(symbols=told))


def _previous_close(known: Instrument, server: Server, grants: Grants) -> float | None:
    """Return the last price of the day before, if there is one and it may be read."""
    if not grants.may_read(Channel.BARS, known.symbol):
        return None
    return server.ingest.bars_of(known.symbol).previous_close(known.symbol)


def _is_same(wanted: str | None, told: str) -> bool:
    """Tell whether a filter lets something pass; without it all does."""
    return wanted is None or wanted.casefold() == told.casefold()


async def assets(request: web.Request, server: Server) -> web.Response:
    """Answer `/v2/assets`, which ccxt asks before it subscribes; its filters are honoured."""
    wanted = request.query
    return array_answer(
        [
            _asset(known)
            for known in await _listed(request, server)
            if wanted.get("asset_class", known.asset_class) == known.asset_class
            and wanted.get("exchange", known.exchange) == known.exchange
            and wanted.get("status", _ACTIVE) == _ACTIVE
        ]
    )


@lru_cache(maxsize=1 << 16)  # whoever asks is answered of the same instruments
def _asset(known: Instrument) -> bytes:
    """Return an instrument in the dialect's words, encoded."""
    asset: Asset = {
        "id": known.symbol,
        "class": known.asset_class,
        "exchange": known.exchange,
        "symbol": known.symbol,
        "name": known.name,
        "status": _ACTIVE,
        "tradable": True,
        "marginable": False,
        "shortable": False,
        "easy_to_borrow": False,
        "fractionable": True,
        "min_order_size": _plain(known.lot),
        "min_trade_increment": _plain(known.lot),
        "price_increment": _plain(known.price_step),
    }
    return orjson.dumps(asset)


def _plain(value: float | None) -> str:
    """Return a number without a power of ten; the finest there is where nobody has told one."""
    return format(Decimal(str(value)), "f") if value is not None else _FINEST


async def snapshot(request: web.Request, server: Server) -> web.Response:
    """Answer the last known state per symbol, as ticks, and per key of words: `{"pos","ticks"}`."""
    asked = Request.of_query(request.query.items(), most_symbols=_most_symbols(server))
    asked = asked.of(owner_key(identity_of(request)))
    hub = server.hub
    async with hub.turns.turn(Step.ANSWER):
        selection, warnings = _selected(asked, request, server)
        if "symbols" in request.query:  # all that is known of them, not trades and quotes only
            whole = Selection.of({**asked.symbols(), **dict.fromkeys(Channel, asked.trades)})
            selection = identity_of(request).grants.select(whole).selection
        position, known = hub.broadcast.position, hub.broadcast.snapshot
        grants = identity_of(request).grants
        if grants.conflate_ms:
            pace = hub.broadcast.pace(grants.conflate_ms)
            position, known = hub.broadcast.ring.position(pace.sequence), pace.snapshot
        ticks = known.state(dict(selection.ticks.symbols))
        words = hub.broadcast.keyed.states(selection)
        codec = _projected(asked, selection)
    head = {"pos": str(position), **warnings}
    fragments = await encode(hub.turns, ticks, codec)
    for state in words:  # each may be a long text
        fragments += await encode(hub.turns, [state], codec)
    return paced(ticks_answer(head, fragments), grants)


async def history(request: web.Request, server: Server) -> web.Response:
    """Answer ticks after a position: `{"pos","ticks","next"}`, and a `gap` where one is due.

    `next` is the position to go on from, null when there is no more for now.
    """
    limit = limit_of(request)
    asked = Request.of_query(
        request.query.items(), others={"limit"}, most_symbols=_most_symbols(server)
    ).of(owner_key(identity_of(request)))
    async with server.hub.turns.turn(Step.ANSWER):
        selection, warnings = _selected(asked, request, server)
        codec = _projected(asked, selection)
    grants = identity_of(request).grants
    hub, pace_ms = server.hub, grants.conflate_ms
    after, warning = await begin_page(hub, selection, asked.after, asked.last, pace_ms)
    page = await read_page(
        hub, selection, after, limit, pace_ms=pace_ms, codec=codec, line=hub.answering
    )
    head: dict[str, Any] = {
        "pos": str(page.position),
        "next": str(page.position) if page.more else None,
        **warnings,
    }
    if warning is not None:
        hub.audience.warnings.count(WarningReason.REWIND)
        head["warnings"] = [*head.get("warnings", ()), warning]
    if page.gap:
        head["gap"] = page.gap
    return paced(ticks_answer(head, page.fragments), grants)


async def bars(request: web.Request, server: Server) -> web.Response:
    """Answer finished bars of a symbol, oldest first, and the one that is still open."""
    symbol = request.query.get("symbol", "")
    if not is_symbol(symbol):
        raise InvalidParameter("symbol", symbol, "one symbol, such as AAPL or BTC/USD")
    timeframe = request.query.get("timeframe", "1m")
    if timeframe not in TIMEFRAMES:
        raise InvalidParameter("timeframe", timeframe, ", ".join(TIMEFRAMES))
    channel, _ = TIMEFRAMES[timeframe]
    grants = identity_of(request).grants
    hub = server.hub
    async with hub.turns.turn(Step.ANSWER):
        _, warnings = _granted({channel: [symbol]}, identity_of(request), server)
    builder = server.ingest.bars_of(symbol)
    await hub.turns.in_slices(builder.recollection.recall(symbol), Step.ANSWER)
    pace_ms = grants.conflate_ms
    finished = finished_bars(
        builder, symbol, timeframe, limit_of(request), broadcast=hub.broadcast, pace_ms=pace_ms
    )
    current = None
    if not pace_ms:  # it changes with each trade
        is_day = timeframe == DAY
        current = (
            builder.day(symbol) if is_day else builder.current(symbol, KIND_OF_CHANNEL[channel])
        )
    fragments = await encode(hub.turns, [*finished, *([current] if current else [])])
    if timeframe == DAY:
        fragments = [_DAY_FRAGMENT + each.removeprefix(_MINUTE_FRAGMENT) for each in fragments]
    answer = joined_answer(
        {"symbol": symbol, "timeframe": timeframe, **warnings},
        {
            "bars": array_of(fragments[: len(finished)]),
            "current": array_of(fragments[-1:])[1:-1] if current else b"null",
        },
    )
    return paced(answer, grants)


def _most_symbols(server: Server) -> int:
    """Return the most symbols that a request may name: as many as a subscription."""
    return server.hub.settings.max_symbols_per_connection


async def _listed(request: web.Request, server: Server) -> list[Instrument]:
    """Return the instruments that whoever asks may read of, with price steps as far as known."""
    hub, reference = server.hub, server.reference
    async with hub.turns.turn(Step.ANSWER):
        grants = identity_of(request).grants
        listed = [each for each in reference.instruments() if grants.may_read_any(each.symbol)]
    known = hub.broadcast.snapshot

    def stepping() -> Iterator[None]:
        for index, each in enumerate(listed):
            if each.price_step is None:
                listed[index] = reference.with_step(each, known.get(each.symbol))
                yield

    await hub.turns.in_slices(stepping(), Step.ANSWER)
    return listed


def _selected(
    asked: Request, request: web.Request, server: Server
) -> tuple[Selection, dict[str, Any]]:
    """Return the selection of a finite request: all that is granted where it names no channel.

    Beside it stand the members of the answer that say what of it is not there.

    Raises:
        InvalidParameter: it names channels, and no symbol on one of them.
        NotGranted: nothing of it is.
    """
    identity = identity_of(request)
    grants = identity.grants
    if not asked.named_channels:
        selection = grants.select(_EVERYTHING).selection
        if not selection.symbols:
            raise NotGranted("any symbol", grants.words())
        return selection, {}
    asked.check_selects()
    return _granted(asked.symbols(), identity, server, asked.silent_channels)


def _projected(asked: Request, selection: Selection) -> Codec:
    """Return JSON with the keys that a finite request asks for.

    Raises:
        InvalidParameter: no tick that it selects has one of them.
    """
    channels = [channel for channel, _ in selection.symbols]
    check_fields(asked.fields, channels)
    return projected(JSON, asked.fields, channels)


def _granted(
    asked: Mapping[Channel, Collection[str]],
    identity: Identity,
    server: Server,
    silent: Collection[str] = (),
) -> tuple[Selection, dict[str, Any]]:
    """Return what is granted of symbols per channel, and what the answer says of the rest.

    Raises:
        NotGranted: nothing is.
        InvalidParameter: it names a key of words that is not to be read.
    """
    grants = identity.grants
    granted = grants.select_named(asked, {})
    selection = granted.selection
    server.hub.key_gate.check(identity, selection)
    if granted.refused and not selection.symbols:
        raise NotGranted(refusal_words(granted.refused), grants.words())
    hub = server.hub
    warnings = hub.audience.warnings.answered(
        selection,
        granted.names,
        silent,
        hub.clock.mono_ns(),
        grants=grants,
        refused=granted.refused,
    )
    return selection, {"warnings": warnings} if warnings else {}
