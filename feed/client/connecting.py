"""The way in for callers: `connect`, and `connect_blocking` for scripts."""

from collections.abc import Mapping

import aiohttp

from feed.client.blocking import BlockingStream
from feed.client.papers import TokenSource
from feed.client.stream import HEARTBEAT_S, Stream
from feed.client.subscription import AnyChannel, Fields, OnLagName, Subscription, Symbols
from feed.client.twins import twin_of
from feed.market.ticks import Channel
from feed.market.word_channels import WordChannel
from feed.wire.codec_name import CodecName
from feed.wire.transport import TransportName


def connect(  # noqa: D417 - arguments of a kind are explained together
    url: str,
    *,
    trades: Symbols = (),
    quotes: Symbols = (),
    bars: Symbols = (),
    updated_bars: Symbols = (),
    second_bars: Symbols = (),
    statuses: Symbols = (),
    generations: Symbols = (),
    transport: TransportName = "auto",
    codec: CodecName = "json",
    after: str | None = None,
    last: int | None = None,
    snapshot: bool = False,
    conflate: Mapping[str, str] | None = None,
    on_lag: OnLagName | None = None,
    fields: Fields | None = None,
    key: str | None = None,
    secret: str | None = None,
    token: TokenSource | None = None,
    compress: bool = True,
    heartbeat_s: float = HEARTBEAT_S,
    give_up_after_s: float | None = None,
    feedback: bool = False,
    session: aiohttp.ClientSession | None = None,
) -> Stream:
    """Subscribe to ticks, and stay subscribed when the connection is lost.

    ```
    async with feed.connect("http://127.0.0.1:8080", trades=["AAPL"], quotes=["*"]) as stream:
        async for batch in stream:
            for tick in batch:
                if tick["T"] == "t":
                    print(tick["S"], tick["p"])
    ```

    The first connection is made when the first batch is asked for, or by `await stream.open()`. A
    connection that is refused, cut, silent, or answered with 5xx, 408 or 429, is made again after a
    random wait of at most 1 s, then 2 s, 4 s … 30 s, from the position where it stood: no tick is
    lost or comes twice, and where the server no longer has what was missed, that is told as a gap.

    Args:
        url: base of the server, such as "http://127.0.0.1:8080".
        trades, quotes, bars, updated_bars, second_bars, statuses: symbols of each channel, "*" for
            all; a list, or a text with commas.
        generations: ids of answers of language models, whose words come beside ticks: as `Words`
            among `stream.events()`, or alone by `stream.words()`. With `snapshot` they begin with
            the text so far.
        transport: "websocket", "stream" or "sse"; "auto" tries them in this order, and takes the
            next where one is refused, or opened and never answers. `Connected.why` tells.
        codec: "json", "msgpack" or "protobuf". With MessagePack a tick's `t` is a
            `msgpack.Timestamp`, with the others text; `feed.client.event_ns(tick)` reads both.
        after: position to begin at: `stream.position` of an earlier stream, or "0" for all that the
            server still has; or a time, "2026-11-27T14:30:00Z", or a while ago, "-30s". By default
            ticks come from now on.
        last: begin so many ticks of what is subscribed back, and not at `after`.
        snapshot: get the last known state of each symbol first.
        conflate: channels of which only the newest value within an interval is wanted:
            `{"quotes": "250ms"}`.
        on_lag: the action of the server when its ring overruns a slow reader: "gap" (its default),
            "conflate" or "disconnect".
        fields: of each tick only these keys, beside `T` and `S`: "p,s,t", or a list.
        key, secret: identity, where the server wants one; the key may be written as "id.secret".
        token: instead of a key: a text, or a function, a coroutine function too, that returns the
            token of the next connection each time. It is also asked some seconds before a token
            ends: a WebSocket goes on with the new one, other transports where they stood. While it
            fails it is asked again (`TokenFailed`); if it has none at the end, `Expired` is raised.
        compress: accept compressed data.
        heartbeat_s: a connection that is silent for this time is dead. Servers speak at least every
            10 s.
        give_up_after_s: raise `GaveUp` when no ticks came for this time, whether a server is there
            or not; 0: when a connection cannot be made, or is lost; by default never.
        feedback: tell the server every ten seconds how old a few ticks were when they were handed
            out, for its metrics.
        session: to connect with, for proxies and certificates; it stays open.

    Raises:
        InvalidParameter: an argument is not accepted.
    """
    symbols: dict[AnyChannel, Symbols] = {
        Channel.TRADES: trades,
        Channel.QUOTES: quotes,
        Channel.BARS: bars,
        Channel.UPDATED_BARS: updated_bars,
        Channel.SECOND_BARS: second_bars,
        Channel.STATUSES: statuses,
        WordChannel.GENERATIONS: generations,
    }
    return Stream(
        url,
        Subscription.of(symbols, conflate, on_lag, fields),
        transport=transport,
        codec=codec,
        after=after,
        last=last,
        snapshot=snapshot,
        key=key,
        secret=secret,
        token=token,
        compress=compress,
        heartbeat_s=heartbeat_s,
        give_up_after_s=give_up_after_s,
        feedback=feedback,
        session=session,
    )


connect_blocking = twin_of(
    connect,
    BlockingStream,
    "with feed.client.connect_blocking(url, trades='AAPL') as stream:\n"
    "    for batch in stream: ...",
)
