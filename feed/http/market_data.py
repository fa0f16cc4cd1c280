"""The finite requests: what is there, what is known now, what was, and how the server is."""

import time
from collections import Counter
from dataclasses import asdict
from typing import Any

import orjson
from aiohttp import web

import feed
from feed.errors import InvalidParameter
from feed.http.problems import Handler
from feed.hub.hub import Hub
from feed.ingest.health_watch import HealthWatch
from feed.ingest.runner import Ingest
from feed.market.symbols import ALL, is_symbol
from feed.market.ticks import Channel, Kind
from feed.wire.framing import MAX_FRAME_BYTES
from feed.wire.json_codec import JSON
from feed.wire.messages import GapReason, Message, gap_message
from feed.wire.position import BEGINNING, Position
from feed.wire.requests import Channels, Request
from feed.wire.selection import Selection

_TIMEFRAMES = {"1s": Kind.SECOND_BAR, "1m": Kind.BAR}
_SELECTING = ("symbols", *Channels.model_fields)
_EVERYTHING = Selection.of(dict.fromkeys(Channel, (ALL,)))
_ACTIVE = "active"  # what every asset is
DEFAULT_LIMIT = 1_000
MAX_LIMIT = 10_000
_MAX_HISTORY_BYTES = 16 * MAX_FRAME_BYTES


class Rest:
    """The handlers, over one hub and its source."""

    def __init__(self, hub: Hub, ingest: Ingest, health: HealthWatch) -> None:
        self._hub = hub
        self._ingest = ingest
        self._health = health
        self._began_ns = time.time_ns()

    def handlers(self) -> dict[str, Handler]:
        """Return the handler of each finite request but `/metrics`, by path."""
        return {
            "/v1/symbols": self.symbols,
            "/v1/snapshot": self.snapshot,
            "/v1/history": self.history,
            "/v1/bars": self.bars,
            "/v1/status": self.status,
            "/v2/assets": self.assets,
            "/healthz": self.healthz,
            "/readyz": self.readyz,
        }

    async def symbols(self, request: web.Request) -> web.Response:
        """Answer what can be subscribed to, sorted by symbol."""
        _refuse_parameters(request, ())
        return _json({"symbols": [asdict(known) for known in self._ingest.source.instruments()]})

    async def assets(self, request: web.Request) -> web.Response:
        """Answer `/v2/assets`, which ccxt asks before it subscribes; its filters are honoured."""
        _refuse_parameters(request, ("asset_class", "exchange", "status"))
        wanted = request.query
        return _json(
            [
                {
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
                    "min_order_size": "0.000000001",
                    "min_trade_increment": "0.000000001",
                    "price_increment": "0.000000001",
                }
                for known in self._ingest.source.instruments()
                if wanted.get("asset_class", known.asset_class) == known.asset_class
                and wanted.get("exchange", known.exchange) == known.exchange
                and wanted.get("status", _ACTIVE) == _ACTIVE
            ]
        )

    async def snapshot(self, request: web.Request) -> web.Response:
        """Answer the last known state per symbol, as ticks: `{"pos","ticks"}`."""
        _refuse_parameters(request, _SELECTING)
        asked = _selection(request)
        broadcast = self._hub.broadcast
        ticks = broadcast.snapshot.state(dict((asked or _EVERYTHING).symbols))
        return _ticks({"pos": str(broadcast.position)}, JSON.encode(ticks))

    async def history(self, request: web.Request) -> web.Response:
        """Answer ticks after a position: `{"pos","ticks","next"}`, and a `gap` where one is due.

        `next` is the position to go on from, null when there is no more for now.
        """
        _refuse_parameters(request, (*_SELECTING, "after", "limit"))
        limit = _limit(request)
        asked = Request.of_query(request.query.items(), others={"limit"})
        selection = asked.selection if asked.selection.symbols else _EVERYTHING
        broadcast = self._hub.broadcast
        ring, upto = broadcast.ring, broadcast.cut_sequence
        after, gap = self._begin(asked.after or BEGINNING)
        fragments, reached = broadcast.history.read(
            selection, JSON, after, upto, max_bytes=_MAX_HISTORY_BYTES, max_ticks=limit
        )
        position = str(ring.position(reached))
        head: dict[str, Any] = {"pos": position, "next": position if reached < upto else None}
        if gap:
            head["gap"] = gap
        return _ticks(head, fragments)

    async def bars(self, request: web.Request) -> web.Response:
        """Answer finished bars of a symbol, oldest first, and the one that is still open."""
        _refuse_parameters(request, ("symbol", "timeframe", "limit"))
        symbol = request.query.get("symbol", "")
        if not is_symbol(symbol):
            raise InvalidParameter("symbol", symbol, "one symbol, such as AAPL or BTC/USD")
        timeframe = request.query.get("timeframe", "1m")
        if timeframe not in _TIMEFRAMES:
            raise InvalidParameter("timeframe", timeframe, ", ".join(_TIMEFRAMES))
        kind = _TIMEFRAMES[timeframe]
        bars = self._ingest.bars
        finished = JSON.encode(bars.history(symbol, kind, _limit(request)))
        current = bars.current(symbol, kind)
        head = {"symbol": symbol, "timeframe": timeframe}
        body = [_member("bars", JSON.join(finished) if finished else b"[]")]
        open_bar = JSON.join(JSON.encode([current]))[1:-1] if current else b"null"
        body.append(_member("current", open_bar))
        return _response(head, body)

    async def status(self, request: web.Request) -> web.Response:
        """Answer how the server is, for people and `feed top`."""
        _refuse_parameters(request, ())
        hub, ingest = self._hub, self._ingest
        broadcast = hub.broadcast
        ring = broadcast.ring
        now_ns = time.time_ns()
        connections: Counter[str] = Counter()
        for (transport, _), count in hub.connected.items():
            connections[transport] += count
        return _json(
            {
                "version": feed.__version__,
                "uptime_s": round((now_ns - self._began_ns) / 1e9, 3),
                "leaving": hub.leaving,
                "pos": str(broadcast.position),
                "source": {
                    "name": ingest.source.name,
                    "up": ingest.up,
                    "finished": ingest.finished,
                    "failures": ingest.failures,
                    "last_error": ingest.last_error,
                    "waits": hub.waits,
                    "rows_skipped": dict(ingest.source.rows_skipped),
                },
                "ticks": broadcast.ticks,
                "ring": {
                    "epoch": ring.epoch,
                    "capacity": ring.capacity,
                    "oldest": ring.oldest,
                    "newest": ring.newest,
                    "oldest_age_s": round(ring.oldest_age_ns(now_ns) / 1e9, 3),
                },
                "feed": {
                    "state": self._health.feed.state.value,
                    "reason": self._health.feed.reason,
                },
                "symbols": self._health.counts,
                "resume_window_s": hub.settings.resume_window_s,
                "connections": connections,
                "behind": len(hub.drain.behind),
                "largest_lag_ticks": max(
                    (session.subscriber.lag_ticks for session in hub.drain.behind), default=0
                ),
                "lanes": len(broadcast.lanes),
                "traffic": [
                    {"transport": transport, "codec": codec, **asdict(traffic)}
                    for (transport, codec), traffic in broadcast.traffic.items()
                ],
                "ladder": asdict(hub.ladder),
                "resumes": hub.resumes,
                "disconnects": {reason.value.name: n for reason, n in hub.ended.items()},
            }
        )

    async def healthz(self, request: web.Request) -> web.Response:  # noqa: ARG002 - aiohttp's signature
        """Answer that the process serves."""
        return _json({"status": "ok"})

    async def readyz(self, request: web.Request) -> web.Response:  # noqa: ARG002 - aiohttp's signature
        """Answer 200 once the source is open, 503 before that and while leaving."""
        ready = self._ingest.ready.is_set() and not self._hub.leaving
        words = "ready" if ready else "leaving" if self._hub.leaving else "the source is not open"
        return _json({"status": words}, status=200 if ready else 503)

    def _begin(self, after: Position) -> tuple[int, Message | None]:
        """Return the sequence to read after, and the gap before it if there is one."""
        ring = self._hub.broadcast.ring
        oldest = ring.oldest - 1
        if after == BEGINNING:
            return oldest, None
        upto = ring.position(oldest)
        if after.epoch != ring.epoch or after.sequence > self._hub.broadcast.cut_sequence:
            return oldest, gap_message(after, upto, GapReason.EPOCH)
        if after.sequence < oldest:
            first = ring.position(after.sequence + 1)
            return oldest, gap_message(first, upto, GapReason.OVERRUN)
        return after.sequence, None


