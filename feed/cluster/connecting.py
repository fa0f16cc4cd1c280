"""A connection to NATS: it ends when it is cut, since whoever made it comes back by itself."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from feed.cluster.address import BusAddress
from feed.cluster.errors import BusAway
from feed.cluster.names import EXTRA

if TYPE_CHECKING:
    from nats.aio.client import Client

CONNECT_S = 5.0
PING_S = 2  # between two pings
UNANSWERED_PINGS = 2  # so many, and the connection is given up


async def connect(
    address: BusAddress,
    key_pair: tuple[str, str] | None,
    lost: Callable[[], None],
    *,
    name: str,
) -> "Client":
    """Return a connection to the first server that takes one, by TLS where that asks for it.

    Args:
        address: of the servers.
        key_pair: user and password; None: neither.
        lost: called when it has ended.
        name: as NATS shows it.

    Raises:
        BusAway: no server takes one, or none is heard of; the message says why.
    """
    try:
        from nats.aio.client import Client  # noqa: PLC0415 - an extra
        from nats.errors import Error  # noqa: PLC0415
    except ImportError:
        raise BusAway(EXTRA) from None

    said: list[str] = []

    async def gone() -> None:
        lost()

    async def hear(error: Exception) -> None:
        said.append(str(error) or type(error).__name__)

    client, (user, password) = Client(), key_pair or (None, None)
    closed: Callable[[], Awaitable[None]] = gone
    try:
        async with asyncio.timeout(CONNECT_S * len(address.servers)):
            await client.connect(
                list(address.servers),
                name=name,
                user=user,
                password=password,
                allow_reconnect=False,
                connect_timeout=int(CONNECT_S),
                max_reconnect_attempts=1,
                ping_interval=PING_S,
                max_outstanding_pings=UNANSWERED_PINGS,
                error_cb=hear,
                disconnected_cb=closed,
                closed_cb=closed,
            )
    except (Error, OSError, TimeoutError) as error:
        words = str(error) or (said[-1] if said else "no answer in time")
        raise BusAway(f"{address}: cannot connect: {words}") from error
    return client
