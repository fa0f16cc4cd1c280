"""The index of a batch: the same ticks as the slow and plain model selects."""

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, rule

from feed.broadcast.selection_index import SelectionIndex
from feed.market.asset_classes import EVERY_OF
from feed.market.symbols import ALL
from feed.market.ticks import Channel, Tick
from feed.market.wildcards import marked
from feed.wire.selection import Selection
from tests.fakes import strategies
from tests.fakes.numbered_ticks import numbered
from tests.fakes.selections import of_channels, select

batches = st.lists(strategies.keys, max_size=30).map(
    lambda keys: [numbered(number, kind, symbol) for number, (kind, symbol) in enumerate(keys)]
)


@pytest.mark.parametrize("channel", Channel)
def test_only_what_is_wanted_whole_stays_outside_the_index(channel: Channel) -> None:
    index = SelectionIndex()
    collected: list[bytes] = []
    index.add(Selection.of({channel: ["A", "B"]}), collected.append)
    assert not index._scanned
    index.add(Selection.of({Channel.TRADES: ["A"], channel: [ALL]}), collected.append)
    assert len(index._scanned) == 1
    index.add(Selection.of({channel: ["A", EVERY_OF["crypto"]]}), collected.append)
    index.add(Selection.of({channel: marked(["A*"])}), collected.append)
    assert len(index._scanned) == 1


class IndexModel(RuleBasedStateMachine):
    """Selections come and go, the same one more than once, and batches are distributed."""

    collectors: Bundle[tuple[Selection, list[bytes]]] = Bundle("collectors")

    def __init__(self) -> None:
        super().__init__()
        self.index = SelectionIndex()
        self.held: list[tuple[Selection, list[bytes]]] = []

    @rule(target=collectors, selection=strategies.selections_of_wildcards)
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
        for selection in (
            of_channels(trades=[f"S{number}"]),
            of_channels(quotes=ALL),
            Selection.of({Channel.BARS: marked([f"S{number}*"]), Channel.TRADES: ["A"]}),
        ):
            index.add(selection, collected.append)
            index.remove(selection, collected.append)
    assert (index._by_kind, index._scanned) == (empty._by_kind, empty._scanned)
    assert (index._by_set, index._sets._order) == ({}, [])


def test_fragments_are_handed_on_and_not_copied() -> None:
    index = SelectionIndex()
    collected: list[bytes] = []
    index.add(of_channels(trades=["AAPL"]), collected.append)
    index.add(of_channels(trades=ALL), collected.append)
    fragment = bytes([1, 2, 3])
    index.distribute([numbered(1)], [fragment])
    assert [item is fragment for item in collected] == [True, True]
