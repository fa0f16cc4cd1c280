"""A symbol belongs to one strand: the first that lists it, or ticks it."""

from feed.market.owners import Owners


def test_a_symbol_is_its_whose_who_names_it_first() -> None:
    owners = Owners()
    owners.claim(["AAPL", "MSFT"], "md")
    owners.claim(["MSFT", "EUR/USD"], "fx")
    assert [owners.owner(each) for each in ("AAPL", "MSFT", "EUR/USD", "OWN")] == [
        "md",
        "md",
        "fx",
        None,
    ]


def test_what_another_one_ticks_is_foreign_and_stays_so() -> None:
    owners = Owners()
    assert owners.foreign({"A", "B"}, "first") == set()
    for _ in range(2):
        assert owners.foreign({"B", "C"}, "second") == {"B"}
    assert owners.foreign({"A", "B", "C"}, "first") == {"C"}
    assert owners.foreign({"A", "B"}, "first") == set()


def test_another_process_takes_up_whose_they_were() -> None:
    before, after = Owners(), Owners()
    before.claim("AB", "first")
    before.claim("BC", "second")
    for name, symbols in before.state().items():
        after.claim(symbols, name)
    assert after.foreign({"A", "B", "C"}, "second") == {"A", "B"}
