"""What subscribers are told of what they asked for and do not get: whom, when, and once."""

from collections.abc import Iterable

import orjson
import pytest

from feed.broadcast.audience import Audience
from feed.broadcast.warnings import (
    MOST_REMEMBERED,
    MOST_SUGGESTIONS,
    PATIENCE_NS,
    Warnings,
)
from feed.market.listing import Listing
from feed.market.ticks import SECOND_NS, Channel, Kind
from feed.wire.compression import Compression
from feed.wire.messages import MOST_NAMED, WarningReason
from feed.wire.selection import Selection
from tests.fakes.frame_reader import Object
from tests.fakes.selections import of_channels
from tests.fakes.stage import Member, Stage
from tests.fakes.ways import WAYS, Way, way_name

MANY = [f"X{number:04}" for number in range(5_000)]
NOTHING = Selection()
NO_NAMES: frozenset[str] = frozenset()


def names_of(selection: Selection) -> frozenset[str]:
    """Return the symbols of a selection over all channels."""
    return NO_NAMES.union(*(symbols for _, symbols in selection.symbols))


class Shop:
    """A stage whose source lists some symbols, and whose recordings tell theirs while they play."""

    def __init__(self, *listed: str, patient: bool = False) -> None:
        self.stage = Stage(1_024)
        self.listed = list(listed)
        self._named: dict[Member, frozenset[str]] = {}
        broadcast = self.stage.broadcast
        listing = Listing(broadcast.snapshot, lambda: self.listed)
        self.warnings = Warnings(broadcast, listing, patient=patient)
        limits = self.stage.audience.limits
        self.stage.audience = Audience(broadcast, limits, lambda: None, self.warnings)

    def pass_s(self, seconds: int) -> None:
        """Let time pass, a second at a time, as housekeeping does."""
        for _ in range(seconds):
            self.stage.now_ns += SECOND_NS
            for _ in self.stage.audience.warn_later(self.stage.now_ns):
                pass

    def ask(
        self,
        member: Member,
        selection: Selection,
        silent: tuple[str, ...] = (),
        beside: Iterable[str] = (),
    ) -> None:
        """Change a member's subscription as a WebSocket does; `beside` are names beside a `*`."""
        known = self._named.get(member, NO_NAMES)
        self.stage.move(member, selection)
        named = self._named[member] = names_of(selection).union(beside)
        self._judge(member, named, known, silent)

    def join(
        self,
        selection: Selection,
        way: Way = WAYS[0],
        compression: Compression | None = None,
        *,
        beside: Iterable[str] = (),
    ) -> Member:
        """Take a member in, and judge what it asked for."""
        member = self.stage.open(selection, way, compression=compression)
        named = self._named[member] = names_of(selection).union(beside)
        self._judge(member, named, NO_NAMES, ())
        return member

    def _judge(
        self, member: Member, named: frozenset[str], known: frozenset[str], silent: Iterable[str]
    ) -> None:
        audience, subscriber, now_ns = self.stage.audience, member.subscriber, self.stage.now_ns
        warnings = audience.warnings.asked(subscriber, named, known, [*silent], now_ns)
        audience.tell(subscriber, warnings)
        audience.release(subscriber, now_ns)

    def heard(self, member: Member) -> list[Object]:
        """Return the warnings that a member was written since this was last asked."""
        if not member.subscriber.live:
            self.stage.catch_up(member)
        return [item for item in member.take_objects() if item["T"] == "warning"]

    def names(self, member: Member) -> list[list[str]]:
        return [warning["names"] for warning in self.heard(member)]


def test_a_live_source_tells_at_once_what_it_does_not_list() -> None:
    shop = Shop("AAPL", "BTC/USD")
    member = shop.join(of_channels(trades=["aapl", "AAPL"], quotes=["NOSUCH", "aapl"]))
    assert shop.heard(member) == [
        {
            "T": "warning",
            "reason": "unlisted",
            "msg": "2 symbols are not listed: NOSUCH, aapl (did you mean AAPL?)",
            "names": ["NOSUCH", "aapl"],
            "nearest": {"aapl": "AAPL"},
            "count": 2,
        }
    ]
    assert shop.warnings.counts == {WarningReason.UNLISTED: 1}


