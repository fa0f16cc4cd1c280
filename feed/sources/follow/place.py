"""Where a server is that is followed: at a URL, or at a socket of this machine."""

import aiohttp

UNIX = "unix:"  # before the path of a socket
_HOST = "http://localhost"  # of requests over such a socket


def is_unix(place: str) -> bool:
    """Tell whether a place is a socket of this machine."""
    return place.startswith(UNIX)


def base_url(place: str) -> str:
    """Return the URL before the paths of requests to a server."""
    return _HOST if is_unix(place) else place.rstrip("/")


def connector_to(place: str) -> aiohttp.BaseConnector:
    """Return what connects to a server."""
    if is_unix(place):
        return aiohttp.UnixConnector(place.removeprefix(UNIX))
    return aiohttp.TCPConnector()
