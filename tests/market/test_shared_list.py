"""The list that a room keeps together, against a plain list."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feed.errors import Clash, LimitExceeded, Missing
from feed.market.room_words import EntryWord, RoomType
from feed.market.shared_list import MOST_ENTRIES, Wanted, changes, in_order

SYMBOLS = ["AAPL", "MSFT", "SPY", "TSLA", "QQQ"]
symbols = st.sampled_from(SYMBOLS)
wishes = st.one_of(
    st.builds(
        Wanted,
        *(symbols, st.just(value=True), st.just(value=True), st.none() | symbols),
        st.none() | st.sampled_from(["a", "b"]),
    ),
    st.builds(lambda symbol: Wanted(symbol, here=False), symbols),
    st.builds(
        lambda symbol, before: Wanted(symbol, moves=True, before=before),
        *(symbols, st.none() | symbols),
    ),
    st.builds(lambda symbol, note: Wanted(symbol, note=note), symbols, st.sampled_from(["", "c"])),
)


class Listed:
    """A list as words of a room make it."""

    def __init__(self) -> None:
        self.entries: dict[str, EntryWord] = {}

    def do(self, wanted: Wanted) -> int:
        made = changes(self.entries, wanted)
        for each in made:
            self.entries[each.symbol] = EntryWord(
                *("desk", each.type, each.symbol, 1, each.version, each.place, each.note)
            )
        return len(made)

    @property
    def symbols(self) -> list[str]:
        return [entry.entry for entry in in_order(self.entries)]


def place(plain: list[str], wanted: Wanted) -> None:
    """Do in a plain list what is wanted."""
    symbol = wanted.symbol
    if wanted.here is False:
        if symbol in plain:
            plain.remove(symbol)
        return
    if symbol in plain and not wanted.moves:
        return
    if symbol in plain:
        plain.remove(symbol)
    index = len(plain) if wanted.before is None else plain.index(wanted.before)
    plain.insert(index, symbol)


@given(wanted=st.lists(wishes, max_size=60))
def test_a_list_is_as_everybody_wanted_it(wanted: list[Wanted]) -> None:
    listed, plain, notes = Listed(), list[str](), dict[str, str]()
    for each in wanted:
        lacks = each.here is None and each.symbol not in plain
        nowhere = (
            each.here is not False
            and each.moves
            and each.before is not None
            and (each.before not in plain or each.before == each.symbol)
        )
        if lacks or nowhere:
            with pytest.raises(Missing):
                listed.do(each)
            continue
        versions = {symbol: entry.version for symbol, entry in listed.entries.items()}
        listed.do(each)
        assert listed.do(each) == 0, "what is so is no change"
        place(plain, each)
        if each.here is False:
            notes.pop(each.symbol, None)
        elif each.note is not None or each.symbol not in notes:
            notes[each.symbol] = each.note or ""
        assert listed.symbols == plain
        assert {entry.entry: entry.note for entry in in_order(listed.entries)} == notes
        for symbol, entry in listed.entries.items():
            assert entry.version - versions.get(symbol, 0) in {0, 1}


def test_what_is_put_between_two_for_ever_makes_room() -> None:
    listed = Listed()
    listed.do(Wanted("A", here=True, moves=True))
    listed.do(Wanted("B", here=True, moves=True))
    for number in range(100):
        before = listed.symbols[1]
        listed.do(Wanted(f"X{number}", here=True, moves=True, before=before))
    assert listed.symbols == ["A", *(f"X{number}" for number in reversed(range(100))), "B"]


def test_another_version_is_told_with_the_one_there_is() -> None:
    listed = Listed()
    listed.do(Wanted("AAPL", here=True, note="a", version=0))
    with pytest.raises(Clash) as caught:
        listed.do(Wanted("AAPL", note="b", version=0))
    assert caught.value.there == {"version": 1}
    listed.do(Wanted("AAPL", note="b", version=1))
    listed.do(Wanted("AAPL", note="c"))  # whoever says none wins
    assert listed.entries["AAPL"].version == 3
    listed.do(Wanted("AAPL", here=False, version=3))
    assert (listed.entries["AAPL"].type, listed.entries["AAPL"].version) == (RoomType.REMOVED, 4)
    assert listed.do(Wanted("AAPL", here=False, version=1)) == 0, "it is so"


def test_a_list_has_an_end() -> None:
    listed = Listed()
    for number in range(MOST_ENTRIES):
        listed.do(Wanted(f"S{number}", here=True))
    with pytest.raises(LimitExceeded):
        listed.do(Wanted("ONE", here=True))
