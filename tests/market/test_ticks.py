import pytest

from feed.market.ticks import (
    CHANNEL_OF_KIND,
    KIND_OF_CHANNEL,
    Bar,
    Channel,
    Kind,
    Quote,
    Status,
    Trade,
)


def test_kinds_are_the_letters_of_the_dialect() -> None:
    assert {kind.name: kind.value for kind in Kind} == {
        "TRADE": "t",
        "QUOTE": "q",
        "BAR": "b",
        "UPDATED_BAR": "u",
        "SECOND_BAR": "b1s",
        "STATUS": "s",
    }


def test_every_kind_has_one_channel_and_every_channel_one_kind() -> None:
    assert list(KIND_OF_CHANNEL) == list(Channel)
    assert set(KIND_OF_CHANNEL.values()) == set(Kind)
    assert {kind: channel for channel, kind in KIND_OF_CHANNEL.items()} == CHANNEL_OF_KIND
    assert len(CHANNEL_OF_KIND) == len(Channel)


@pytest.mark.parametrize(
    ("tick", "kind"),
    [
        (Trade("A", 1, "V", 1.0, 1.0, 5), Kind.TRADE),
        (Quote("A", "V", 1.0, 1.0, "V", 2.0, 1.0, 5), Kind.QUOTE),
        (Bar(Kind.SECOND_BAR, "A", 1.0, 1.0, 1.0, 1.0, 1.0, 1, 1.0, 5), Kind.SECOND_BAR),
        (Status("A", "H", "Halted", "", "", 5), Kind.STATUS),
    ],
)
def test_a_tick_knows_its_kind_and_has_no_dictionary(
    tick: Trade | Quote | Bar | Status, kind: Kind
) -> None:
    assert tick.kind is kind
    assert (tick.symbol, tick.event_ns) == ("A", 5)
    assert not hasattr(tick, "__dict__")
