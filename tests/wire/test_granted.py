"""What grants let somebody select: never more, and all that is granted of what was asked for."""

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feed.errors import LimitExceeded
from feed.market.asset_classes import EVERY_OF
from feed.market.symbols import ALL
from feed.market.ticks import CHANNELS, Channel, Tick
from feed.wire.control import Subscribe, Unsubscribe
from feed.wire.grant import Grant
from feed.wire.grants import ALL_GRANTS, NO_GRANTS, GrantLimits, Grants, may_be_told
from feed.wire.messages import WarningReason, warning_message
from feed.wire.selection import ALL_CHANNELS, Selection
from feed.wire.subscribed import NOTHING_SUBSCRIBED, Subscribed
from tests.fakes import strategies
from tests.fakes.numbered_ticks import numbered
from tests.fakes.selections import glob_matches, select

CRYPTO = EVERY_OF["crypto"]
TRADES, QUOTES = Channel.TRADES, Channel.QUOTES
some_grants = st.lists(
    st.builds(
        Grant.of,
        st.sets(st.sampled_from(Channel), min_size=1),
        st.sets(st.sampled_from([*strategies.SYMBOLS, *strategies.GLOBS, ALL]), min_size=1),
    ),
    max_size=3,
).map(Grants.of)
batches = st.lists(strategies.keys, max_size=30).map(
    lambda keys: [numbered(number, kind, symbol) for number, (kind, symbol) in enumerate(keys)]
)


def of(*grants: str, **terms: Any) -> Grants:
    return Grants.of(map(Grant.parse, grants), **terms)


def subscribed(grants: Grants, **channels: list[str]) -> Subscribed:
    asked = Subscribe.model_validate({"action": "subscribe", **channels})
    return NOTHING_SUBSCRIBED.under(grants).more(asked)[0]


def allowed(grants: Grants, tick: Tick) -> bool:
    """Look at every grant, as slowly and plainly as can be."""
    return any(_carries(grant, tick) for grant in grants.grants)


def _carries(grant: Grant, tick: Tick) -> bool:
    everything = Selection.of(dict.fromkeys(set(CHANNELS) & grant.channels, (ALL,)))
    return bool(select(everything, [tick])) and any(
        glob_matches(key, tick.symbol) for key in grant.keys
    )


@given(some_grants, strategies.wishes, batches)
def test_what_is_granted_of_a_selection_is_what_both_let_through(
    grants: Grants, wishes: Mapping[Channel, set[str]], ticks: list[Tick]
) -> None:
    asked = Selection.of(wishes)
    expected = [tick for tick in select(asked, ticks) if allowed(grants, tick)]
    assert select(grants.select(asked).selection, ticks) == expected


@given(some_grants, some_grants, strategies.wishes, batches)
def test_a_subscription_is_never_more_than_the_newest_grants_let_through(
    before: Grants, after: Grants, wishes: Mapping[Channel, set[str]], ticks: list[Tick]
) -> None:
    asked = Subscribe.model_validate({"action": "subscribe", **wishes_as_lists(wishes)})
    first = NOTHING_SUBSCRIBED.under(before).more(asked)[0]
    second = first.under(after)
    for grants, subscription in ((before, first), (after, second)):
        assert all(allowed(grants, tick) for tick in select(subscription.selection, ticks))
    names = {symbol for symbols in wishes.values() for symbol in symbols}
    both = [tick for tick in ticks if allowed(before, tick) and allowed(after, tick)]
    assert set(map(id, select(Selection.of(wishes), both))) <= set(
        map(id, select(second.selection, ticks))
    )
    assert second.names <= names


def wishes_as_lists(wishes: Mapping[Channel, set[str]]) -> dict[str, list[str]]:
    return {channel.value: sorted(symbols) for channel, symbols in wishes.items()}


def test_a_star_is_all_that_is_granted_and_the_same_for_equal_grants() -> None:
    one = subscribed(of("trades=AAPL,BTC/*"), trades=["*"])
    other = subscribed(of("trades=BTC/*", "trades=AAPL"), trades=["*", "AAPL", "BTC/USD"])
    named = subscribed(ALL_GRANTS, trades=["AAPL"])
    assert one.selection == other.selection
    assert dict(one.selection.symbols)[TRADES] > {"AAPL", "BTC/*"}
    assert one.message()["trades"] == ["*"]
    assert other.message()["trades"] == ["*", "AAPL", "BTC/USD"]
    assert named.selection == subscribed(of("trades=A*"), trades=["AAPL"]).selection


