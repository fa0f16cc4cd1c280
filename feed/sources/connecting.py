"""Connections to a writer, over the network or over a socket of this machine."""

import aiohttp

from feed.sources.writer_place import WriterPlace


def connector_to(
    place: WriterPlace, *, most: int = 100, kept_s: float = 15.0
) -> aiohttp.BaseConnector:
    """Return what connects to a writer.

    Args:
        place: where it is.
        most: connections at a time; 0: any number.
        kept_s: for so long an idle one stays open.
    """
    if place.socket:
        return aiohttp.UnixConnector(place.socket, limit=most, keepalive_timeout=kept_s)
    return aiohttp.TCPConnector(limit=most, keepalive_timeout=kept_s)
