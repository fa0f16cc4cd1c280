"""A class of ccxt that tells us what its connections hear, and that survives what it cannot read.

ccxt reads a connection no further when its own code fails at one message: it is silent until its
pings are missed. Here such a message is told and left out. Nor does it tell errors that nobody
waits for, such as that of a subscription which Kraken refuses.
"""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from feed.errors import SourceError, shorten
from feed.sources.exchanges.orders import Order

_SECURE = frozenset({"https", "wss"})
_FOR_SOCKETS = frozenset({"ws", "wss"})


class Listeners(NamedTuple):
    """Who is told.

    Attributes:
        heard: what a future is resolved with, and what it waits for.
        unreadable: an error that a message caused.
        refused: an error that nobody waits for.
    """

    heard: Callable[[object, object], None]
    unreadable: Callable[[Exception], None]
    refused: Callable[[object], None]


def make_exchange(order: Order, config: Mapping[str, object], listeners: Listeners) -> Any:  # noqa: ANN401 - of ccxt
    """Return an exchange of ccxt's that tells.

    Args:
        order: which, and the servers that speak for it.
        config: as ccxt takes it.
        listeners: who is told.

    Raises:
        SourceError: it does not have one of the URLs that are replaced.
    """
    import ccxt.pro  # noqa: PLC0415 - an extra, which changes aiohttp where it is imported

    name = order.exchange
    base: Any = getattr(ccxt.pro, name)

    def client(self: Any, address: str) -> Any:  # noqa: ANN401 - of ccxt
        is_new = address not in (self.clients or {})
        made = base.client(self, address)
        if is_new:
            _listen(made, listeners)
        return made

    exchange = type(name, (base,), {"client": client})(dict(config))
    if order.url:
        exchange.urls["api"] = at_server(exchange.urls["api"], order.url)
    for place, url in order.urls.items():
        _put(exchange.urls["api"], place, url)
    return exchange


def _put(urls: Any, place: str, url: str) -> None:  # noqa: ANN401 - as above
    """Replace one URL."""
    *path, last = place.split(".")
    for part in path:
        urls = urls.get(part) if isinstance(urls, dict) else None
    if not isinstance(urls, dict) or not isinstance(urls.get(last), str):
        known = ", ".join(map(str, urls)) if isinstance(urls, dict) else "none below it"
        raise SourceError(f"ccxt has no URL {shorten(place)}; there are: {known}")
    urls[last] = url


def drop_connections(exchange: Any, why: str) -> None:  # noqa: ANN401 - of ccxt
    """Give up the connections of an exchange, so that whoever asks for more opens others."""
    from ccxt.base.errors import NetworkError  # noqa: PLC0415 - as above

    for client in list((exchange.clients or {}).values()):
        if client.isConnected:
            client.on_error(NetworkError(why))


def at_server(urls: Any, server: str) -> Any:  # noqa: ANN401 - texts in maps in maps
    """Return the URLs of an exchange with another server in them, and the same paths."""
    if isinstance(urls, str):
        scheme, separator, rest = urls.partition("://")
        if not separator:
            return urls
        _, slash, path = rest.partition("/")
        told = urlsplit(server)
        secure = told.scheme in _SECURE
        kind = "ws" if scheme in _FOR_SOCKETS else "http"
        return f"{kind}{'s' if secure else ''}://{told.netloc}{told.path.rstrip('/')}{slash}{path}"
    if isinstance(urls, dict):
        return {key: at_server(value, server) for key, value in urls.items()}
    return urls


def _listen(client: Any, listeners: Listeners) -> None:  # noqa: ANN401 - of ccxt
    """Hear a connection that was made just now."""
    from ccxt.base import errors  # noqa: PLC0415 - as above

    # What ccxt raises when it does not find itself in a message; others are what exchanges say.
    lost = (errors.ArgumentsRequired, errors.BadSymbol, errors.NotSupported, errors.NullResponse)
    handle, resolve, reject = client.handle_message, client.resolve, client.reject

    def handle_message(message: object) -> None:
        try:
            handle(message)
        except lost as error:
            listeners.unreadable(error)
        except errors.BaseError as error:  # what the exchange says to all that is asked there
            client.reject(error)
        except Exception as error:  # noqa: BLE001 - of any kind: the next message may be good
            listeners.unreadable(error)

    def tell(result: object, message_hash: object) -> object:
        listeners.heard(result, message_hash)
        return resolve(result, message_hash)

    def tell_refused(error: object, message_hash: object = None) -> object:
        if message_hash is not None and message_hash not in client.futures:
            listeners.refused(error)
        return reject(error, message_hash)

    client.handle_message, client.resolve, client.reject = handle_message, tell, tell_refused