def test_what_is_listed_is_not_warned_of() -> None:
    shop = Shop("AAPL")
    shop.stage.publish_and_cut("MSFT")
    assert shop.heard(shop.join(of_channels(trades=["AAPL", "MSFT"], quotes=["*"]))) == []


@pytest.mark.parametrize("way", WAYS, ids=way_name)
def test_every_codec_and_framing_carries_it(way: Way) -> None:
    shop = Shop("AAPL")
    [warning] = shop.heard(shop.join(of_channels(trades=["aapl"]), way))
    assert warning["msg"] == "aapl is not listed; did you mean AAPL?"
    assert (warning["names"], warning["nearest"]) == (["aapl"], {"aapl": "AAPL"})
    assert warning["count"] == 1


def test_one_warning_names_a_few_and_counts_the_rest() -> None:
    shop = Shop("x-0000", "x-0001", "x-0002", "x-0003")
    [warning] = shop.heard(shop.join(of_channels(trades=MANY)))
    assert warning["names"] == sorted(MANY)[:MOST_NAMED]
    assert list(warning["nearest"]) == sorted(MANY)[:MOST_SUGGESTIONS]
    assert warning["count"] == len(MANY)
    assert warning["msg"].startswith("5,000 symbols are not listed: X0000 (did you mean x-0000?), ")
    assert warning["msg"].endswith("X0019, and 4,980 more")


def test_the_longest_warning_fits_into_a_frame() -> None:
    shop = Shop("AAPL")
    names = [f"{number:02}" + '"' * 62 for number in range(20)]
    assert len(orjson.dumps(shop.heard(shop.join(of_channels(trades=names))))) < 8_000


def test_a_symbol_is_told_once_however_often_it_is_asked_for() -> None:
    shop = Shop("AAPL")
    member = shop.join(of_channels(trades=["aapl"]))
    assert shop.names(member) == [["aapl"]]
    shop.ask(member, of_channels(trades=["aapl"], quotes=["aapl", "msft"]))
    assert shop.names(member) == [["msft"]]
    shop.ask(member, of_channels(trades=["AAPL"]))
    shop.ask(member, of_channels(trades=["AAPL", "aapl"], quotes=["msft"]))
    assert shop.names(member) == []


def test_what_is_subscribed_is_not_judged_again_and_little_of_it_is_remembered() -> None:
    shop = Shop("AAPL")
    member = shop.join(of_channels(trades=MANY))
    assert len(shop.names(member)) == 1
    for first in range(0, 5_000, MOST_NAMED):
        shop.ask(member, of_channels(trades=MANY, quotes=[f"Y{first + one}" for one in range(20)]))
        shop.ask(member, of_channels(trades=MANY))
    assert len(shop.names(member)) == 250
    assert len(shop.warnings._told[member.subscriber]) == MOST_REMEMBERED


def test_whoever_leaves_is_forgotten() -> None:
    shop = Shop("AAPL", patient=True)
    member = shop.join(of_channels(trades=["aapl"], quotes=["AAPL"]))
    shop.stage.publish_and_cut("AAPL")
    shop.pass_s(5)
    shop.stage.audience.leave(member.subscriber)
    assert not shop.warnings._doubts
    shop.pass_s(20)
    assert member.take_objects() == []


def test_a_symbol_that_is_listed_later_comes() -> None:
    shop = Shop("AAPL")
    member = shop.join(of_channels(trades=["NEW"]))
    assert shop.names(member) == [["NEW"]]
    shop.stage.publish_and_cut("NEW")
    assert [item["S"] for item in member.take_objects()] == ["NEW"]


# A recording, whose symbols are known when it has played.


def test_a_recording_has_ten_seconds_to_come_to_a_symbol() -> None:
    shop = Shop("AAPL", patient=True)
    member = shop.join(of_channels(trades=["AAPL", "LATE", "NEVER"]))
    shop.stage.publish_and_cut("AAPL")
    shop.pass_s(10)
    shop.stage.publish_and_cut("LATE")
    assert shop.names(member) == []
    shop.pass_s(1)  # ten since the first tick was seen
    assert shop.names(member) == [["NEVER"]]
    shop.pass_s(100)
    assert shop.names(member) == []


