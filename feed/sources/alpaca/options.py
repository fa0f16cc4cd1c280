"""The options of a source that reads the dialect from a server."""

from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field
from pydantic_settings import NoDecode
from yarl import URL

from feed.errors import shorten
from feed.market.symbols import ALL, SYMBOL_SHAPE, is_symbol
from feed.market.ticks import Channel
from feed.sources.alpaca.endpoint import Endpoint, endpoint_of
from feed.sources.options import (
    SYMBOLS_WORDS,
    Accepts,
    KeyFile,
    SourceOptions,
    not_a_boolean,
    refusal,
    split_at_commas,
)
from feed.sources.source import Source

MOST_SYMBOLS = 5_000
_NO_KEYS = (
    "no key on a command line, which others see: it comes from the variables APCA_API_KEY_ID and "
    "APCA_API_SECRET_KEY, or from the file that --credentials names"
)


def _is_endpoint(value: str) -> str:
    try:
        url = URL(value)
    except ValueError:
        raise refusal(AlpacaOptions.accepted_words()) from None
    if url.user is not None or url.password is not None:
        raise refusal(_NO_KEYS)
    if url.scheme not in {"ws", "wss"} or not url.host or url.query_string or url.fragment:
        raise refusal(AlpacaOptions.accepted_words())
    return value


def _parts(value: object) -> object:
    return split_at_commas(not_a_boolean(value))


def _are_symbols(value: tuple[str, ...]) -> tuple[str, ...]:
    if not value or len(value) > MOST_SYMBOLS or len(set(value)) < len(value):
        raise refusal(f"from 1 to {MOST_SYMBOLS:,} symbols, each once")
    if ALL in value and len(value) > 1:
        raise refusal(f"{ALL} alone, or symbols without it")
    if refused := [each for each in value if each != ALL and not is_symbol(each)]:
        raise refusal(f"{ALL}, or {SYMBOL_SHAPE}; {shorten(refused[0])} is none")
    if value[0].isdecimal() and len(value) == 1:  # how many, as of the simulated market
        raise refusal(f"{ALL}, or the names of symbols such as AAPL,MSFT, and not how many")
    return value


def _are_channels(value: tuple[str, ...]) -> tuple[str, ...]:
    if not value or len(set(value)) < len(value):
        raise ValueError("one comes twice")
    if refused := [each for each in value if each not in list(Channel)]:
        told = shorten(refused[0])
        raise refusal(f"some of {', '.join(Channel)}; there are no ticks for {told} here")
    return value


class AlpacaOptions(SourceOptions):
    """The market-data dialect of a server: Alpaca's, or another feed's."""

    usage = "alpaca:URL"
    keys_come = _NO_KEYS
    where = "URL is a WebSocket of the dialect, such as wss://stream.data.alpaca.markets/v2/iex"

    place: Annotated[str, AfterValidator(_is_endpoint)]
    symbols: Annotated[
        tuple[str, ...],
        NoDecode,
        BeforeValidator(_parts),
        AfterValidator(_are_symbols),
        Accepts("* for all, or symbols such as AAPL,MSFT"),
    ] = Field(default=(ALL,), description=SYMBOLS_WORDS)
    channels: Annotated[
        tuple[str, ...],
        NoDecode,
        BeforeValidator(_parts),
        AfterValidator(_are_channels),
        Accepts(f"some of {', '.join(Channel)}"),
    ] = Field(
        default=(),
        description="Channels to subscribe to; with bars, those of the server stand in place of "
        "ours. By default trades, quotes and, of shares, statuses.",
    )
    upstream_codec: Annotated[Literal["json", "msgpack"] | None, Accepts("json or msgpack")] = (
        Field(
            default=None,
            description="Codec to ask the server for; by default json, msgpack of options.",
        )
    )
    silence_s: Annotated[
        Annotated[
            float, BeforeValidator(not_a_boolean), Field(ge=0, le=86_400, allow_inf_nan=False)
        ],
        Accepts("seconds, from 0 (for ever) to 86400"),
    ] = Field(
        default=120.0,
        description="Connect anew when a server told nothing for so long, though it answers pings.",
    )
    credentials: KeyFile = Field(
        default=None,
        description="File with lines APCA_API_KEY_ID=… and APCA_API_SECRET_KEY=…, in place of the "
        "variables.",
    )

    @property
    def endpoint(self) -> Endpoint:
        """What the path of the URL says."""
        return endpoint_of(URL(self.place).path)

    def make(self) -> Source:
        """Return what reads it."""
        from feed.sources.alpaca.link import Wish  # noqa: PLC0415 - brings aiohttp
        from feed.sources.alpaca.source import AlpacaSource  # noqa: PLC0415

        wish = Wish(
            URL(self.place),
            tuple(map(Channel, self.channels)) or self.endpoint.channels,
            self.symbols,
            self.upstream_codec or self.endpoint.codec,
        )
        return AlpacaSource(
            wish, self.endpoint, silence_s=self.silence_s, credentials=self.credentials or ""
        )

    def describe(self) -> str:
        """Return which server it is."""
        return f"what {self.place} tells"
