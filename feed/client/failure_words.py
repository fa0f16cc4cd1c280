"""Failures of connections in words: which address, and what happened there.

aiohttp's own words are a repr of several lines at worst, and often without the address.
"""

import os
import re
import ssl

import aiohttp
from yarl import URL

_NEVER_MADE = (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError)


def words_of(error: BaseException, url: URL | str) -> str:
    """Return one line of a failure to connect to a URL, or of the end of such a connection."""
    address = authority(URL(url))
    if isinstance(error, _NEVER_MADE):
        return f"cannot connect to {address}: {_reason(error)}"
    if isinstance(error, aiohttp.ClientResponseError | aiohttp.http.HttpProcessingError):
        return f"{address} does not answer in HTTP: {_first_line(error.message)}"
    if isinstance(error, TimeoutError):
        return f"{address} does not answer in time"
    return f"the connection to {address} was cut: {_reason(error)}"


def authority(url: URL) -> str:
    """Return `host:port`, with brackets around an IPv6 address."""
    host = url.host or ""
    return f"[{host}]:{url.port}" if ":" in host else f"{host}:{url.port}"


def _reason(error: BaseException) -> str:
    """Return the system's words, without the numbers and brackets that others put around them."""
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        return _first_line(str(error.certificate_error))
    cause: BaseException = getattr(error, "os_error", error)
    if isinstance(cause, ssl.SSLError):
        return f"no TLS: {cause.reason or _first_line(str(cause))}".replace("_", " ").lower()
    if isinstance(cause, aiohttp.ServerDisconnectedError | aiohttp.ClientPayloadError):
        return "the server left"
    if isinstance(cause, TimeoutError):
        return "no answer in time"
    if isinstance(cause, OSError) and cause.errno is not None and cause.errno > 0:
        return os.strerror(cause.errno)
    strerror = getattr(cause, "strerror", None)  # of names that cannot be resolved
    return strerror or _first_line(str(cause)) or type(cause).__name__


def _first_line(text: str) -> str:
    return re.sub(r"\s+", " ", text.strip().partition("\n")[0]).rstrip(": ")
