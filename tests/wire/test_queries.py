"""Query strings: what they ask for, and what is refused. They say the same as `subscribe`."""

from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feed.errors import (
    FeedError,
    InvalidParameter,
    LimitExceeded,
)
from feed.market.asset_classes import EVERY_OF
from feed.market.ticks import Channel
from feed.wire.requests import Request
from feed.wire.selection import Selection
from tests.fakes import strategies
from tests.fakes.control import A_POSITION, A_SYMBOL, subscribe
from tests.fakes.strategies import examples


def test_a_query_says_what_a_subscribe_says() -> None:
    query = [
        ("trades", "AAPL,MSFT"),
        ("quotes", "*"),
        ("after", "k3x9w7ab-12"),
        ("snapshot", "1"),
        ("on_lag", "disconnect"),
        ("marks", "0"),
    ]
    request = Request.of_query(query)
    message = subscribe(
        trades=["AAPL", "MSFT"],
        quotes=["*"],
        after="k3x9w7ab-12",
        snapshot=True,
        on_lag="disconnect",
        marks=False,
    )
    for name in Request.model_fields:
        assert getattr(request, name) == getattr(message, name)


def test_symbols_is_short_for_trades_and_quotes() -> None:
    request = Request.of_query([("symbols", "AAPL"), ("trades", "MSFT"), ("bars", "TSLA")])
    expected = {Channel.TRADES: ["AAPL", "MSFT"], Channel.QUOTES: ["AAPL"], Channel.BARS: ["TSLA"]}
    assert request.selection == Selection.of(expected)


def test_a_channel_may_be_named_twice_and_an_option_once() -> None:
    request = Request.of_query([("trades", "AAPL"), ("trades", "MSFT")])
    assert request.selection == Selection.of({Channel.TRADES: ["AAPL", "MSFT"]})
    with pytest.raises(InvalidParameter, match=r"^after: '0' .* accepted: the parameter once$"):
        Request.of_query([("after", "0"), ("after", "0")])


def test_an_empty_list_selects_nothing() -> None:
    assert Request.of_query([("trades", ""), ("quotes", ",")]).selection == Selection()


def test_parameters_of_others_are_left_to_them() -> None:
    assert Request.of_query([("codec", "json")], others={"codec"}) == Request()
    with pytest.raises(InvalidParameter, match=r"^codec: '…' .* the parameters .*codec2"):
        Request.of_query([("codec", "json")], others={"codec2"})


@pytest.mark.parametrize(
    ("name", "value", "accepted"),
    [
        ("trades", "AAPL, MSFT", A_SYMBOL),
        ("symbols", "A[B", A_SYMBOL),
        ("after", "", A_POSITION),
        ("after", "12", A_POSITION),
        ("snapshot", "yes", "1 or 0"),
        ("snapshot", "", "1 or 0"),
        ("marks", "2", "1 or 0"),
        ("on_lag", "drop", "gap, "),
        ("trade", "AAPL", "did you mean 'trades'?"),
        ("action", "subscribe", "the parameters after, "),
        ("", "", "the parameters after, "),
    ],
)
def test_a_query_that_is_not_accepted_says_which_parameter_and_why(
    name: str, value: str, accepted: str
) -> None:
    with pytest.raises(InvalidParameter) as caught:
        Request.of_query([(name, value)])
    error = caught.value
    assert error.parameter.split(".")[0] in {name, "trades"}
    assert accepted in error.accepted
    assert str(error).startswith(f"{error.parameter}: ")


@pytest.mark.parametrize("name", ["_", "_t", "_ts", "__", "r", "cb", "nocache"])
def test_cache_busters_of_a_query_mean_nothing(name: str) -> None:
    query = [("trades", "AAPL"), (name, "0.4711"), (name, "")]
    assert Request.of_query(query) == Request.of_query(query[:1])


@pytest.mark.parametrize("name", ["", "R", "t", "cb_", "cachebuster", "no_cache", "rand"])
def test_what_only_looks_like_a_cache_buster_is_refused(name: str) -> None:
    with pytest.raises(InvalidParameter, match="the parameters"):
        Request.of_query([("trades", "AAPL"), (name, "1")])


@pytest.mark.parametrize(
    "query",
    [
        [("trades", "!,!,!,!,!")],
        [("trades", "!,!"), ("quotes", "!,!,!")],
        [("symbols", "!,!,!")],  # of two channels
        [("news", "!")] * 5,
    ],
)
def test_too_many_symbols_in_a_query_are_refused_by_their_number(
    query: list[tuple[str, str]],
) -> None:
    with pytest.raises(LimitExceeded, match=r"symbols per connection: [56] .* limit of 4"):
        Request.of_query(query, most_symbols=4)


def test_a_query_may_name_as_many_symbols_as_it_is_told() -> None:
    query = [("symbols", "A,B"), ("bars", "C"), ("news", "D")]
    assert Request.of_query(query, most_symbols=6).selection.entries == 5
    with pytest.raises(LimitExceeded, match=r"symbols per connection: 6 .* limit of 5"):
        Request.of_query(query, most_symbols=5)


