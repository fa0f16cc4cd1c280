"""The options of a source of the dialect: what they accept, and what a path says."""

from typing import Any

import pytest

from feed.errors import InvalidInput
from feed.market.ticks import Channel
from feed.settings.load import load_settings
from feed.sources.alpaca.options import AlpacaOptions
from feed.sources.alpaca.source import AlpacaSource

URL = "wss://stream.data.alpaca.markets"


def source_of(text: str, **options: Any) -> AlpacaSource:
    _, [chosen] = load_settings({"source": [text], **options})
    assert isinstance(chosen.options, AlpacaOptions)
    made = chosen.options.make()
    assert isinstance(made, AlpacaSource)
    return made


@pytest.mark.parametrize(
    ("path", "asset_class", "statuses", "codec"),
    [
        ("/v2/sip", "us_equity", True, "json"),
        ("/v1beta1/overnight", "us_equity", True, "json"),
        ("/v1beta3/crypto/us", "crypto", False, "json"),
        ("/v1beta1/opra", "us_option", False, "msgpack"),
        ("/v1/ws", "", True, "json"),
        ("", "", True, "json"),
    ],
)
def test_a_path_says_what_is_there(
    path: str, asset_class: str, codec: str, *, statuses: bool
) -> None:
    source = source_of(f"alpaca:{URL}{path}")
    assert (source._endpoint.asset_class, source._wish.codec) == (asset_class, codec)
    assert (Channel.STATUSES in source._wish.channels) is statuses
    assert source._wish.symbols == ("*",)
    assert source.recorded_kinds == frozenset()


def test_options_stand_in_the_text_or_beside_it() -> None:
    told = f"md=alpaca:{URL}/v2/sip?symbols=AAPL,BRK.B&channels=trades,bars&upstream-codec=msgpack"
    source = source_of(told, silence_s="0")
    assert source._wish.symbols == ("AAPL", "BRK.B")
    assert source._wish.channels == (Channel.TRADES, Channel.BARS)
    assert source._wish.codec == "msgpack"
    assert source._watch.limit_s == float("inf")
    assert str(source._wish.url) == f"{URL}/v2/sip"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("alpaca:https://h/v2/iex", "URL is a WebSocket of the dialect"),
        ("alpaca:wss://", "URL is a WebSocket of the dialect"),
        ("alpaca:wss://h:x/", "URL is a WebSocket of the dialect"),
        ("alpaca:h/v2/iex", "URL is a WebSocket of the dialect"),
        ("alpaca:ws://h?symbols=", "from 1 to 5,000 symbols"),
        ("alpaca:ws://h?symbols=A,A", "each once"),
        ("alpaca:ws://h?symbols=*,A", "* alone"),
        ("alpaca:ws://h?symbols=A*", "'A*' is none"),
        ("alpaca:ws://h?symbols=100", "and not how many"),
        ("alpaca:ws://h?channels=orderbooks", "there are no ticks for 'orderbooks' here"),
        ("alpaca:ws://h?channels=trades,trades", "some of trades"),
        ("alpaca:ws://h?upstream_codec=protobuf", "json or msgpack"),
        ("alpaca:ws://h?silence_s=-1", "seconds, from 0"),
        ("alpaca:ws://h?silence_s=nan", "seconds, from 0"),
    ],
)
def test_what_is_not_accepted_is_told(text: str, words: str) -> None:
    with pytest.raises(InvalidInput) as error:
        load_settings({"source": [text]})
    [line] = str(error.value).splitlines()
    assert words in line
