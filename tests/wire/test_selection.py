"""Selections and their index against a model that looks at every tick."""

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feed.market.asset_classes import EVERY_OF
from feed.market.symbols import ALL
from feed.market.ticks import Channel, Kind, Tick
from feed.wire.selection import Selection
from tests.fakes import strategies
from tests.fakes.numbered_ticks import numbered
from tests.fakes.selections import EVERYTHING, of_channels, select
from tests.fakes.strategies import SYMBOLS

batches = st.lists(strategies.keys, max_size=30).map(
    lambda keys: [numbered(number, kind, symbol) for number, (kind, symbol) in enumerate(keys)]
)


@given(strategies.selections_of_wildcards, batches)
def test_select_gives_the_indices_of_what_is_wanted_in_order(
    selection: Selection, ticks: list[Tick]
) -> None:
    indices = selection.select(ticks)
    assert indices == sorted(indices)
    assert [ticks[index] for index in indices] == select(selection, ticks)


@given(batches)
def test_everything_selects_every_tick_and_nothing_none(ticks: list[Tick]) -> None:
    assert EVERYTHING.select(ticks) == list(range(len(ticks)))
    assert Selection().select(ticks) == []


@given(strategies.wishes, st.data())
def test_equal_wishes_are_equal_selections_however_they_are_written(
    wishes: Mapping[Channel, set[str]], data: st.DataObject
) -> None:
    selection = Selection.of(wishes)
    order = data.draw(st.permutations(list(wishes)))
    again = Selection.of({channel: sorted(wishes[channel]) * 2 for channel in order})
    assert again == selection
    assert hash(again) == hash(selection)


@given(strategies.wishes, strategies.wishes, batches)
def test_equal_selections_select_the_same(
    wishes: Mapping[Channel, set[str]], others: Mapping[Channel, set[str]], ticks: list[Tick]
) -> None:
    one, other = Selection.of(wishes), Selection.of(others)
    if one == other:
        assert one.select(ticks) == other.select(ticks)
    keys = [numbered(0, kind, symbol) for kind in Kind for symbol in (*SYMBOLS, "OTHER")]
    assert (one == other) is (select(one, keys) == select(other, keys))


def test_a_star_absorbs_the_symbols_beside_it() -> None:
    selection = of_channels(trades=["AAPL", ALL, "MSFT"])
    assert selection == of_channels(trades=ALL)
    assert selection.entries == 1


def test_a_channel_without_symbols_is_not_selected() -> None:
    assert of_channels(trades=[], quotes=["AAPL"]) == of_channels(quotes=["AAPL"])
    assert of_channels(trades=[]) == Selection()


def test_entries_count_symbols_over_all_channels() -> None:
    assert of_channels(trades=["A", "B", "A"], quotes=["A"], bars=ALL).entries == 4
    assert Selection().entries == 0


def test_by_kind_names_the_kind_of_each_channel() -> None:
    selection = of_channels(trades=["A"], updatedBars=ALL)
    assert selection.by_kind() == {
        Kind.TRADE: frozenset({"A"}),
        Kind.UPDATED_BAR: frozenset({ALL}),
    }


# Conflated channels are parts of their own.


def test_parts_split_a_selection_by_interval() -> None:
    selection = Selection.of(
        {Channel.TRADES: ["A"], Channel.QUOTES: [ALL], Channel.BARS: ["B"]},
        {Channel.QUOTES: 250, Channel.STATUSES: 250},
    )
    assert selection.parts() == {
        0: of_channels(trades=["A"], bars=["B"]),
        250: of_channels(quotes=ALL),
    }
    assert selection.lossless == of_channels(trades=["A"], bars=["B"])


@given(
    strategies.wishes,
    st.dictionaries(st.sampled_from(Channel), st.sampled_from([50, 250]), max_size=6),
)
def test_parts_are_the_whole_and_share_nothing(
    wishes: Mapping[Channel, set[str]], intervals_ms: Mapping[Channel, int]
) -> None:
    selection = Selection.of(wishes, intervals_ms)
    parts = selection.parts()
    channels = [pair for part in parts.values() for pair in part.symbols]
    assert sorted(channels, key=lambda pair: list(Channel).index(pair[0])) == list(
        selection.symbols
    )
    for interval_ms, part in parts.items():
        assert part.intervals_ms == ()
        assert all(intervals_ms.get(channel, 0) == interval_ms for channel, _ in part.symbols)


@given(strategies.selections_of_wildcards, strategies.selections_of_wildcards, batches)
def test_what_is_within_another_is_what_both_select(
    one: Selection, other: Selection, ticks: list[Tick]
) -> None:
    both = set(one.select(ticks)) & set(other.select(ticks))
    assert one.within(other).select(ticks) == sorted(both)
    assert one.within(EVERYTHING) == one.within(one) == one
    assert one.within(Selection()) == Selection()


@pytest.mark.parametrize(
    ("asset_class", "shared"),
    [("crypto", ["BTC/USD"]), ("us_equity", ["AAPL", "BRK.B"])],
)
def test_a_class_and_symbols_share_the_symbols_of_the_class(
    asset_class: str, shared: list[str]
) -> None:
    every = of_channels(trades=[EVERY_OF[asset_class]])
    named = of_channels(trades=["AAPL", "BTC/USD", "BRK.B"])
    assert every.within(named) == named.within(every) == of_channels(trades=shared)


def test_of_two_classes_each_shares_what_the_other_names() -> None:
    crypto, equity = EVERY_OF["crypto"], EVERY_OF["us_equity"]
    one = of_channels(trades=[crypto, "AAPL", "MSFT"])
    other = of_channels(trades=[equity, "BTC/USD", "MSFT"])
    shared = of_channels(trades=["AAPL", "BTC/USD", "MSFT"])
    assert one.within(other) == other.within(one) == shared
    assert of_channels(trades=[crypto]).within(of_channels(trades=[equity])) == Selection()
    assert of_channels(trades=[crypto, equity]).within(one) == one


def test_what_is_within_another_keeps_its_own_intervals() -> None:
    wish = {Channel.TRADES: ["A", "B"], Channel.QUOTES: [ALL]}
    selection = Selection.of(wish, {Channel.TRADES: 250, Channel.QUOTES: 500})
    other = Selection.of({Channel.TRADES: ["B", "C"]}, {Channel.TRADES: 50})
    assert selection.within(other) == Selection.of({Channel.TRADES: ["B"]}, {Channel.TRADES: 250})


def test_selections_with_other_intervals_are_others() -> None:
    wish = {Channel.TRADES: ["A"]}
    assert Selection.of(wish) != Selection.of(wish, {Channel.TRADES: 250})
    assert Selection.of(wish, {Channel.TRADES: 250}) != Selection.of(wish, {Channel.TRADES: 500})
    assert Selection.of(wish, {Channel.QUOTES: 250}) == Selection.of(wish)
