"""The way in for callers: `publisher`, and `publisher_blocking` for scripts."""

from collections.abc import Callable

import aiohttp

from feed.client.papers import TokenSource
from feed.client.publishing.blocking import BlockingPublisher
from feed.client.publishing.errors import BatchRefused
from feed.client.publishing.limits import DEFAULTS, Limits
from feed.client.publishing.publisher import Publisher
from feed.client.publishing.rows import PublishCodecName
from feed.client.stream import HEARTBEAT_S
from feed.client.twins import twin_of


def publisher(  # noqa: D417 - arguments of a kind are explained together
    url: str,
    *,
    producer: str | None = None,
    source: str | None = None,
    codec: PublishCodecName = "msgpack",
    batch_ticks: int = DEFAULTS.batch_ticks,
    linger_s: float = DEFAULTS.linger_s,
    buffer_ticks: int = DEFAULTS.buffer_ticks,
    buffer_bytes: int = DEFAULTS.buffer_bytes,
    full_timeout_s: float = DEFAULTS.full_timeout_s,
    close_timeout_s: float = DEFAULTS.close_timeout_s,
    on_refused: Callable[[BatchRefused], None] | None = None,
    key: str | None = None,
    secret: str | None = None,
    token: TokenSource | None = None,
    compress: bool = False,
    heartbeat_s: float = HEARTBEAT_S,
    give_up_after_s: float | None = None,
    session: aiohttp.ClientSession | None = None,
) -> Publisher:
    """Publish ticks to a server with a push source, each once, over however many connections.

    ```
    async with feed.publisher("http://127.0.0.1:8080", key="…") as out:
        await out.publish([feed.Trade(symbol="OWN", price=1.0, size=1)])
    ```

    `publish` returns once ticks are in a buffer; they leave it in batches. A connection that is
    refused, cut, silent, or answered with 5xx, 408 or 429, is made again after a random wait of at
    most 1 s, then 2 s, 4 s … 30 s, and what the server had not said to be durable is sent again
    under the same numbers: it applies each batch once, over restarts too where it keeps a state
    (`feed serve --state`). Where it keeps none, a batch leaves the buffer when it is acknowledged,
    and a server that ends may take with it what its subscribers have not been sent.

    The end of the block waits for the rest, `close_timeout_s` at most.

    Args:
        url: base of the server, such as "http://127.0.0.1:8080".
        producer: the name under which the server numbers batches, kept 24 hours: a program that
            starts again under its name goes on behind its last batch. No two may publish under one
            at a time. 1 to 64 of A-Z a-z 0-9 . _ -; by default a random one.
        source: the name of the push source, where the server has several.
        codec: "msgpack" or "json"; how ticks are sent.
        batch_ticks: in one batch at most; the server takes all of a batch, or none.
        linger_s: for how long a tick waits for others to go with, while earlier ones are on their
            way; one that comes alone leaves at once.
        buffer_ticks, buffer_bytes: that may be held until the server has them.
        full_timeout_s: for how long `publish` waits for room before it raises `BufferFull`; 0: not
            at all, `math.inf`: for ever.
        close_timeout_s: for how long the end of the block waits for what is held, before it raises
            `Undelivered`.
        on_refused: is called with the `BatchRefused` of each batch that the server does not take: a
            wrong row, a symbol that is not granted. By default the next call raises it.
        key, secret: identity, where the server wants one; the key may be written as "id.secret". It
            needs the grant to publish.
        token: instead of a key: a text, or a function, a coroutine function too, that returns the
            token of the next connection each time, and is asked some seconds before one ends.
        compress: send compressed, for thin lines; it costs more time than it saves on others.
        heartbeat_s: a connection that is silent for this time is dead.
        give_up_after_s: end with `GaveUp` when no connection could be made for this time; by
            default never.
        session: to connect with, for proxies and certificates; it stays open.

    Raises:
        InvalidParameter: an argument is not accepted.
    """
    return Publisher(
        url,
        producer=producer,
        source=source,
        codec=codec,
        limits=Limits(
            batch_ticks=batch_ticks,
            linger_s=linger_s,
            buffer_ticks=buffer_ticks,
            buffer_bytes=buffer_bytes,
            full_timeout_s=full_timeout_s,
            close_timeout_s=close_timeout_s,
        ),
        key=key,
        secret=secret,
        token=token,
        compress=compress,
        heartbeat_s=heartbeat_s,
        give_up_after_s=give_up_after_s,
        on_refused=on_refused,
        session=session,
    )


publisher_blocking = twin_of(
    publisher,
    BlockingPublisher,
    "with feed.publisher_blocking(url) as out:\n"
    "    out.publish(feed.Trade(symbol='OWN', price=1.0, size=1))",
)
