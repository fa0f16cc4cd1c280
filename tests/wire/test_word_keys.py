"""The keys of words: what is accepted, the same in messages and in queries."""

import pytest

from feed.errors import InvalidParameter
from feed.market.alert_words import OWNER_PREFIX
from feed.market.word_channels import WORD_CHANNELS, WordChannel
from feed.wire.control import Subscribe, parse_control
from feed.wire.messages import subscription_message
from feed.wire.requests import Request
from feed.wire.selection import Selection
from feed.wire.word_keys import WORD_KEYS

GOOD = {
    WordChannel.GENERATIONS: "gen_" + "0" * 32,
    WordChannel.ROOMS: "desk",
    WordChannel.PRESENCE: "Desk-1.a_b",
    WordChannel.ALERTS: "*",
    WordChannel.JOBS: "job_" + "f" * 32,
}
OWN = OWNER_PREFIX + "a" * 32


@pytest.mark.parametrize("channel", WORD_CHANNELS)
def test_a_key_is_subscribed_to_by_messages_and_queries(channel: WordChannel) -> None:
    said = parse_control({"action": "subscribe", channel.value: [GOOD[channel]]})
    assert isinstance(said, Subscribe)
    queried = Request.of_query([(channel.value, GOOD[channel])])
    key = OWN if WORD_KEYS[channel].own else GOOD[channel]
    for asked in (said, queried):
        selection = asked.of(OWN).selection
        assert selection == Selection.of_words(channel, [key])
        told = subscription_message(dict(selection.symbols), {})
        assert dict(told)[channel.value] == [GOOD[channel]]


@pytest.mark.parametrize("channel", WORD_CHANNELS)
@pytest.mark.parametrize("key", ["../etc", "a b", "", "x" * (1 << 20), "\u202edesk", "desk\n", "é"])
def test_what_is_no_key_is_refused_in_the_same_words(channel: WordChannel, key: str) -> None:
    with pytest.raises(InvalidParameter) as said:
        parse_control({"action": "subscribe", channel.value: [key]})
    assert said.value.parameter == f"{channel.value}.0"
    assert WORD_KEYS[channel].shape in said.value.accepted
    if not key:  # is no part of a query
        return
    with pytest.raises(InvalidParameter) as queried:
        Request.of_query([(channel.value, key)])
    assert str(queried.value) == str(said.value)


@pytest.mark.parametrize("channel", [each for each in WORD_CHANNELS if not WORD_KEYS[each].own])
def test_all_of_it_cannot_be_asked_for(channel: WordChannel) -> None:
    with pytest.raises(InvalidParameter):
        Request.of_query([(channel.value, "*")])


def test_what_is_ones_own_is_told_as_it_was_named() -> None:
    asked = Request.of_query([("alerts", "*"), ("alerts", OWN)]).of(OWN)
    assert asked.selection == Selection.of_words(WordChannel.ALERTS, [OWN])