# Options.


@pytest.mark.parametrize("name", ["snapshot", "marks", "compress"])
@pytest.mark.parametrize(
    ("value", "understood"), [("1", True), ("true", True), ("0", False), ("false", False)]
)
def test_an_option_that_is_on_or_off_is_1_or_0(name: str, value: str, understood: bool) -> None:
    assert getattr(Request.of_query([(name, value)]), name) is understood


def test_conflation_is_a_list_of_channels_and_intervals() -> None:
    asked = [("symbols", "AAPL"), ("bars", "MSFT"), ("conflate", "quotes:200ms,bars:0ms,")]
    request = Request.of_query(asked)
    assert request.conflate == {Channel.QUOTES: 250, Channel.BARS: 0}
    symbols = {Channel.TRADES: ["AAPL"], Channel.QUOTES: ["AAPL"], Channel.BARS: ["MSFT"]}
    assert request.selection == Selection.of(symbols)
    assert request.conflated_selection == Selection.of(symbols, {Channel.QUOTES: 250})
    message = subscribe(
        trades=["AAPL"],
        quotes=["AAPL"],
        bars=["MSFT"],
        conflate={"quotes": "200ms", "bars": "0ms"},
    )
    assert message.conflated_selection == request.conflated_selection


@pytest.mark.parametrize(
    ("value", "accepted"),
    [
        ("quotes", "quotes: an interval such as 250ms, at most 5s "),
        ("quotes:", "quotes: an interval such as 250ms, at most 5s "),
        ("quotes:1h", "quotes: an interval such as 250ms, at most 5s "),
        ("quotes:1s:2s", "quotes: an interval such as 250ms, at most 5s "),
        ("trades:1s,quotes:5001ms", "quotes: an interval such as 250ms, at most 5s "),
        ("news:1s", f"the channels {', '.join(Channel)}, not 'news'"),
        ("1s", f"the channels {', '.join(Channel)}, not '1s'"),
    ],
)
def test_an_interval_that_cannot_be_is_refused_with_its_channel(value: str, accepted: str) -> None:
    with pytest.raises(InvalidParameter) as caught:
        Request.of_query([("symbols", "AAPL"), ("conflate", value)])
    assert caught.value.parameter == "conflate"
    assert caught.value.accepted.startswith(accepted)


# What a query selects.


@pytest.mark.parametrize("query", [[("trades", "A")], [("news", "A"), ("statuses", "*")]])
def test_a_query_that_selects_something_is_let_in(query: list[tuple[str, str]]) -> None:
    Request.of_query(query).check_selects()


@pytest.mark.parametrize(
    ("query", "parameter", "value"),
    [
        ([], "symbols", ""),
        ([("snapshot", "1")], "symbols", ""),
        ([("symbols", "")], "symbols", ""),  # of two channels
        ([("trades", "")], "trades", ""),
        ([("trades", ""), ("bars", "")], "symbols", ""),
        ([("news", "A,B")], "news", "A,B"),
        ([("trades", ""), ("news", "A")], "news", "A"),
        ([("news", "")], "news", ""),
    ],
)
def test_a_query_that_selects_nothing_is_refused_by_the_channel_that_it_names(
    query: list[tuple[str, str]], parameter: str, value: str
) -> None:
    with pytest.raises(InvalidParameter) as caught:
        Request.of_query(query).check_selects()
    error = caught.value
    assert (error.parameter, error.value) == (parameter, value)
    assert error.accepted == (
        "symbols, or '*' for all of them, in symbols, or in "
        "trades, quotes, bars, updatedBars, secondBars, statuses"
    )


def test_channels_that_are_named_are_told_apart_from_those_that_are_silent() -> None:
    request = Request.of_query([("news", "A"), ("trades", ""), ("lulds", ""), ("pricing", "B")])
    assert request.named_channels == ["trades", "lulds", "news", "pricing"]
    assert request.silent_channels == ["news", "pricing"]


def test_a_star_may_stand_for_all_of_a_class() -> None:
    request = Request.of_query([("trades", "*,BTC/USD"), ("quotes", "AAPL")])
    symbols = request.symbols(EVERY_OF["crypto"])
    assert symbols[Channel.TRADES] == [EVERY_OF["crypto"], "BTC/USD"]
    assert symbols[Channel.QUOTES] == ["AAPL"]
    assert request.symbols()[Channel.TRADES] == ["*", "BTC/USD"]


@settings(max_examples=examples(300))
@given(
    st.lists(
        st.tuples(
            st.one_of(
                st.sampled_from(["symbols", "trades", "after", "snapshot", "on_lag", "conflate"]),
                strategies.texts(),
            ),
            strategies.texts(),
        ),
        max_size=4,
    )
)
def test_any_query_is_understood_or_refused(query: list[tuple[str, str]]) -> None:
    with suppress(FeedError):
        Request.of_query(query)
