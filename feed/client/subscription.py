"""The subscription of a client, written as each transport wants it. Knows no socket."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, cast, get_args

from yarl import URL

from feed.client.arguments import check_choice
from feed.errors import InvalidParameter
from feed.market.intervals import parse_interval
from feed.market.symbols import ALL, SYMBOL_SHAPE, is_symbol
from feed.market.ticks import Channel
from feed.market.word_channels import WORD_CHANNELS, WordChannel
from feed.wire.projection import EVERY_LETTER, check_fields
from feed.wire.word_keys import WORD_KEYS

Symbols = str | Iterable[str]
AnyChannel = Channel | WordChannel
Fields = str | Iterable[str]
OnLagName = Literal["gap", "conflate", "disconnect"]

_SCHEMES = {"http": "http", "https": "https", "ws": "http", "wss": "https"}
_ENDPOINTS = ("/v1/ws", "/v1/sse", "/v1/stream")


@dataclass(frozen=True, slots=True)
class Subscription:
    """Channels × symbols, and how they are to come.

    Attributes:
        symbols: per channel, at least one in all; "*" stands for every symbol. Of channels of words
            their keys.
        conflate: per channel its interval, as the server reads it ("250ms").
        on_lag: the action of the server when the ring overruns us; None leaves it to the server.
        fields: the keys that ticks are to have, beside `T` and `S`; None: all.
    """

    symbols: Mapping[AnyChannel, tuple[str, ...]]
    conflate: Mapping[str, str]
    on_lag: OnLagName | None = None
    fields: tuple[str, ...] | None = None

    @classmethod
    def of(
        cls,
        symbols: Mapping[Channel, Symbols]
        | Mapping[WordChannel, Symbols]
        | Mapping[AnyChannel, Symbols],
        conflate: Mapping[str, str] | None = None,
        on_lag: OnLagName | None = None,
        fields: Fields | None = None,
    ) -> "Subscription":
        """Check what a caller wrote; a text is one symbol, or several with commas.

        Raises:
            InvalidParameter: a text is not a symbol or an id, `conflate`, `on_lag` or `fields` is
                not accepted, or there is nothing to subscribe to.
        """
        listed = {channel: tuple(_listed(channel, wanted)) for channel, wanted in symbols.items()}
        listed = {channel: wanted for channel, wanted in listed.items() if wanted}
        if not listed:
            raise InvalidParameter("symbols", "", "at least one symbol, or '*', in some channel")
        _check_conflate(conflate)
        if on_lag is not None:
            check_choice("on_lag", on_lag, get_args(OnLagName))
        return cls(listed, dict(conflate or {}), on_lag, _fields(fields, listed))

    @property
    def letters(self) -> frozenset[str] | None:
        """The keys that ticks have; None: all."""
        return None if self.fields is None else frozenset({"T", "S", *self.fields})

    def query(
        self, *, after: str | None, snapshot: bool, last: int | None = None
    ) -> dict[str, str]:
        """Return the parameters of a URL."""
        query = {channel.value: ",".join(symbols) for channel, symbols in self.symbols.items()}
        if self.conflate:
            query["conflate"] = ",".join(f"{name}:{every}" for name, every in self.conflate.items())
        if self.on_lag is not None:
            query["on_lag"] = self.on_lag
        if self.fields is not None:
            query["fields"] = ",".join(self.fields)
        if after is not None:
            query["after"] = after
        if last is not None:
            query["last"] = str(last)
        if snapshot:
            query["snapshot"] = "1"
        return query

    def message(
        self, *, after: str | None, snapshot: bool, last: int | None = None
    ) -> dict[str, Any]:
        """Return the `subscribe` message of a WebSocket; marks are asked for, to resume by."""
        message: dict[str, Any] = {"action": "subscribe", "marks": True}
        message |= {channel.value: list(symbols) for channel, symbols in self.symbols.items()}
        if self.conflate:
            message["conflate"] = dict(self.conflate)
        if self.on_lag is not None:
            message["on_lag"] = self.on_lag
        if self.fields is not None:
            message["fields"] = list(self.fields)
        if after is not None:
            message["after"] = after
        if last is not None:
            message["last"] = last
        if snapshot:
            message["snapshot"] = True
        return message

    def acknowledgement(self) -> dict[str, Any]:
        """Return the `subscription` message with which a server confirms this."""
        words = [channel for channel in WORD_CHANNELS if channel in self.symbols]
        return {"T": "subscription"} | {
            channel.value: list(self.symbols.get(channel, ())) for channel in (*Channel, *words)
        }


def parse_url(url: str) -> URL:
    """Return the base of a server, with an HTTP scheme.

    Raises:
        InvalidParameter: it is not such a URL.
    """
    accepted = "the base of a server, such as http://127.0.0.1:8080"
    try:
        base = URL(url)
    except (TypeError, ValueError):
        raise InvalidParameter("url", url, accepted) from None
    known = base.scheme in _SCHEMES and _is_host(base.host or "") and base.port
    if not known or base.query_string or base.fragment:
        raise InvalidParameter("url", url, accepted)
    if base.path.rstrip("/").endswith(_ENDPOINTS):
        raise InvalidParameter("url", url, f"{accepted}, without the path of one transport")
    return base.with_scheme(_SCHEMES[base.scheme])


def _is_host(text: str) -> bool:
    """Tell whether a text can be looked up: Python's own way of doing so raises otherwise."""
    if ":" in text:  # an IPv6 address, which yarl has read
        return True
    try:
        return bool(text.encode("idna")) and text.isprintable() and " " not in text
    except UnicodeError:
        return False


