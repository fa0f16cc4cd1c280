"""The gate before keys of words."""

import pytest

from feed.errors import InvalidParameter
from feed.hub.key_gate import KeyGate
from feed.market.word_channels import WordChannel
from feed.trust.identity import ANONYMOUS, Identity, Kind, owner_key
from feed.wire.grant import Grant
from feed.wire.grants import Grants
from feed.wire.selection import Selection
from tests.fakes.said import KEYS

OWN, STRANGE, FORGOTTEN, _ = KEYS


def gate() -> KeyGate:
    made = KeyGate()
    made.open(WordChannel.GENERATIONS, lambda _, key: key == OWN, lambda key: key != FORGOTTEN)
    return made


def test_alerts_are_ones_own_and_rooms_are_granted() -> None:
    ann = Identity(Kind.KEY, "k1", "ann", Grants.of([Grant.parse("rooms=desk*")]))
    made = KeyGate()
    made.check(ann, Selection.of_words(WordChannel.ALERTS, [owner_key(ann)]))
    made.check(ann, Selection.of_words(WordChannel.PRESENCE, ["desk-1"]))
    for channel, key in (
        (WordChannel.ALERTS, owner_key(ANONYMOUS)),
        (WordChannel.ALERTS, "*"),
        (WordChannel.ROOMS, "floor"),
        (WordChannel.JOBS, "job_" + "0" * 32),
    ):
        with pytest.raises(InvalidParameter):
            made.check(ann, Selection.of_words(channel, [key]))


def of(*keys: str) -> Selection:
    return Selection.of_words(WordChannel.GENERATIONS, keys)


@pytest.mark.parametrize("key", [STRANGE, FORGOTTEN])
def test_a_key_that_may_not_be_read_is_refused_where_it_is_new(key: str) -> None:
    with pytest.raises(InvalidParameter, match=key):
        gate().check(ANONYMOUS, of(OWN, key))
    gate().check(ANONYMOUS, of(OWN, key), of(key))


def test_what_is_forgotten_is_not_revoked() -> None:
    assert gate().revoked(ANONYMOUS, of(OWN, FORGOTTEN)) == ""
    assert gate().revoked(ANONYMOUS, of(OWN, STRANGE)) == STRANGE
