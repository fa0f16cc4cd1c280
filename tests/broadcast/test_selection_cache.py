"""The cache that is weighed by bytes, selections and all."""

from hypothesis import given
from hypothesis import strategies as st

from feed.broadcast.selection_cache import ENTRY_BYTES, SYMBOL_BYTES, SelectionCache
from feed.wire.selection import Selection
from tests.fakes.selections import of_channels

ONE = of_channels(trades=["A"])
LARGE = of_channels(trades=[f"S{number}" for number in range(1_000)])


def cache(max_bytes: int = 1 << 20) -> SelectionCache[int, str]:
    return SelectionCache(max_bytes)


def test_a_value_is_found_by_an_equal_selection() -> None:
    kept = cache()
    kept.put(ONE, 1, "one", 3)
    assert kept.get(of_channels(trades=["A"]), 1) == "one"
    assert kept.get(ONE, 2) is None
    assert kept.get(LARGE, 1) is None


def test_a_selection_is_weighed_once_for_all_its_entries() -> None:
    kept = cache()
    kept.put(LARGE, 1, "", 10)
    kept.put(LARGE, 2, "", 20)
    assert kept.used_bytes == 1_000 * SYMBOL_BYTES + 2 * ENTRY_BYTES + 30
    kept.drop_oldest()
    assert kept.used_bytes == 1_000 * SYMBOL_BYTES + ENTRY_BYTES + 20
    kept.drop_oldest()
    assert (kept.used_bytes, len(kept)) == (0, 0)


def test_the_longest_unused_go_first() -> None:
    kept = cache(3 * (ENTRY_BYTES + 1_000) + SYMBOL_BYTES)
    for rest in (1, 2, 3):
        kept.put(ONE, rest, str(rest), 1_000)
    assert kept.get(ONE, 1) == "1"
    kept.put(ONE, 4, "4", 1_000)
    assert [kept.get(ONE, rest) for rest in (1, 2, 3, 4)] == ["1", None, "3", "4"]
    assert kept.oldest == (ONE, 1)


def test_large_selections_push_each_other_out() -> None:
    kept = cache(1 << 20)
    for number in range(100):
        names = [f"S{number}-{index}" for index in range(1_000)]
        kept.put(of_channels(trades=names), 0, "", 0)
    assert len(kept) == (1 << 20) // (1_000 * SYMBOL_BYTES + ENTRY_BYTES)


def test_the_newest_stays_whatever_it_weighs() -> None:
    kept = cache(1_000)
    kept.put(ONE, 1, "small", 1)
    kept.put(LARGE, 1, "large", 1 << 30)
    assert (kept.get(LARGE, 1), len(kept)) == ("large", 1)


@given(
    st.lists(
        st.tuples(st.sampled_from([ONE, LARGE, Selection()]), st.integers(0, 3), st.integers(0, 9)),
        max_size=30,
    )
)
def test_nothing_weighs_nothing_whatever_came_before(
    puts: list[tuple[Selection, int, int]],
) -> None:
    kept = cache(200 * SYMBOL_BYTES)
    for selection, rest, value_bytes in puts:
        kept.put(selection, rest, "", value_bytes)
        assert kept.used_bytes <= kept.max_bytes or len(kept) == 1
    while kept.oldest:
        kept.drop_oldest()
    assert kept.used_bytes == 0
