"""The names under which this server may be asked for.

A page of another site can point its own name at 127.0.0.1 (DNS rebinding); its requests then count
as of the same origin, and only `Host` tells them from others. So a server on a loopback address
answers to addresses, `localhost` and the machine's own name, and to others only if configured. A
server on any other address is checked once names are configured.
"""

import ipaddress
import socket
from collections.abc import Sequence

from aiohttp import hdrs, web

from feed.settings.options import is_loopback

ANY = "*"
_LOCAL = ("localhost", "*.localhost")


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
        self._accepted = ""  # the last that was: nearly all requests name the same

    def accept(self, authority: str) -> bool:
        """Tell whether a host, with or without a port, is one of ours; any address is."""
        if authority == self._accepted:
            return True
        host = _without_port(authority).rstrip(".").lower()
        is_ours = _is_address(host) or any(_matches(host, name) for name in self._names)
        if is_ours:
            self._accepted = authority
        return is_ours

    def refusal_of(self, request: web.BaseRequest) -> str | None:
        """Return why a request is misdirected, in words; None: it is not.

        The name stands in the target where that is a whole URL (RFC 9112 §3.2.2), else in `Host`;
        a request of HTTP/1.0 may have neither.
        """
        has_host = hdrs.HOST in request.headers or not request.raw_path.startswith(("/", "*"))
        asked = request.host if has_host else ""
        if not asked or request.path == "/healthz" or self.accept(asked):
            return None
        return (
            f"Host: {asked!r} is not a name of this server; accepted: addresses, "
            f"{', '.join(self._names)}, and names that are given to --allow-host"
        )


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
