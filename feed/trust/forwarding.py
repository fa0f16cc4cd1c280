"""Who asks, where proxies in between tell it: Forwarded, X-Forwarded-For and its like, X-Real-IP.

Anybody can send these headers, so they say something only where the peer is a proxy that is
trusted. Such a proxy appends whom it was asked by; so what is told is read from its end, and the
first one from there that is not a trusted proxy itself is who asks. Whatever stands before that
was said by somebody who is not trusted.

A proxy hands on the kind of header that it does not speak as it came. So where both kinds are
there, and tell different clients, one of them is a stranger's: neither is believed, and who asks
is the proxy. What cannot be read tells another client than what can. X-Real-IP is one address,
which its proxy puts in the place of what came; it says something only where neither of the others
is there, since proxies that append to those may hand it on. Knows no request: a decision on texts.

Source: RFC 7239; RFC 9110 §5.3 for several lines of a header.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from feed.trust.addresses import Address, Networks, address_in, place_of
from feed.trust.credentials import Headers

FOR, PROTO, HOST, PREFIX = (f"X-Forwarded-{name}" for name in ("For", "Proto", "Host", "Prefix"))
FORWARDED = "Forwarded"
REAL_IP = "X-Real-IP"
_MOST_HOPS = 32  # that are looked at, from the end
_MOST_LETTERS = 255
# RFC 7239 §4: a token or a quoted string, in which a backslash stands before any character.
_PAIR = re.compile(r'\s*([!#$%&\'*+.^_`|~\w-]+)=("(?:[^"\\]|\\.)*"|[^\s",;]*)\s*(;|,|$)', re.ASCII)
_HOST = re.compile(r"(?:\[[0-9A-Fa-f:.]+\]|[\w.-]+)(?::\d{1,5})?", re.ASCII)
_PREFIX = re.compile(r"(?:/[\w.~-]+)+/?", re.ASCII)
_SCHEMES = {"http", "https"}


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks.

    Attributes:
        address: theirs, as far as it is known; "": it is not.
        scheme: by which they ask, `http` or `https`; "": a proxy may hide that.
        host: under which they ask; "": as the request has it.
        prefix: of the paths, which a proxy takes off: `/feed`, or "".
        forwarded: a proxy tells it, that is trusted or not.
    """

    address: str
    scheme: str = ""
    host: str = ""
    prefix: str = ""
    forwarded: bool = False

    @property
    def place(self) -> str:
        """What their address counts as in limits; "": nobody's."""
        return place_of(self.address, proxied=self.forwarded)


@dataclass(frozen=True, slots=True)
class _Hop:
    """What one proxy tells of whom it was asked by."""

    client: str
    scheme: str = ""
    host: str = ""


_UNKNOWN = _Hop("")


class TrustedProxies:
    """The proxies whose word on others counts."""

    __slots__ = ("_networks", "_one_was_silent")

    def __init__(self, networks: Sequence[str] = ()) -> None:
        """Trust proxies of some networks.

        Raises:
            ValueError: one is not a network.
        """
        self._networks = Networks(networks)
        self._one_was_silent = False

    def trusts(self, peer: str) -> bool:
        """Tell whether a peer is one of them."""
        return bool(self._networks) and address_in(peer) in self._networks

    def caller(self, peer: str, headers: Headers) -> Caller:
        """Return who asks, by the headers of a trusted proxy.

        Args:
            peer: the proxy's own address.
            headers: of the request.
        """
        told = _of_forwarded(headers)
        told_for = _of_x_forwarded(headers)
        hop = self._first_stranger(told)
        hop_for = self._first_stranger(told_for)
        if hop is not None and hop_for is not None and hop.client != hop_for.client:
            return Caller(peer, forwarded=True)
        found = hop or hop_for or self._first_stranger(_of_real_ip(headers))
        scheme = found.scheme if found and found.scheme else _last(headers, PROTO)
        host = found.host if found and found.host else _last(headers, HOST)
        return Caller(
            address=found.client if found and found.client else peer,
            scheme=scheme.lower() if scheme.lower() in _SCHEMES else "",
            host=_if_short(_HOST, host),
            prefix=_if_short(_PREFIX, _last(headers, PREFIX)).rstrip("/"),
            forwarded=found is not None,
        )

    def note_silence(self) -> bool:
        """Note that one of them did not tell whom it was asked by; tell whether it is the first."""
        is_first, self._one_was_silent = not self._one_was_silent, True
        return is_first

    def _first_stranger(self, hops: Sequence[_Hop]) -> _Hop | None:
        """Return the hop of the client: the last one that is not of a trusted proxy.

        Where one is not an address, who is before it is not known: the proxy that says so stands
        for them, which is the hop behind it.
        """
        known: _Hop | None = None
        for hop in reversed(hops[-_MOST_HOPS:]):
            address = _address(hop.client)
            if address is None:
                return known or _Hop("", hop.scheme, hop.host)
            known = _Hop(str(address), hop.scheme, hop.host)
            if address not in self._networks:
                return known
        return known


def _of_x_forwarded(headers: Headers) -> list[_Hop]:
    clients, schemes = _items(headers, FOR), _items(headers, PROTO)
    if len(schemes) != len(clients):  # most proxies put theirs in place of what came
        schemes = [schemes[-1] if schemes else ""] * len(clients)
    return [_Hop(client, scheme) for client, scheme in zip(clients, schemes, strict=True)]


def _of_forwarded(headers: Headers) -> list[_Hop]:
    """Read `Forwarded`; where it cannot be read as a whole, nobody knows who asks."""
    hops: list[_Hop] = []
    for text in headers.getall(FORWARDED, ()):
        pairs: dict[str, str] = {}
        at = 0
        while at < len(text):
            found = _PAIR.match(text, at)
            if found is None:
                return [_UNKNOWN]
            name, value, end = found.groups()
            if name.lower() in pairs:  # which may not be, and others read the other one
                return [_UNKNOWN]
            if value.startswith('"'):
                value = re.sub(r"\\(.)", r"\1", value[1:-1])
            pairs[name.lower()] = value
            at = found.end()
            if end != ";":
                told = (pairs.get(name, "") for name in ("for", "proto", "host"))
                hops.append(_Hop(*told))
                pairs = {}
                if not end:
                    break
    return hops


def _of_real_ip(headers: Headers) -> list[_Hop]:
    """Read `X-Real-IP`, where nothing else tells; of several nobody knows which is true."""
    told = headers.getall(REAL_IP, ())
    if not told or headers.getall(FORWARDED, ()) or headers.getall(FOR, ()):
        return []
    return [_Hop(told[0])] if len(told) == 1 else [_UNKNOWN]


def _items(headers: Headers, name: str) -> list[str]:
    return [item.strip() for line in headers.getall(name, ()) for item in line.split(",")]


def _last(headers: Headers, name: str) -> str:
    """Return what the last proxy tells; "" where it tells nothing."""
    items = _items(headers, name)
    return items[-1] if items else ""


def _address(text: str) -> Address | None:
    """Return the address in a node (RFC 7239 §6), with or without a port; None: it has none."""
    text = text.strip()
    if text.startswith("["):
        return address_in(text[1:].partition("]")[0])
    if text.count(":") == 1:
        text = text.partition(":")[0]
    return address_in(text)


def _if_short(pattern: re.Pattern[str], text: str) -> str:
    return text if len(text) <= _MOST_LETTERS and pattern.fullmatch(text) else ""