def _check_conflate(conflate: object) -> None:
    if conflate is None:
        return
    if not isinstance(conflate, Mapping):
        accepted = "intervals by channel, such as {'quotes': '250ms'}"
        raise InvalidParameter("conflate", conflate, accepted)
    for channel, interval in conflate.items():
        check_choice("conflate", channel, tuple(Channel))
        parse_interval(interval, "conflate")


def _fields(wanted: object, symbols: Iterable[AnyChannel]) -> tuple[str, ...] | None:
    """Return the keys that a caller wants, sorted; a text is one, or several with commas."""
    if wanted is None:
        return None
    parts = wanted.split(",") if isinstance(wanted, str) else wanted
    if not isinstance(parts, Iterable):
        raise InvalidParameter("fields", wanted, "keys of ticks, such as ['p', 's', 't']")
    letters = tuple(parts)
    unknown = next((each for each in letters if each not in EVERY_LETTER), None)
    if unknown is not None or not letters:
        accepted = f"keys of ticks: {', '.join(sorted(EVERY_LETTER))}"
        raise InvalidParameter("fields", unknown if letters else wanted, accepted)
    check_fields(frozenset(letters), cast("Iterable[Channel]", symbols))
    return tuple(sorted(set(letters)))


def _listed(channel: AnyChannel, wanted: object) -> list[str]:
    accepted = f"'*' for every symbol, or {SYMBOL_SHAPE}"
    is_accepted: Callable[[str], bool] = _is_symbol
    if isinstance(channel, WordChannel):
        accepted, is_accepted = WORD_KEYS[channel].shape, WORD_KEYS[channel].accept
    if isinstance(wanted, str):
        symbols = wanted.split(",") if wanted else []
    elif isinstance(wanted, Iterable):
        symbols = list(wanted)
    else:
        raise InvalidParameter(channel, wanted, f"{accepted}; a list of them")
    for symbol in symbols:
        if not (isinstance(symbol, str) and is_accepted(symbol)):
            raise InvalidParameter(channel, symbol, accepted)
    return symbols


def _is_symbol(text: str) -> bool:
    return text == ALL or is_symbol(text)
