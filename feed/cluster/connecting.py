"""A connection to NATS: it ends when it is cut, since whoever made it comes back by itself."""

import asyncio
import random
from collections.abc import Callable
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
        from nats.errors import Error  # noqa: PLC0415 - an extra

        from feed.cluster.client import QuickClient  # noqa: PLC0415
    except ImportError:
        raise BusAway(EXTRA) from None

    user, password = key_pair or (None, None)
    failures: list[str] = []
    for server in random.sample(address.servers, len(address.servers)):  # edges spread over them
        client, listener = QuickClient(), _Listener(lost)
        try:
            async with asyncio.timeout(CONNECT_S):
                await client.connect(
                    [server],
                    name=name,
                    user=user,
                    password=password,
                    allow_reconnect=False,
                    connect_timeout=int(CONNECT_S),
                    max_reconnect_attempts=1,  # of a server that refuses: twice, and at once
                    reconnect_time_wait=0,
                    ping_interval=PING_S,
                    max_outstanding_pings=UNANSWERED_PINGS,
                    error_cb=listener.hear,
                    disconnected_cb=listener.end,
                    closed_cb=listener.end,
                )
        except (Error, OSError, TimeoutError) as error:
            failures.append(f"{server}: {listener.said or str(error) or 'no answer in time'}")
            await client.close()
            continue
        except asyncio.CancelledError:  # which may come when the connection stands
            await client.close()
            raise
        listener.stands = True
        return client
    raise BusAway(f"cannot connect: {', '.join(failures)}")


class _Listener:
    """Hears of one connection; only the end of one that stood is told."""

    def __init__(self, lost: Callable[[], None]) -> None:
        self.stands = False
        self.said = ""
        self._lost = lost

    async def end(self) -> None:
        if self.stands:
            self._lost()

    async def hear(self, error: Exception) -> None:
        self.said = str(error) or type(error).__name__
