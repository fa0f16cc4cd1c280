"""The address of a cluster: `nats://HOST:PORT[,HOST2:PORT2]/NAME`."""

import re
from dataclasses import dataclass

from yarl import URL

from feed.cluster.names import Names
from feed.errors import InvalidParameter

DEFAULT_NAME = "feed"
DEFAULT_PORT = 4222
ACCEPTED = (
    "nats://HOST:PORT[,HOST2:PORT2]/NAME, where NAME, feed by default, is of up to 32 letters, "
    "digits, - and _; no user nor password, which come from variables or a file"
)
_ADDRESS = re.compile(r"nats://([^/?#@]+)(?:/([A-Za-z0-9_-]{1,32})?)?")
_MOST_PORT = 65_535


@dataclass(frozen=True, slots=True)
class BusAddress:
    """Where a cluster is.

    Attributes:
        servers: of NATS, each as a URL with a port.
        names: of what it has there.
    """

    servers: tuple[str, ...]
    names: Names

    @classmethod
    def parse(cls, text: str, parameter: str) -> "BusAddress":
        """Read an address.

        Raises:
            InvalidParameter: it is none; the error names `parameter`.
        """
        match = _ADDRESS.fullmatch(text)
        servers = [] if match is None else [_server(each) for each in match[1].split(",")]
        known = [server for server in servers if server is not None]
        if match is None or len(known) < len(servers):
            raise InvalidParameter(parameter, text, ACCEPTED)
        return cls(tuple(known), Names(match[2] or DEFAULT_NAME))

    def __str__(self) -> str:
        places = ",".join(server.partition("://")[2] for server in self.servers)
        return f"nats://{places}/{self.names.cluster}"


def _server(place: str) -> str | None:
    """Return the URL of a server; None: that is no host, or no port."""
    try:
        url = URL(f"nats://{place}")
        host, port = url.host, url.explicit_port
    except ValueError:
        return None
    port = DEFAULT_PORT if port is None else port
    if not host or any(character.isspace() for character in host) or not 0 < port <= _MOST_PORT:
        return None
    shown = f"[{host}]" if ":" in host else host
    return f"nats://{shown}:{port}"
