"""Addresses: which somebody comes from, and which of them count as one.

Whoever has an IPv6 address has at least 2^64 of them, so that those of a /64 count as one
(RFC 6177 §2). Programs on this machine count for nobody.
"""

import ipaddress
from collections.abc import Iterable
from functools import lru_cache

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network
_SITE_BITS = 64
_REMEMBERED = 4_096


def address_in(text: str) -> Address | None:
    """Return the address that a text is, an IPv4 one where it is mapped to IPv6; None: it is none.

    A zone, which only means something on its own machine, is left out.
    """
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


@lru_cache(_REMEMBERED)
def place_of(text: str, *, proxied: bool = False) -> str:
    """Return what an address counts as: itself, or its /64.

    It is "" for programs on this machine, and for what is no address: they count for nobody.

    Args:
        text: the address.
        proxied: it comes through a proxy, so that the one of this machine may stand for anybody.
    """
    address = address_in(text)
    if address is None or (address.is_loopback and not proxied):
        return ""
    if isinstance(address, ipaddress.IPv4Address):
        return str(address)
    return str(ipaddress.ip_network((address, _SITE_BITS), strict=False))


class Networks:
    """A set of networks."""

    __slots__ = ("_networks",)

    def __init__(self, written: Iterable[str] = ()) -> None:
        """Read networks such as `10.0.0.0/8`, or single addresses.

        Raises:
            ValueError: one of them is not a network.
        """
        self._networks = tuple(map(network_in, written))

    def __bool__(self) -> bool:
        return bool(self._networks)

    def __contains__(self, address: Address | None) -> bool:
        return address is not None and any(
            address.version == network.version and address in network for network in self._networks
        )


def network_in(text: str) -> Network:
    """Return the network that a text is.

    Raises:
        ValueError: it is none, or has bits beyond its prefix.
    """
    network = ipaddress.ip_network(text)
    mapped = getattr(network.network_address, "ipv4_mapped", None)
    if mapped is None:
        return network
    return ipaddress.ip_network((mapped, max(0, network.prefixlen - 96)))
