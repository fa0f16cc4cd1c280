"""Recipes for proxies in front of a server: what `feed proxy` prints.

All of them encrypt and speak HTTP/2 towards browsers, so that a hundred streams of one page share a
connection; hand on what comes at once, and compressed streams as they are; let WebSockets through;
keep the host that was asked for, by which the server knows its own pages; and wait longer than the
longest silence of a server. Knows the settings, and touches nothing.

Sources: nginx's ngx_http_proxy_module and ngx_http_v2_module, HAProxy 2.6's configuration manual,
Caddy's `reverse_proxy`. Each recipe is run with Debian's program by `tests/e2e/test_proxies.py`.
"""

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from feed.errors import InvalidInput, InvalidParameter
from feed.program.listening import authority
from feed.settings.options import Settings

SILENCES = 3  # of the longest kind that a connection is kept for
STREAMS = 256  # of one browser over one connection; the usual limit is 100 or 128
_ANY_ADDRESS = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - what a proxy asks instead
_FOLDER = "/etc/ssl/feed"
_EXAMPLE = "feed.example.com"


class Proxy(StrEnum):
    """The programs that there are recipes for."""

    CADDY = "caddy"
    NGINX = "nginx"
    HAPROXY = "haproxy"


@dataclass(frozen=True, slots=True)
class Front:
    """What a recipe says.

    Attributes:
        name: under which the server is asked for.
        port: that the proxy listens on.
        certificate, key: their paths; "": the proxy's own business, where it has one.
        server: address and port of the server.
        address: of the proxy, on the same machine.
        idle_s: for how long a connection may be silent.
    """

    name: str
    port: int
    certificate: str
    key: str
    server: str
    address: str
    idle_s: int


def front_of(
    proxy: Proxy,
    settings: Settings,
    *,
    name: str | None,
    port: int,
    certificate: str | None,
    key: str | None,
) -> Front:
    """Return what a recipe says for a server with these settings.

    Raises:
        InvalidInput: the name is not one, or there is no use for a proxy.
    """
    if settings.tls_cert is not None:
        raise InvalidInput("feed proxy: accepted: settings without --tls-cert: the proxy encrypts")
    if name is not None and not re.fullmatch(r"[\w-]+(\.[\w-]+)*", name, re.ASCII):
        raise InvalidParameter("--name", name, "a host name, such as feed.example.com")
    for option, path in {"--cert": certificate, "--cert-key": key}.items():
        if path is not None and not re.fullmatch(r"[^\s\"'`;{}#$\\\0]+", path):
            accepted = "a path without spaces, quotes and signs that mean something to a proxy"
            raise InvalidParameter(option, path, accepted)
    named = [host for host in settings.allow_host if "*" not in host]
    longest_s = max(settings.keepalive_s, settings.mark_interval_s, settings.ping_interval_s)
    host = _ANY_ADDRESS.get(settings.host, settings.host)
    return Front(
        name or (named[0] if named else _EXAMPLE),
        port,
        *_pair(proxy, certificate, key),
        authority(host, settings.port),
        "127.0.0.1" if host == "localhost" else host,
        math.ceil(SILENCES * longest_s),
    )


def _pair(proxy: Proxy, certificate: str | None, key: str | None) -> tuple[str, str]:
    if certificate is None and proxy is Proxy.CADDY:
        return "", ""
    return certificate or f"{_FOLDER}/fullchain.pem", key or f"{_FOLDER}/privkey.pem"


def recipe(proxy: Proxy, front: Front) -> str:
    """Return the configuration of a proxy, with the server's own options in its first lines."""
    return (
        f"# {proxy} in front of feed. The server behind it has to know the name, and the proxy's\n"
        f"# address, if it is to know who asks:\n"
        f"#   feed serve --allow-host {front.name} --trust-proxy {front.address}\n"
        + _RECIPES[proxy](front)
    )


def _caddy(front: Front) -> str:
    tls = f"\n\ttls {front.certificate} {front.key}" if front.certificate else ""
    return f"""\
# Caddyfile: HTTP/1.1 and 2, and 3 where UDP reaches the port as well; a certificate of its own
# making unless one is named. It has no time-out for connections that are silent.
{front.name}:{front.port} {{{tls}
\treverse_proxy {front.server} {{
\t\tflush_interval -1
\t\theader_up -Forwarded
\t\theader_up -X-Forwarded-Prefix
\t\ttransport http {{
\t\t\tcompression off
\t\t\tkeepalive 60s
\t\t}}
\t}}
}}
"""


def _nginx(front: Front) -> str:
    return f"""\
# A file of /etc/nginx/conf.d. Each subscriber takes two of worker_connections, in nginx.conf.
upstream feed {{
    server {front.server};
    keepalive 32;
}}
map $http_upgrade $feed_connection {{
    default upgrade;
    '' '';
}}
server {{
    listen {front.port} ssl http2;
    server_name {front.name};
    ssl_certificate {front.certificate};
    ssl_certificate_key {front.key};
    ssl_protocols TLSv1.2 TLSv1.3;
    http2_max_concurrent_streams {STREAMS};
    large_client_header_buffers 4 64k;  # a query may name thousands of symbols
    location / {{
        proxy_pass http://feed;
        proxy_http_version 1.1;
        proxy_set_header Host $http_host;
        proxy_set_header Upgrade $http_upgrade;
        proxy_set_header Connection $feed_connection;
        proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
        proxy_set_header X-Forwarded-Proto $scheme;
        proxy_set_header X-Forwarded-Host $http_host;
        proxy_set_header X-Forwarded-Prefix "";  # nobody else says these
        proxy_set_header Forwarded "";
        proxy_buffering off;
        gzip off;
        proxy_read_timeout {front.idle_s}s;
        proxy_send_timeout {front.idle_s}s;
    }}
}}
"""


def _haproxy(front: Front) -> str:
    return f"""\
# haproxy.cfg. The file after crt holds the certificate, its chain and its key. Connections are
# as many as open files allow (ulimit -n): two for each subscriber.
global
    tune.h2.max-concurrent-streams {STREAMS}
    ssl-default-bind-options ssl-min-ver TLSv1.2
defaults
    mode http
    timeout connect 5s
    timeout http-request 10s
    timeout http-keep-alive 60s
    timeout check 10s  # else 1s, as it asks: whoever is late is not away
    timeout client {front.idle_s}s
    timeout server {front.idle_s}s
    timeout tunnel {front.idle_s}s
frontend feed
    bind :{front.port} ssl crt {front.certificate} alpn h2,http/1.1
    option forwardfor
    option http-no-delay
    http-request set-header X-Forwarded-Proto https
    http-request set-header X-Forwarded-Host %[req.hdr(Host)]
    http-request del-header X-Forwarded-Prefix
    http-request del-header Forwarded
    default_backend feed
backend feed
    option http-no-delay
    option httpchk GET /readyz
    http-check expect status 200
    server feed {front.server} check inter 1s
"""


_RECIPES: dict[Proxy, Callable[[Front], str]] = {
    Proxy.CADDY: _caddy,
    Proxy.NGINX: _nginx,
    Proxy.HAPROXY: _haproxy,
}
