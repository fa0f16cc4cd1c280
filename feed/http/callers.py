"""Callers: who asks, the same answer wherever an address, or the scheme of a request, is needed.

Where the peer is a proxy that is trusted it tells (`feed.trust.forwarding`), and that is kept with
the request; where it is not, who asks is the peer, and nothing is kept: most requests stay for as
long as their subscribers.
"""

import asyncio
import socket

from aiohttp import web

from feed.hub.connection import address_of
from feed.logger import logger_of
from feed.trust.addresses import address_in
from feed.trust.forwarding import FOR, FORWARDED, REAL_IP, Caller, TrustedProxies

_OF_PROXIES = frozenset(
    {
        "cdn-loop",
        "cf-connecting-ip",
        "fastly-client-ip",
        "feed-identity",
        "fly-client-ip",
        "forwarded",
        "true-client-ip",
        "via",
        "x-azure-clientip",
        "x-client-ip",
        "x-cluster-client-ip",
        "x-envoy-external-address",
        "x-original-forwarded-for",
        "x-real-ip",
    }
)
_OF_ANY_PROXY = "x-forwarded"  # with -For, -Host, -Proto, -Port …
_PROBES = frozenset({"/healthz", "/readyz"})  # by which proxies ask for themselves
_UNIX = getattr(socket, "AF_UNIX", None)  # Windows has none
_CALLER = web.RequestKey("caller", Caller)

log = logger_of("feed.proxies")


def note_caller(request: web.BaseRequest, proxies: TrustedProxies) -> None:
    """Keep with a request who asks, where a proxy is there that is trusted."""
    peer = peer_of(request.transport)
    if not proxies.trusts(peer):
        return
    request[_CALLER] = caller = proxies.caller(peer, request.headers)
    if not caller.forwarded and request.path not in _PROBES and proxies.note_silence():
        log.warning(
            "proxy_names_nobody",
            proxy=peer,
            counts_as="the client",
            accepted=f"one of {FORWARDED}, {FOR} and {REAL_IP}",
        )


def caller_of(request: web.BaseRequest) -> Caller:
    """Return who asks."""
    caller: Caller | None = request.get(_CALLER)
    if caller is None:
        return Caller(peer_of(request.transport), "https" if request.secure else "")
    return caller


def assume_caller(request: web.BaseRequest, address: str) -> None:
    """Keep with a request who asks, as an edge tells it whose word counts."""
    request[_CALLER] = Caller(address, forwarded=True)


def is_local(request: web.BaseRequest) -> bool:
    """Tell whether the peer is a program on this machine, and not a proxy for others."""
    names = map(str.lower, request.headers)
    if any(name in _OF_PROXIES or name.startswith(_OF_ANY_PROXY) for name in names):
        return False
    address = address_in(peer_of(request.transport))
    return address is not None and address.is_loopback


def comes_by_bus(request: web.BaseRequest) -> bool:
    """Tell whether it came by a socket of the file system: the bus, which edges alone may open."""
    transport = request.transport
    if transport is None:
        return False
    listener = transport.get_extra_info("socket")
    return listener is not None and listener.family == _UNIX


def hosts_of(request: web.BaseRequest) -> set[str]:
    """Return the hosts under which whoever asks may know this server.

    A proxy may tell one without its port, and keep the one that was asked for.
    """
    return {request.host} | ({told} if (told := caller_of(request).host) else set())


def peer_of(transport: asyncio.BaseTransport | None) -> str:
    """Return the address at the other end; "" where it is not known."""
    return "" if transport is None else address_of(transport)
