"""What is listed, and which listed symbol is the nearest to one that is not."""

import pytest

from feed.market.asset_classes import EVERY_OF
from feed.market.listing import LOOK_AGAIN_NS, Listing
from feed.market.snapshot import Snapshot
from feed.market.symbols import ALL
from feed.market.ticks import Trade

LISTED = ["AAPL", "BRK.B", "BTC/USD", "GOOGL", "ÄPFEL", "AAPL  240119C00150000", "V"]


def listing_of(*symbols: str) -> Listing:
    listing = Listing(Snapshot(), lambda: symbols)
    assert listing.unlisted(frozenset({"NOSUCH"}), 0) == {"NOSUCH"}
    return listing


def test_listed_is_what_the_source_lists_and_what_ticked() -> None:
    snapshot = Snapshot()
    listing = Listing(snapshot, lambda: ["AAPL"])
    asked = frozenset({"AAPL", "aapl", "MSFT"})
    assert listing.unlisted(asked, 0) == {"aapl", "MSFT"}
    snapshot.update([Trade("MSFT", 1, "V", 1.0, 1.0, 1)])
    assert listing.unlisted(asked, 0) == {"aapl"}


def test_wildcards_are_no_names() -> None:
    assert listing_of("AAPL").unlisted(frozenset({ALL, *EVERY_OF.values()}), 0) == set()


def test_while_nothing_is_listed_it_says_so() -> None:
    symbols: list[str] = []
    listing = Listing(Snapshot(), lambda: symbols)
    assert listing.unlisted(frozenset({"AAPL"}), 0) == {"AAPL"}
    assert listing.is_empty
    symbols.append("MSFT")
    listing.unlisted(frozenset({"AAPL"}), LOOK_AGAIN_NS)
    assert not listing.is_empty


def test_what_is_listed_later_is_learnt_and_the_source_is_asked_once_a_second() -> None:
    asked_ns: list[int] = []
    now_ns = 0

    def instruments() -> list[str]:
        asked_ns.append(now_ns)
        return LISTED[: len(asked_ns)]

    listing = Listing(Snapshot(), instruments)
    names = frozenset(LISTED[:2])
    for now_ns in range(0, 2 * LOOK_AGAIN_NS, LOOK_AGAIN_NS // 4):
        unlisted = listing.unlisted(names, now_ns)
        assert unlisted == (set() if now_ns >= LOOK_AGAIN_NS else {"BRK.B"})
    assert asked_ns == [0, LOOK_AGAIN_NS]


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("aapl", "AAPL"),
        ("BTCUSD", "BTC/USD"),
        ("btc-usd", "BTC/USD"),
        ("BRKB", "BRK.B"),
        ("brk/b", "BRK.B"),
        ("AAPL 240119C00150000", "AAPL  240119C00150000"),
        ("äpfel", "ÄPFEL"),
        ("v", "V"),
        ("GOGL", "GOOGL"),  # one is missing
        ("GOOOGL", "GOOGL"),  # one too many
        ("GOOLG", "GOOGL"),  # two changed about
        ("GOOGK", "GOOGL"),  # one is wrong
        ("BTC/USDT", "BTC/USD"),
        ("NOSUCH", None),
        ("W", None),  # one letter away from everything
        ("APL", None),
        ("GGOOOGL", None),
        ("...", None),
        ("Z" * 64, None),
    ],
)
def test_the_nearest_is_told_by_letters_and_digits(name: str, meant: str | None) -> None:
    assert listing_of(*LISTED).nearest(name) == meant


def test_of_two_that_are_as_near_the_one_that_was_listed_first_is_meant() -> None:
    assert listing_of("BTC/USD", "BTC-USD").nearest("btcusd") == "BTC/USD"
