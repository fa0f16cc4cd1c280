"""The sets that a symbol belongs to: each symbol is looked at once for each of them."""

from collections.abc import Callable

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from feed.broadcast.wildcard_sets import MOST_LEFT, WildcardSets
from feed.market.ticks import Kind
from feed.market.wildcards import Patterns, marked
from tests.fakes.numbered_ticks import numbered
from tests.fakes.selections import stands_for

SYMBOLS = ("AAPL", "AMZN", "BTC/USD", "ETH/USD", "MSFT")
_sets = st.sampled_from([marked([glob]) for glob in ("A*", "*USD", "*", "M*", "B*", "*T*")])


class SetsModel(RuleBasedStateMachine):
    """Sets come and go, symbols tick, and resolving is left off and gone on with."""

    def __init__(self) -> None:
        super().__init__()
        self.sets = WildcardSets()
        self.held: list[frozenset[str]] = []

    @rule(some=_sets)
    def add(self, some: frozenset[str]) -> None:
        self.sets.add(some)
        self.held.append(some)

    @precondition(lambda self: self.held)
    @rule(data=st.data())
    def remove(self, data: st.DataObject) -> None:
        some = data.draw(st.sampled_from(self.held))
        self.held.remove(some)
        self.sets.remove(some)

    @rule(symbol=st.sampled_from(SYMBOLS), steps=st.integers(0, 3))
    def resolve_a_little(self, symbol: str, steps: int) -> None:
        resolving = self.sets.resolving([numbered(1, Kind.TRADE, symbol)])
        for _ in zip(range(steps), resolving, strict=False):
            pass

    @invariant()
    def knows_the_sets_of_each_symbol(self) -> None:
        for symbol in SYMBOLS[:2]:  # the others stay as they are resolved
            expected = {some for some in self.held if any(stands_for(v, symbol) for v in some)}
            found = list(self.sets[symbol])
            assert len(found) == len(set(found))
            assert {*found} & {*self.held} == expected


test_a_symbol_has_the_sets_that_it_belongs_to = SetsModel.TestCase


@pytest.fixture
def looked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the symbols that patterns are tried on, from now on."""
    looked: list[str] = []
    match = Patterns.match

    def noting(self: Patterns, symbol: str, class_of: Callable[[str], str]) -> bool:
        looked.append(symbol)
        return match(self, symbol, class_of)

    monkeypatch.setattr(Patterns, "match", noting)
    return looked


def test_a_symbol_is_looked_at_once_for_each_different_set(looked: list[str]) -> None:
    sets = WildcardSets()
    for _ in range(3):
        sets.add(marked(["A*"]))
    assert [sets["AAPL"], sets["AAPL"]] == [[marked(["A*"])]] * 2
    assert looked == ["AAPL"]
    sets.add(marked(["*L"]))
    assert [len(sets["AAPL"]), len(sets["AAPL"])] == [2, 2]
    assert looked == ["AAPL"] * 2, "only the new set is looked at"
    sets.remove(marked(["*L"]))
    sets.add(marked(["*L"]))
    assert len(sets["AAPL"]) == 2
    assert looked == ["AAPL"] * 2, "somebody came back"


def test_what_is_new_is_resolved_in_small_steps(looked: list[str]) -> None:
    sets = WildcardSets()
    for number in range(1_000):
        sets.add(marked([f"A{number}*"]))
    sets.add(marked(["*5"]))
    done = [len(looked) for _ in sets.resolving([numbered(1, Kind.TRADE, "A5")])]
    steps = [after - before for before, after in zip([0, *done], done, strict=False)]
    assert max(steps) <= 64
    assert len(done) > 10
    assert sets["A5"] == [marked(["A5*"]), marked(["*5"])]
    assert len(looked) == 1_001
    assert not list(sets.resolving([numbered(1, Kind.TRADE, "A5")]))


def test_sets_that_were_left_are_forgotten_once_they_are_many() -> None:
    sets = WildcardSets()
    sets.add(marked(["A*"]))
    for number in range(10 * MOST_LEFT):
        sets.add(marked([f"B{number}*"]))
        sets.remove(marked([f"B{number}*"]))
    assert len(sets._order) <= 2 * MOST_LEFT + 2
    assert sets["AAPL"] == [marked(["A*"])]
    sets.remove(marked(["A*"]))
    assert (sets._order, sets._found, dict(sets)) == ([], {}, {})


def test_without_sets_no_symbol_is_looked_at(looked: list[str]) -> None:
    sets = WildcardSets()
    assert not list(sets.resolving([numbered(1, Kind.TRADE, "AAPL")]))
    assert (looked, sets._found) == ([], {})
