"""What a client asks for, as each transport writes it."""

import pytest

from feed.client.subscription import Subscription, parse_url
from feed.errors import InvalidParameter
from feed.market.ticks import Channel
from feed.market.word_channels import WORD_CHANNELS, WordChannel
from feed.wire.word_keys import WORD_KEYS

PLAIN = Subscription.of({Channel.TRADES: ["AAPL", "BTC/USD"], Channel.QUOTES: "*"})
FULL = Subscription.of({Channel.UPDATED_BARS: "AAPL,MSFT"}, {"quotes": "250ms"}, "disconnect")


def test_a_query_holds_what_was_asked_and_nothing_else() -> None:
    query = PLAIN.query(after=None, snapshot=False)
    assert query == {"trades": "AAPL,BTC/USD", "quotes": "*"}
    assert FULL.query(after="ab-7", snapshot=True) == {
        "updatedBars": "AAPL,MSFT",
        "conflate": "quotes:250ms",
        "on_lag": "disconnect",
        "after": "ab-7",
        "snapshot": "1",
    }


def test_a_message_asks_for_marks() -> None:
    assert PLAIN.message(after=None, snapshot=False) == {
        "action": "subscribe",
        "marks": True,
        "trades": ["AAPL", "BTC/USD"],
        "quotes": ["*"],
    }
    assert FULL.message(after="ab-7", snapshot=True) == {
        "action": "subscribe",
        "marks": True,
        "updatedBars": ["AAPL", "MSFT"],
        "conflate": {"quotes": "250ms"},
        "on_lag": "disconnect",
        "after": "ab-7",
        "snapshot": True,
    }


def test_an_acknowledgement_names_every_channel() -> None:
    acknowledgement = PLAIN.acknowledgement()
    assert acknowledgement["T"] == "subscription"
    assert set(acknowledgement) == {"T", *Channel}
    assert acknowledgement["trades"] == ["AAPL", "BTC/USD"]
    assert acknowledgement["bars"] == []


@pytest.mark.parametrize("symbols", ["A?B", "A,,B", [" A"], ["A", ""], [7]])
def test_what_is_no_symbol_is_refused(symbols: str | list[str]) -> None:
    with pytest.raises(InvalidParameter, match="trades"):
        Subscription.of({Channel.TRADES: symbols})


def test_each_channel_of_words_has_keys_of_its_own() -> None:
    named = {WordChannel.ROOMS: "desk,floor", WordChannel.ALERTS: "*"}
    subscription = Subscription.of(named)
    query = {"rooms": "desk,floor", "alerts": "*"}
    assert subscription.query(after=None, snapshot=False) == query
    assert subscription.acknowledgement()["alerts"] == ["*"]
    for channel in WORD_CHANNELS:
        with pytest.raises(InvalidParameter) as refused:
            Subscription.of({channel: ["../x"]})
        assert refused.value.accepted == WORD_KEYS[channel].shape


@pytest.mark.parametrize(
    ("url", "base"),
    [
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080/"),
        ("ws://127.0.0.1:8080", "http://127.0.0.1:8080/"),
        ("wss://feed.example/eu", "https://feed.example/eu"),
        ("http://[::1]:8080/", "http://[::1]:8080/"),
    ],
)
def test_a_base_may_have_a_path_and_any_of_four_schemes(url: str, base: str) -> None:
    assert str(parse_url(url)) in {base, base.rstrip("/")}


@pytest.mark.parametrize(
    "url",
    ["", "127.0.0.1:8080", "http://", "file:///x", "http://x/v1/ws", "http://x?a=1", "http://x:y"],
)
def test_what_is_no_base_is_refused(url: str) -> None:
    with pytest.raises(InvalidParameter, match="url"):
        parse_url(url)