def test_a_recording_that_waits_to_begin_is_waited_for() -> None:
    shop = Shop("AAPL", patient=True)
    member = shop.join(of_channels(trades=["NEVER"]))
    shop.pass_s(100)
    assert shop.names(member) == []
    shop.stage.publish_and_cut("AAPL")
    shop.pass_s(11)
    assert shop.names(member) == [["NEVER"]]


def test_names_that_are_asked_for_meanwhile_have_ten_seconds_too() -> None:
    shop = Shop("AAPL", patient=True)
    shop.stage.publish_and_cut("AAPL")
    shop.pass_s(100)
    member = shop.join(of_channels(trades=["ONE", "GIVENUP"]))
    shop.pass_s(8)
    shop.ask(member, of_channels(trades=["ONE", "TWO"]))
    shop.pass_s(2)
    assert shop.names(member) == [["ONE"]]
    shop.pass_s(9)
    assert shop.names(member) == []
    shop.pass_s(1)
    assert shop.names(member) == [["TWO"]]


def test_names_that_are_given_up_do_not_pile_up() -> None:
    shop = Shop("AAPL", patient=True)
    shop.stage.publish_and_cut("AAPL")
    member = shop.join(of_channels(trades=["X"]))
    for number in range(100):
        shop.ask(member, of_channels(trades=[f"Y{number}"]))
    [doubt] = shop.warnings._doubts.values()
    assert len(doubt.later) <= 2


def test_a_live_source_that_lists_nothing_yet_is_waited_for() -> None:
    shop = Shop()
    member = shop.join(of_channels(trades=["AAPL", "aapl"]))
    shop.pass_s(100)
    assert shop.names(member) == []
    shop.listed.append("AAPL")
    shop.stage.publish_and_cut("AAPL")
    shop.pass_s(11)
    assert shop.names(member) == [["aapl"]]


@pytest.mark.parametrize("compression", [None, Compression()], ids=["plain", "deflated"])
@pytest.mark.parametrize("way", WAYS, ids=way_name)
def test_a_late_warning_does_not_disturb_what_readers_share(
    way: Way, compression: Compression | None
) -> None:
    shop = Shop("AAPL", patient=True)
    selection = of_channels(trades=["*"], quotes=["NEVER"])
    early = shop.join(selection, way, compression)
    shop.stage.publish_and_cut("AAPL", (Kind.QUOTE, "AAPL"))
    shop.pass_s(5)
    late = shop.join(selection, way, compression)
    for member in (early, late):
        shop.stage.catch_up(member)
    assert early.subscriber.lane is late.subscriber.lane
    shop.stage.publish_and_cut("AAPL", "AAPL")
    shop.pass_s(6)
    assert (early.subscriber.live, late.subscriber.live) == (False, True)
    shop.stage.publish_and_cut("AAPL", "AAPL")
    shop.stage.catch_up(early)
    shop.stage.publish_and_cut("AAPL", "AAPL")
    assert [item["T"] for item in early.take_objects()] == [*["t"] * 3, "warning", *["t"] * 4]
    assert [item["T"] for item in late.take_objects()] == ["t"] * 6


# Channels on which nothing comes.


def test_channels_that_nobody_gives_are_told_once() -> None:
    shop = Shop("AAPL")
    member = shop.join(of_channels(trades=["AAPL"]))
    shop.ask(member, of_channels(trades=["AAPL"]), ("orderbooks", "news"))
    [warning] = shop.heard(member)
    assert warning["reason"] == "silent_channel"
    assert warning["names"] == ["news", "orderbooks"]
    assert warning["msg"] == "nothing comes on news, orderbooks: the source gives none so far"
    shop.ask(member, of_channels(trades=["AAPL"]), ("orderbooks",))
    assert shop.heard(member) == []


def test_a_channel_is_silent_if_nothing_came_in_ten_seconds_of_ticks() -> None:
    shop = Shop("AAPL")
    member = shop.join(of_channels(trades=["AAPL"], quotes=["AAPL"], statuses=["*"]))
    shop.pass_s(20)
    assert shop.names(member) == []
    shop.stage.publish_and_cut("AAPL")
    shop.pass_s(11)
    assert shop.names(member) == [["quotes"]]
    assert shop.names(shop.join(of_channels(quotes=["AAPL"]))) == [["quotes"]]
    shop.stage.publish_and_cut((Kind.QUOTE, "AAPL"))
    assert shop.names(shop.join(of_channels(quotes=["AAPL"]))) == []


