"""The names under which this server may be asked for.

A page of another site can point its own name at 127.0.0.1 (DNS rebinding); its requests then count
as of the same origin, and only `Host` tells them from others. So a server on a loopback address
answers to addresses, `localhost` and the machine's own name, and to others only if configured. A
server on any other address is checked once names are configured. What is no host at all is refused
everywhere (RFC 9112 §3.2): proxies and servers that read it differently are led astray by it.
"""

import ipaddress
import re
import socket
from collections.abc import Sequence
from http import HTTPStatus

from aiohttp import hdrs, web

from feed.settings.options import is_loopback

ANY = "*"
_LOCAL = ("localhost", "*.localhost")
_MAX_PORT = 65_535
# RFC 3986 §3.2.2 and §3.2.3; a name may be percent-encoded, and an address may name its zone.
_AUTHORITY = re.compile(r"(?:\[([^\]]+)\]|[\w.~!$&'()*+,;=%-]+)(?::(\d{0,5}))?", re.ASCII)
Refusal = tuple[HTTPStatus, str]


class Hosts:
    """The accepted names; whole ones, `*.` and a domain, or `*`."""

    __slots__ = ("_accepted", "_names")

    def __init__(self, listens_on: str, allowed: Sequence[str]) -> None:
        """Accept names.

        Args:
            listens_on: the address that the server listens on.
            allowed: more names; if there are any, the server is checked wherever it listens.
        """
        machine = socket.gethostname().lower()
        names = (*_LOCAL, machine, f"{machine}.local", *(name.lower() for name in allowed))
        self._names = names if allowed or is_loopback(listens_on) else (ANY,)
        self._accepted: str | None = None  # the last that was: nearly all requests name the same

    def accept(self, authority: str) -> bool:
        """Tell whether a host, with or without a port, is one of ours; any address is."""
        if authority == self._accepted:
            return True
        host = _without_port(authority).removesuffix(".").lower()
        is_ours = _is_address(host) or any(_matches(host, name) for name in self._names)
        if is_ours:
            self._accepted = authority
        return is_ours

    def refusal_of(self, request: web.BaseRequest) -> Refusal | None:
        """Return the status and the words that refuse a request's host; None: it is one of ours.

        The name stands in the target where that is a whole URL (RFC 9112 §3.2.2), else in `Host`;
        a request of HTTP/1.0 may have neither.
        """
        header = request.headers.get(hdrs.HOST)
        asked = _authority_in(request)
        for authority in (header, asked):
            if authority is not None and not self._is_authority(authority):
                words = (
                    f"Host: {authority!r} is not a host; accepted: a name or address, and a port"
                )
                return HTTPStatus.BAD_REQUEST, words
        asked = header if asked is None else asked
        if asked is None or request.path == "/healthz" or self.accept(asked):
            return None
        return HTTPStatus.MISDIRECTED_REQUEST, (
            f"Host: {asked!r} is not a name of this server; accepted: addresses, "
            f"{', '.join(self._names)}, and names that are given to --allow-host"
        )

    def _is_authority(self, text: str) -> bool:
        """Tell whether a text is a host, with or without a port."""
        if text == self._accepted:
            return True
        found = _AUTHORITY.fullmatch(text)
        if found is None:
            return False
        address, port = found.groups()
        return (address is None or _is_address(address)) and int(port or 0) <= _MAX_PORT


def _authority_in(request: web.BaseRequest) -> str | None:
    """Return the host in a target that is a whole URL; None: it is a path, or `*`."""
    target = request.raw_path
    if target.startswith("/") or target == "*":
        return None
    return re.split("[/?#]", target.partition("://")[2] or target, maxsplit=1)[0]


def _without_port(authority: str) -> str:
    if authority.startswith("["):
        return authority[1:].partition("]")[0]
    return authority.partition(":")[0]


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _matches(host: str, name: str) -> bool:
    if name.startswith("*."):
        return host.endswith(name[1:]) and len(host) > len(name) - 1
    return name in {ANY, host}
