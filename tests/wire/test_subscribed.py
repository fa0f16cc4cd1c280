"""What a connection has subscribed to, as it named it."""

from typing import Any

import pytest

from feed.errors import InvalidParameter
from feed.market.asset_classes import EVERY_OF, WILDCARDS, AssetClass
from feed.market.symbols import ALL
from feed.market.ticks import Channel
from feed.wire.control import Subscribe, Unsubscribe, parse_control
from feed.wire.selection import Selection
from feed.wire.subscribed import NOTHING_SUBSCRIBED, Added, Subscribed

Step = dict[str, Any]


def after(*steps: Step) -> Subscribed:
    """Return what is subscribed after some messages; those with `minus` unsubscribe."""
    subscribed = NOTHING_SUBSCRIBED
    for step in steps:
        if "minus" in step:
            subscribed = subscribed.less(Unsubscribe(action="unsubscribe", **step["minus"]))
        else:
            subscribed, _ = subscribed.more(Subscribe(action="subscribe", **step))
    return subscribed


@pytest.mark.parametrize(
    ("steps", "trades"),
    [
        ([], []),
        ([{"trades": ["AAPL"]}, {"trades": ["MSFT", "AAPL"]}], ["AAPL", "MSFT"]),
        ([{"trades": ["AAPL", "MSFT"]}, {"minus": {"trades": ["AAPL"]}}], ["MSFT"]),
        ([{"trades": ["*"]}, {"trades": ["AAPL"]}], ["*", "AAPL"]),
        ([{"trades": ["*", "AAPL"]}, {"minus": {"trades": ["*"]}}], ["AAPL"]),
        ([{"trades": ["*"]}, {"minus": {"trades": ["AAPL"]}}], ["*"]),
    ],
)
def test_messages_add_up_by_the_names_that_they_name(steps: list[Step], trades: list[str]) -> None:
    subscribed = after(*steps)
    assert sorted(subscribed.symbols[Channel.TRADES]) == trades
    assert subscribed.message()["trades"] == trades
    assert subscribed.selection == Selection.of({Channel.TRADES: trades})


CRYPTO = EVERY_OF["crypto"]


def test_a_star_may_stand_for_a_class_and_is_acknowledged_as_it_was_written() -> None:
    asked = Subscribe(action="subscribe", trades=["*", "AAPL"], quotes=["*"])
    subscribed, added = NOTHING_SUBSCRIBED.more(asked, CRYPTO)
    assert added.selection == subscribed.selection
    assert dict(added.selection.symbols)[Channel.TRADES] == {CRYPTO, "AAPL"}, (
        "a name is not of the class"
    )
    assert subscribed.message()["trades"] == ["*", "AAPL"]
    assert subscribed.message()["quotes"] == ["*"]
    less = subscribed.less(Unsubscribe(action="unsubscribe", trades=["*"]), CRYPTO)
    assert less.message()["trades"] == ["AAPL"]
    assert less.message()["quotes"] == ["*"]


@pytest.mark.parametrize("wildcard", sorted(WILDCARDS - {ALL}))
def test_what_stands_for_a_class_cannot_be_named_by_a_client(wildcard: str) -> None:
    with pytest.raises(InvalidParameter):
        parse_control({"action": "subscribe", "trades": [wildcard]})


def test_names_are_kept_only_where_the_selection_does_not_say_them() -> None:
    assert after({"trades": ["*"]}).named is None
    assert after({"trades": ["AAPL"], "quotes": ["*"]}).named is None
    assert after({"trades": ["*", "AAPL"]}).named is not None


def test_an_interval_waits_for_the_symbols_of_its_channel() -> None:
    subscribed = after({"conflate": {"quotes": "250ms"}}, {"quotes": ["AAPL"]})
    assert subscribed.selection.intervals_ms == ((Channel.QUOTES, 250),)
    assert subscribed.message()["conflate"] == {"quotes": "250ms"}


def test_an_interval_of_0_makes_a_channel_lossless_again() -> None:
    subscribed = after(
        {"quotes": ["AAPL"], "conflate": {"quotes": "250ms"}}, {"conflate": {"quotes": "0ms"}}
    )
    assert subscribed.selection == Selection.of({Channel.QUOTES: ["AAPL"]})
    assert "conflate" not in subscribed.message()


def test_what_a_message_subscribed_to_is_said_apart() -> None:
    known = after({"trades": ["AAPL"], "conflate": {"quotes": "1s"}})
    subscribed, added = known.more(Subscribe(action="subscribe", trades=["MSFT"], quotes=["MSFT"]))
    assert added.selection == Selection.of(
        {Channel.TRADES: ["MSFT"], Channel.QUOTES: ["MSFT"]}, {Channel.QUOTES: 1_000}
    )
    assert sorted(subscribed.symbols[Channel.TRADES]) == ["AAPL", "MSFT"]


def test_equal_first_requests_are_one_subscription_and_others_are_not() -> None:
    def first(every: str = ALL, **fields: Any) -> tuple[Subscribed, Added]:
        request = parse_control({"action": "subscribe", **fields})
        assert isinstance(request, Subscribe)
        return NOTHING_SUBSCRIBED.more(request, every)

    one, other = first(trades=["A"], after="e-1"), first(trades=["A"], after="e-2", marks=True)
    assert one[0] is other[0]
    assert one[1] is other[1]
    crypto = EVERY_OF[AssetClass.CRYPTO]
    everything = [first(trades=["*"]), first(crypto, trades=["*"]), first(quotes=["*"])]
    conflated = first(trades=["A"], conflate={"trades": "100ms"})
    found = [one, *everything, conflated, first(trades=["A", "B"])]
    assert len({added.selection for _, added in found}) == len(found)
    assert all(asked.selection == added.selection for asked, added in found)
    assert conflated[0].intervals_ms == {Channel.TRADES: 100}


@pytest.mark.parametrize(("symbols", "is_remembered"), [(1, True), (64, True), (65, False)])
def test_first_requests_of_at_most_64_symbols_are_remembered(
    symbols: int,
    is_remembered: bool,
) -> None:
    request = Subscribe(
        action="subscribe",
        trades=[f"S{number}" for number in range(symbols // 2)],
        quotes=[f"S{number}" for number in range(symbols - symbols // 2)],
    )
    (one, part), (other, same_part) = (
        NOTHING_SUBSCRIBED.more(request),
        NOTHING_SUBSCRIBED.more(request),
    )
    assert (one, part) == (other, same_part)
    assert (one is other) is is_remembered
    assert one.more(request)[0] == one, "only what comes first is remembered"


def test_names_are_those_of_all_channels() -> None:
    assert after().names == frozenset()
    assert after({"trades": ["AAPL", "*"]}, {"quotes": ["MSFT"]}).names == {"AAPL", "*", "MSFT"}


def test_symbols_of_channels_that_a_request_does_not_name_are_not_copied() -> None:
    known = after({"trades": ["*", "AAPL"], "quotes": ["MSFT"]})
    subscribed, _ = known.more(Subscribe(action="subscribe", quotes=["TSLA"]))
    assert subscribed.symbols[Channel.TRADES] is known.symbols[Channel.TRADES]


@pytest.mark.parametrize("step", [{"trades": ["AAPL", "AAPL"]}, {"rooms": ["desk", "desk"]}])
def test_what_is_named_twice_is_not_refused(step: Step) -> None:
    _, added = NOTHING_SUBSCRIBED.more(Subscribe(action="subscribe", **step))
    assert added.refused == ()
