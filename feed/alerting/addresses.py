"""The addresses that webhooks may go to: public ones alone, however they are spelled.

A resolver is not asked for addresses that stand in a URL, so each socket is looked at when it is
made, with the address that it will really connect to. Knows no URL of anybody.
"""

import errno
import ipaddress
import socket

from aiohttp.connector import AddrInfoType
from yarl import URL

from feed.errors import InvalidParameter

MAX_URL_LENGTH = 2_048
_SCHEMES = frozenset({"http", "https"})
_ACCEPTED = (
    f"an http or https URL of at most {MAX_URL_LENGTH} characters, without a user and a fragment"
)
_PUBLIC = "a URL on a public address; others are allowed by --alerts-allow-private"
_GLOBAL_UNICAST = ipaddress.IPv6Network("2000::/3")  # RFC 4291 §2.4: all that is assigned
# Ways to other addresses: 6to4 (RFC 3056), Teredo (RFC 4380), and the anycast of 6to4 relays.
_WAYS = (ipaddress.IPv6Network("2002::/16"), ipaddress.IPv6Network("2001::/32"))
_RELAYS = ipaddress.IPv4Network("192.88.99.0/24")


class ForbiddenAddress(OSError):
    """A webhook would go to an address that is not public; which, its owner is not told."""

    def __init__(self) -> None:
        """Say so where connectors look: in what the system says."""
        super().__init__(errno.EACCES, "its address is not public")


def is_public(address: str) -> bool:
    """Tell whether an address, as a socket has it, is of the public internet.

    Addresses that hold others (IPv4-mapped, NAT64, 6to4, Teredo) are none, whatever they hold.
    """
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return False
    if parsed.is_multicast or parsed.is_reserved or not parsed.is_global:
        return False
    if isinstance(parsed, ipaddress.IPv4Address):
        return parsed not in _RELAYS
    return parsed in _GLOBAL_UNICAST and not any(parsed in way for way in _WAYS)


def public_socket(info: AddrInfoType) -> socket.socket:
    """Return a socket for an address that was resolved, if it is public.

    Raises:
        ForbiddenAddress: it is not.
    """
    family, kind, protocol, _, address = info
    if family not in {socket.AF_INET, socket.AF_INET6} or not is_public(str(address[0])):
        raise ForbiddenAddress
    made = socket.socket(family, kind, protocol)
    made.setblocking(False)
    return made


def check_url(text: str, *, allow_private: bool, parameter: str = "webhook.url") -> None:
    """Refuse a URL that no webhook goes to, as far as it can be known without resolving names.

    Raises:
        InvalidParameter: it is not accepted.
    """
    if len(text) > MAX_URL_LENGTH or not text.isprintable() or " " in text:
        raise InvalidParameter(parameter, text, _ACCEPTED)
    try:
        url = URL(text)
        host, port = url.host, url.port
    except ValueError:
        raise InvalidParameter(parameter, text, _ACCEPTED) from None
    has_more = url.user is not None or url.password is not None or url.fragment
    if url.scheme not in _SCHEMES or not host or not port or has_more:
        raise InvalidParameter(parameter, text, _ACCEPTED)
    literal = _literal(host)
    is_local = host.rstrip(".").lower().rpartition(".")[2] == "localhost"  # RFC 6761 §6.3
    if not allow_private and (is_local or (literal is not None and not is_public(literal))):
        raise InvalidParameter(parameter, text, _PUBLIC)


def _literal(host: str) -> str | None:
    """Return the address that a host is, in any spelling that a resolver takes; None: a name."""
    try:
        return socket.inet_ntoa(socket.inet_aton(host.rstrip(".")))  # 127.1, 0x7f000001, 017700…
    except (OSError, UnicodeError):
        return host if ":" in host else None
