"""Selections and their index against a model that looks at every tick."""

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, rule

from feed.broadcast.selection_index import SelectionIndex
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


@given(strategies.selections, batches)
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


@pytest.mark.parametrize("channel", Channel)
def test_only_what_is_wanted_whole_stays_outside_the_index(channel: Channel) -> None:
    index = SelectionIndex()
    collected: list[bytes] = []
    index.add(Selection.of({channel: ["A", "B"]}), collected.append)
    assert index._scanned == []
    index.add(Selection.of({Channel.TRADES: ["A"], channel: [ALL]}), collected.append)
    assert len(index._scanned) == 1


class IndexModel(RuleBasedStateMachine):
    """Selections come and go, the same one more than once, and batches are distributed."""

    collectors: Bundle[tuple[Selection, list[bytes]]] = Bundle("collectors")

    def __init__(self) -> None:
        super().__init__()
        self.index = SelectionIndex()
        self.held: list[tuple[Selection, list[bytes]]] = []

    @rule(target=collectors, selection=strategies.selections)
    def add(self, selection: Selection) -> tuple[Selection, list[bytes]]:
        return self._add(selection)

    def _add(self, selection: Selection) -> tuple[Selection, list[bytes]]:
        collected: list[bytes] = []
        self.index.add(selection, collected.append)
        self.held.append((selection, collected))
        return selection, collected

    @rule(target=collectors, known=collectors)
    def add_an_equal_one(
        self, known: tuple[Selection, list[bytes]]
    ) -> tuple[Selection, list[bytes]]:
        return self._add(Selection(known[0].symbols, known[0].intervals_ms))

    @rule(known=consumes(collectors))
    def remove(self, known: tuple[Selection, list[bytes]]) -> None:
        selection, collected = known
        self.index.remove(selection, collected.append)
        self.held = [item for item in self.held if item[1] is not collected]

    @rule(ticks=batches)
    def distribute(self, ticks: list[Tick]) -> None:
        fragments = {id(tick): b"%d" % number for number, tick in enumerate(ticks)}
        self.index.distribute(ticks, list(fragments.values()))
        for selection, collected in self.held:
            assert collected == [fragments[id(tick)] for tick in select(selection, ticks)]
            collected.clear()

    @invariant()
    def counts_what_it_holds(self) -> None:
        assert self.index.selections == len(self.held)
        assert self.index.entries == sum(selection.entries for selection, _ in self.held)


test_the_index_gives_each_selection_what_it_selects = IndexModel.TestCase


def test_an_index_that_was_emptied_holds_nothing() -> None:
    # A symbol that nobody wants any more must not be remembered: there can be any number of them.
    index = SelectionIndex()
    collected: list[bytes] = []
    empty = SelectionIndex()
    for number in range(100):
        for selection in (of_channels(trades=[f"S{number}"]), of_channels(quotes=ALL)):
            index.add(selection, collected.append)
            index.remove(selection, collected.append)
    assert (index._by_kind, index._scanned) == (empty._by_kind, empty._scanned)


def test_fragments_are_handed_on_and_not_copied() -> None:
    index = SelectionIndex()
    collected: list[bytes] = []
    index.add(of_channels(trades=["AAPL"]), collected.append)
    index.add(of_channels(trades=ALL), collected.append)
    fragment = bytes([1, 2, 3])
    index.distribute([numbered(1)], [fragment])
    assert [item is fragment for item in collected] == [True, True]


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


@given(strategies.selections, strategies.selections, batches)
def test_what_is_within_another_is_what_both_select(
    one: Selection, other: Selection, ticks: list[Tick]
) -> None:
    both = set(one.select(ticks)) & set(other.select(ticks))
    assert one.within(other).select(ticks) == sorted(both)
    assert one.within(EVERYTHING) == one.within(one) == one
    assert one.within(Selection()) == Selection()


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