def _selection(request: web.Request) -> Selection | None:
    """Return what a query selects; None when it names nothing.

    `symbols=` here means all that is known of these symbols, not trades and quotes only.
    """
    asked = Request.of_query(request.query.items())
    if "symbols" in request.query:
        return Selection.of(dict.fromkeys(Channel, asked.trades))
    return asked.selection if asked.selection.symbols else None


def _limit(request: web.Request) -> int:
    text = request.query.get("limit", str(DEFAULT_LIMIT))
    short = len(text) <= len(str(MAX_LIMIT))  # int() refuses thousands of digits in its own way
    if not (short and text.isdecimal() and 1 <= int(text) <= MAX_LIMIT):
        raise InvalidParameter("limit", text, f"a whole number from 1 to {MAX_LIMIT}")
    return int(text)


def _refuse_parameters(request: web.Request, accepted: tuple[str, ...]) -> None:
    for name, value in request.query.items():
        if name not in accepted:
            words = f"the parameters {', '.join(accepted)}" if accepted else "no parameters"
            raise InvalidParameter(name, value, words)


def _json(document: object, status: int = 200) -> web.Response:
    return web.Response(
        status=status,
        body=orjson.dumps(document, option=orjson.OPT_NON_STR_KEYS),
        content_type="application/json",
    )


def _member(name: str, value: bytes) -> bytes:
    return b'"%b":%b' % (name.encode(), value)


def _ticks(head: dict[str, Any], fragments: list[bytes]) -> web.Response:
    return _response(head, [_member("ticks", JSON.join(fragments) if fragments else b"[]")])


def _response(head: dict[str, Any], members: list[bytes]) -> web.Response:
    """Return an object of small members and of members that are encoded already."""
    body = b",".join([orjson.dumps(head)[:-1], *members]) + b"}"
    return web.Response(body=body, content_type="application/json")