def test_a_star_of_a_class_is_what_is_granted_of_the_class() -> None:
    grants = of("trades=AAPL,B*")
    asked = Subscribe(action="subscribe", trades=["*"])
    selection = NOTHING_SUBSCRIBED.under(grants).more(asked, CRYPTO)[0].selection
    ticks = [numbered(1, symbol=symbol) for symbol in ("AAPL", "BRK.B", "BTC/USD", "ETH/USD")]
    assert [tick.symbol for tick in select(selection, ticks)] == ["BTC/USD"]
    assert selection.select(ticks) == [2]


def test_a_name_that_is_granted_needs_no_star_and_others_are_refused() -> None:
    asked = Subscribe(action="subscribe", trades=["AAPL", "MSFT"], quotes=["*"])
    granted, added = NOTHING_SUBSCRIBED.under(of("trades=A*")).more(asked)
    assert granted.selection == added.selection == Selection.of({TRADES: ["AAPL"]})
    assert added.refused == ((TRADES, frozenset({"MSFT"})), (QUOTES, frozenset({ALL})))
    assert granted.message()["trades"] == ["AAPL"]
    assert granted.message()["quotes"] == []


def test_unsubscribing_from_a_star_leaves_the_names_beside_it() -> None:
    grants = of("trades=A*")
    less = subscribed(grants, trades=["*", "AAPL"]).less(
        Unsubscribe(action="unsubscribe", trades=["*"])
    )
    assert less.selection == Selection.of({TRADES: ["AAPL"]})
    assert less.grants == grants


def test_a_star_grows_with_its_grants_and_a_name_that_was_refused_does_not() -> None:
    before = subscribed(of("trades=AAPL", "quotes=AAPL"), trades=["*"], quotes=["AAPL", "MSFT"])
    after = before.under(of("trades,quotes=*"))
    assert after.selection == Selection.of({TRADES: ["*"], QUOTES: ["AAPL"]})
    assert after.under(NO_GRANTS).selection == Selection()
    assert after.under(NO_GRANTS).symbols == dict.fromkeys(ALL_CHANNELS, frozenset())


@pytest.mark.parametrize(
    ("asked", "told"),
    [(None, "250ms"), ("50ms", "250ms"), ("0ms", "250ms"), ("1s", "1s")],
)
def test_the_shortest_interval_is_the_granted_one_and_is_said(asked: str | None, told: str) -> None:
    grants = of("*=*", conflate_ms=250)
    conflate = {} if asked is None else {"conflate": {"trades": asked}}
    request = Subscribe.model_validate(
        {"action": "subscribe", "trades": ["AAPL"], "quotes": ["AAPL"], **conflate}
    )
    granted, added = NOTHING_SUBSCRIBED.under(grants).more(request)
    message = granted.message()["conflate"]
    assert message["trades"] == told
    assert set(message) == {channel.value for channel in Channel}
    assert {message[channel] for channel in message} <= {told, "250ms"}
    assert granted.selection == added.selection
    assert granted.selection.lossless == Selection()
    assert granted.under(of("*=*", conflate_ms=2_000)).message()["conflate"]["trades"] == "2s"
    assert granted.under(ALL_GRANTS).message().get("conflate", {}) == (
        {} if asked in {None, "0ms"} else {"trades": asked}
    )


def test_an_identity_may_name_as_many_symbols_as_are_granted() -> None:
    grants = of("*=*", limits=GrantLimits(symbols=2))
    two = subscribed(grants, trades=["AAPL"], quotes=["AAPL"])
    with pytest.raises(LimitExceeded, match="of this identity: 3 would exceed the limit of 2"):
        two.more(Subscribe(action="subscribe", bars=["AAPL"]))
    assert two.more(Subscribe(action="subscribe", quotes=["AAPL"]))[0].selection == two.selection


def test_all_grants_change_nothing() -> None:
    selection = Selection.of({TRADES: ["*"], QUOTES: [CRYPTO, "AAPL"]}, {QUOTES: 250})
    granted = ALL_GRANTS.select(selection)
    assert (granted.selection, granted.refused) == (selection, ())


def test_words_on_symbols_are_told_of_those_that_may_be_read() -> None:
    def unlisted(name: str, nearest: dict[str, str]) -> bool:
        words = warning_message(WarningReason.UNLISTED, [name], 1, nearest)
        return may_be_told(of("trades=A*"), words)

    assert unlisted("ABC", {})
    assert unlisted("AAPLE", {"AAPLE": "AAPL"})
    assert not unlisted("MSFT", {})
    assert not unlisted("AMSFT", {"AMSFT": "MSFT"})
    assert may_be_told(NO_GRANTS, {"T": "mark", "pos": "e-1"})
