"""Our server: started for a run, or one that runs already; and how subscribers ask it for ticks."""

import json
import os
import random
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPException
from pathlib import Path
from types import MappingProxyType
from typing import TypedDict, Unpack
from urllib.parse import urlencode

import msgpack
import orjson

from feed.broadcast.fan_out import Engine
from feed.client.subscription import parse_url
from feed.errors import InvalidParameter
from feed.wire.transport import Transport

from ..peers.base import OFFER_DEFLATE, OFFER_GZIP, PeerError, program
from .plan import Group, Look, Opening
from .process import family, listener
from .said import Said

EVERYTHING = ("trades", "quotes", "bars", "updatedBars", "secondBars", "statuses")
LIVE = ("trades", "quotes")
_PATHS = {Transport.WEBSOCKET: "/v1/ws", Transport.SSE: "/v1/sse", Transport.STREAM: "/v1/stream"}
_ACCEPT = {  # of the stream, by codec
    "json": "application/x-ndjson",
    "msgpack": "application/vnd.msgpack",
    "protobuf": "application/x-protobuf",
}
_HTTP_TIMEOUT_S = 10
MS_PER_S = 1000
FULL_CUT = 5  # ticks in the mean cut, with which hardly any is empty
SEED = 1  # of the simulation: every run has the same ticks


@dataclass(frozen=True, slots=True)
class Subscription:
    """The request of a subscriber of ours.

    Attributes:
        transport, codec: how it is served.
        channels: which channels.
        symbols: of each of them.
        keys: of generations.
        compress: offer permessage-deflate or gzip.
        takeover: where it is False, ask for frames that are compressed alone.
        marks: hear positions (WebSocket; streams hear them by default).
        after: the position to go on from.
    """

    transport: Transport = Transport.WEBSOCKET
    codec: str = "json"
    channels: tuple[str, ...] = LIVE
    symbols: tuple[str, ...] = ("*",)
    keys: tuple[str, ...] = ()
    compress: bool = False
    takeover: bool = True
    marks: bool = False
    after: str = ""

    @property
    def headers(self) -> dict[str, str]:
        """The request's headers."""
        headers: dict[str, str] = {}
        if self.transport is Transport.WEBSOCKET:
            if self.codec != "json":
                headers["Sec-WebSocket-Protocol"] = f"feed.{self.codec}"
            if self.compress:
                headers |= OFFER_DEFLATE
                if not self.takeover:
                    headers["Sec-WebSocket-Extensions"] += "; server_no_context_takeover"
        else:
            if self.transport is Transport.STREAM:
                headers["Accept"] = _ACCEPT[self.codec]
            if self.compress:
                headers |= OFFER_GZIP
        return headers

    @property
    def opening(self) -> Opening:
        """The path and the messages that ask for it."""
        path = _PATHS[self.transport]
        if self.transport is not Transport.WEBSOCKET:
            query = {channel: ",".join(self.symbols) for channel in self.channels}
            if self.keys:
                query["generations"] = ",".join(self.keys)
            if self.transport is Transport.STREAM and not self.marks:
                query["marks"] = "0"
            if self.after:
                query["after"] = self.after
            return Opening(f"{path}?{urlencode(query, safe='*,')}")
        message: dict[str, object] = {"action": "subscribe", "marks": self.marks}
        message |= dict.fromkeys(self.channels, self.symbols)
        if self.keys:
            message["generations"] = self.keys
        if self.after:
            message["after"] = self.after
        pack: Callable[[object], bytes] = msgpack.packb if self.codec == "msgpack" else orjson.dumps
        return Opening(path, (pack(message),))


class GroupOptions(TypedDict, total=False):
    """Further options of a group; see `Group`."""

    sample_every: int
    sample_limit: int
    every_tick: bool
    stalled: bool
    receive_buffer_bytes: int
    keep_payloads: int
    look: Look