def test_bars_are_made_of_trades() -> None:
    shop = Shop("AAPL")
    channels = of_channels(bars=["AAPL"], secondBars=["AAPL"], updatedBars=["AAPL"])
    shop.stage.publish_and_cut((Kind.QUOTE, "AAPL"))
    member = shop.join(channels)
    shop.pass_s(11)
    assert shop.names(member) == [["bars", "secondBars"]]
    shop.stage.publish_and_cut("AAPL")
    assert shop.names(shop.join(channels)) == []


def test_a_subscription_of_nothing_is_told_once() -> None:
    shop = Shop("AAPL")
    member = shop.join(NOTHING)
    [warning] = shop.heard(member)
    assert warning["reason"] == "nothing"
    assert warning["names"] == sorted(Channel)
    shop.ask(member, NOTHING)
    assert shop.heard(member) == []


# Names beside a `*`, which are not in the selection.


def test_a_name_beside_everything_is_told_once_too() -> None:
    shop = Shop("AAPL")
    member = shop.join(of_channels(trades=["*"]), beside=["NOSUCH", "AAPL"])
    assert shop.names(member) == [["NOSUCH"]]
    shop.ask(member, of_channels(trades=["*"], quotes=["AAPL"]), beside=["NOSUCH", "aapl"])
    assert shop.names(member) == [["aapl"]]
    shop.ask(member, of_channels(trades=["*"], quotes=["NOSUCH"]), beside=["aapl"])
    assert shop.names(member) == []


def test_a_recording_has_ten_seconds_for_a_name_beside_everything() -> None:
    shop = Shop("AAPL", patient=True)
    stays = shop.join(of_channels(trades=["*"]), beside=["NEVER", "LATE"])
    goes = shop.join(of_channels(trades=["*"]), beside=["NEVER"])
    shop.stage.publish_and_cut("AAPL")
    shop.ask(goes, of_channels(trades=["AAPL"]))
    shop.pass_s(10)
    shop.stage.publish_and_cut("LATE")
    shop.pass_s(1)
    assert (shop.names(stays), shop.names(goes)) == ([["NEVER"]], [])


def test_names_beside_everything_that_are_given_up_do_not_pile_up() -> None:
    shop = Shop("AAPL", patient=True)
    shop.stage.publish_and_cut("AAPL")
    member = shop.join(of_channels(trades=["*"]), beside=["X"])
    for number in range(100):
        shop.ask(member, of_channels(trades=["*"]), beside=[f"Y{number}"])
    [doubt] = shop.warnings._doubts.values()
    assert doubt.later == doubt.beside == frozenset({"Y99"})


# Finite requests.


def test_an_answer_is_told_what_is_not_there() -> None:
    shop = Shop("AAPL")
    asked, named = of_channels(trades=["aapl"]), frozenset({"aapl"})
    warnings = shop.warnings.answered(asked, named, ("news",), 0)
    assert [warning["names"] for warning in warnings] == [["news"], ["aapl"]]
    assert shop.warnings.answered(asked, named, (), 0)[0]["names"] == ["aapl"], "each time"
    assert shop.warnings.answered(of_channels(quotes=["AAPL"]), frozenset({"AAPL"}), (), 0) == []
    [warning] = shop.warnings.answered(of_channels(trades=["*"]), frozenset({"*", "aapl"}), (), 0)
    assert warning["names"] == ["aapl"]


def test_an_answer_tells_symbols_of_a_recording_once_it_has_played() -> None:
    shop = Shop("AAPL", patient=True)
    asked = of_channels(trades=["aapl"], quotes=["AAPL"])
    named = names_of(asked)
    shop.stage.publish_and_cut("AAPL")
    shop.pass_s(10)
    assert shop.warnings.answered(asked, named, (), shop.stage.now_ns) == []
    shop.pass_s(1)
    warnings = shop.warnings.answered(asked, named, (), shop.stage.now_ns)
    assert [warning["names"] for warning in warnings] == [["quotes"], ["aapl"]]


def test_patience_is_ten_seconds() -> None:
    assert PATIENCE_NS == 10 * SECOND_NS
