"""The way in for callers: `alerts`, and `alerts_blocking` for scripts."""

from collections.abc import Callable

import aiohttp

from feed.client.alerting.alerts import Alerts
from feed.client.alerting.blocking import BlockingAlerts
from feed.client.backoff import Backoff
from feed.client.calls import Caller
from feed.client.clock import Clock
from feed.client.events import Event
from feed.client.papers import Papers, TokenSource
from feed.client.stream import HEARTBEAT_S, Stream
from feed.client.subscription import Subscription, parse_url
from feed.client.twins import twin_of
from feed.market.symbols import ALL
from feed.market.word_channels import WordChannel
from feed.wire.transport import TransportName


def alerts(  # noqa: D417 - arguments of a kind are explained together
    url: str,
    *,
    transport: TransportName = "auto",
    key: str | None = None,
    secret: str | None = None,
    token: TokenSource | None = None,
    heartbeat_s: float = HEARTBEAT_S,
    give_up_after_s: float | None = None,
    on_event: Callable[[Event], object] | None = None,
    session: aiohttp.ClientSession | None = None,
) -> Alerts:
    """Make and read alerts of a server: rules of one's own, and what they tell when they fire.

    ```
    async with feed.alerts("http://127.0.0.1:8080") as alerts:
        await alerts.create("AAPL", "price", ">=", 200)
        async for firing in alerts:
            print(firing["symbol"], firing["seen"])
            await alerts.acknowledge(firing["id"])
    ```

    It begins with what fired before and is not acknowledged. A connection that is lost is made
    again, as `feed.connect` makes it, and each firing comes once.

    Args:
        url: base of the server, such as "http://127.0.0.1:8080".
        transport: as of `feed.connect`, for reading; rules go by HTTP.
        key, secret: identity, whose rules these are; the key may be written as "id.secret". All who
            show none have theirs together.
        token: instead of a key, as `feed.connect` takes it.
        heartbeat_s: a connection that is silent for this time is dead.
        give_up_after_s: raise `GaveUp` when there was nothing for this time; None: never.
        on_event: is called with what happens to connections; by default that is logged.
        session: to connect with, for proxies and certificates; it stays open.

    Raises:
        InvalidParameter: an argument is not accepted.
    """
    return make(
        url,
        transport=transport,
        key=key,
        secret=secret,
        token=token,
        heartbeat_s=heartbeat_s,
        give_up_after_s=give_up_after_s,
        on_event=on_event,
        session=session,
    )


def make(
    url: str,
    *,
    transport: TransportName = "auto",
    key: str | None = None,
    secret: str | None = None,
    token: TokenSource | None = None,
    heartbeat_s: float = HEARTBEAT_S,
    give_up_after_s: float | None = None,
    on_event: Callable[[Event], object] | None = None,
    session: aiohttp.ClientSession | None = None,
    clock: Clock | None = None,
    backoff: Backoff | None = None,
) -> Alerts:
    """Make alerts of their parts; arguments are those of `alerts`.

    Raises:
        InvalidParameter: an argument is not accepted.
    """
    clock, backoff = clock or Clock(), backoff or Backoff()
    stream = Stream(
        url,
        Subscription.of({WordChannel.ALERTS: ALL}),
        transport=transport,
        snapshot=True,
        key=key,
        secret=secret,
        token=token,
        heartbeat_s=heartbeat_s,
        give_up_after_s=give_up_after_s,
        session=session,
        clock=clock,
        backoff=backoff,
    )
    papers = Papers(key, secret, token, clock)
    caller = Caller(parse_url(url), papers, clock=clock, backoff=backoff, session=session)
    return Alerts(stream, caller, clock, on_event)


alerts_blocking = twin_of(
    alerts,
    BlockingAlerts,
    "with feed.alerts_blocking(url) as alerts:\n    for firing in alerts: ...",
)