@dataclass(frozen=True, slots=True)
class Admission:
    """By what a server knows who comes.

    Attributes:
        arguments: of `feed serve`.
        headers: that let in whoever shows them.
    """

    arguments: tuple[str, ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Options:
    """Options of `feed serve`; None leaves one at its default. `said` is for `words_server`."""

    rate: float
    batch_ms: float | None = None
    symbols: int | None = None
    seed: int = SEED
    fan_out: Engine | None = None
    send_threads: int | None = None
    state: Path | None = None
    workers: int | None = None
    admission: Admission = Admission()
    said: Said | None = None

    @property
    def frames_per_s(self) -> float:
        """How many frames a lane of everything gets; 0 where that is not fixed."""
        if self.batch_ms is None or self.rate * self.batch_ms < FULL_CUT * MS_PER_S:
            return 0.0
        return MS_PER_S / self.batch_ms

    def arguments(self) -> list[str]:
        """Return them as they are written on the command line."""
        given = {
            "rate": self.rate,
            "batch-ms": self.batch_ms,
            "symbols": self.symbols,
            "seed": self.seed,
            "fan-out": self.fan_out,
            "send-threads": self.send_threads,
            "state": self.state,
            "workers": self.workers,
        }
        pairs = ((f"--{name}", str(value)) for name, value in given.items() if value is not None)
        said = [] if self.said is None else self.said.arguments()
        return [*(word for pair in pairs for word in pair), *self.admission.arguments, *said]


@dataclass(frozen=True, slots=True)
class Server:
    """A server of ours that is running.

    Attributes:
        host, port: where it listens.
        pids: its processes; empty where they cannot be known, and then nothing is said of its CPU.
        symbols: which it has.
        simulated: its trades are numbered without holes.
        headers: of every request, which let it in.
    """

    host: str
    port: int
    pids: tuple[int, ...]
    symbols: tuple[str, ...]
    simulated: bool
    headers: Mapping[str, str] = field(default_factory=dict)

    def group(
        self,
        name: str,
        count: int,
        subscription: Subscription,
        openings: Sequence[Opening] = (),
        **options: Unpack[GroupOptions],
    ) -> Group:
        """Return a group of subscribers that all ask for the same, or by turns for `openings`."""
        # Protobuf is only counted: the content of its frames is known from the other codecs.
        options.setdefault("look", Look.NOTHING if subscription.codec == "protobuf" else Look.TICKS)
        return Group(
            name=name,
            count=count,
            host=self.host,
            port=self.port,
            transport=subscription.transport,
            openings=tuple(openings) or (subscription.opening,),
            headers={**subscription.headers, **self.headers},
            binary=subscription.codec == "msgpack",
            codec=subscription.codec,
            consecutive=self.simulated,
            **options,
        )

    def validators(
        self, transport: Transport = Transport.WEBSOCKET, keys: tuple[str, ...] = ()
    ) -> Group:
        """Return two subscribers that choose everything and hear positions: they find holes.

        Args:
            transport: how they are served.
            keys: all those under which the server says words, which `*` does not stand for.
        """
        subscription = Subscription(transport, channels=EVERYTHING, keys=keys, marks=True)
        return self.group("validators", 2, subscription, sample_every=1, every_tick=True)

    def own_symbols(self, count: int, each: int, seed: int = 7) -> list[Opening]:
        """Return the openings of this many subscribers, each with symbols of its own."""
        choose = random.Random(seed)
        return [
            Subscription(symbols=tuple(choose.sample(self.symbols, each))).opening
            for _ in range(count)
        ]


@contextmanager
def feed_server(url: str | None, options: Options, module: str = "feed") -> Iterator[Server]:
    """Start a server with these options of `feed serve`, or use the one at `url`.

    Args:
        url: of a server that runs already; None: start one.
        options: of `feed serve`.
        module: which understands them.

    Raises:
        PeerError: it does not start, or nothing of ours answers there.
    """
    if url is not None:
        yield attach(url, None)
        return
    command = [sys.executable, "-m", module, "serve", "--port", "0", *options.arguments()]
    with program(command, {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}) as started:
        address = started.wait_for_words(r"(http://127\.0\.0\.1:\d+)")
        headers = options.admission.headers
        yield attach(address, started.process.pid, simulated=True, headers=headers)


def attach(
    url: str,
    pid: int | None,
    *,
    simulated: bool = False,
    headers: Mapping[str, str] = MappingProxyType({}),
) -> Server:
    """Return the server at a URL, whose process is known or, on this machine, looked for.

    Raises:
        InvalidParameter: the text is not such a URL.
        PeerError: nothing of ours answers there.
    """
    host, port = _host_and_port(url)
    try:
        asked = urllib.request.Request(f"{url.rstrip('/')}/v1/symbols", headers=dict(headers))
        with urllib.request.urlopen(asked, timeout=_HTTP_TIMEOUT_S) as got:
            symbols = tuple(each["symbol"] for each in json.load(got)["symbols"])
    except urllib.error.HTTPError as error:
        raise PeerError(f"{url}: not a server of ours: status {error.code}") from error
    except urllib.error.URLError as error:
        reason = getattr(error.reason, "strerror", None) or error.reason
        raise PeerError(f"{url}: {reason}") from error
    except (HTTPException, OSError, ValueError, TypeError, LookupError) as error:
        raise PeerError(f"{url}: not a server of ours: {error!r}") from error
    if pid is None and host in {"127.0.0.1", "localhost"}:
        pid = listener(port)
    address = "127.0.0.1" if host == "localhost" else host
    return Server(
        address, port, () if pid is None else tuple(family(pid)), symbols, simulated, headers
    )


def _host_and_port(url: str) -> tuple[str, int]:
    """Return where the swarm connects to; it takes neither TLS nor a path in front."""
    accepted = "http://HOST:PORT"
    try:
        base = parse_url(url)
    except InvalidParameter:
        raise InvalidParameter("--url", url, accepted) from None
    if base.scheme != "http" or base.path != "/" or base.host is None or base.port is None:
        raise InvalidParameter("--url", url, accepted)
    return base.host, base.port
