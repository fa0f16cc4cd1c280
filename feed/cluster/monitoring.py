"""What a NATS server says of itself where its monitoring is on, and nowhere else."""

import aiohttp
from yarl import URL

from feed.cluster.errors import BusAway
from feed.errors import InvalidParameter

PATIENCE_S = 5.0
_NS = 1_000_000_000


def check_url(text: str, parameter: str) -> None:
    """See that a text is the address of a monitoring.

    Raises:
        InvalidParameter: it is not.
    """
    accepted = "http://HOST:PORT of a NATS server's monitoring"
    try:
        url = URL(text)
    except ValueError:
        raise InvalidParameter(parameter, text, accepted) from None
    is_plain = not (url.query_string or url.fragment or url.user)
    if url.scheme not in {"http", "https"} or not url.host or not is_plain:
        raise InvalidParameter(parameter, text, accepted)


async def sync_interval(url: str) -> str:
    """Return how often a server syncs its files, in words.

    Raises:
        BusAway: it does not say.
    """
    where = f"{url.rstrip('/')}/varz"
    try:
        timeout = aiohttp.ClientTimeout(total=PATIENCE_S)
        async with aiohttp.ClientSession(timeout=timeout) as session, session.get(where) as answer:
            told = await answer.json(content_type=None)
        config = told["jetstream"]["config"]
    except (
        aiohttp.ClientError,
        OSError,
        TimeoutError,
        ValueError,
        LookupError,
        TypeError,
    ) as error:
        raise BusAway(f"{where} does not say how JetStream is configured: {error!r}") from error
    if config.get("sync_always"):
        return "always"
    interval_ns = int(config.get("sync_interval", 0))
    return f"{interval_ns / _NS:g} s" if interval_ns else ""
