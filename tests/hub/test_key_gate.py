"""The gate before keys of words."""

import pytest

from feed.errors import InvalidParameter
from feed.hub.key_gate import KeyGate
from feed.market.word_channels import WordChannel
from feed.trust.identity import ANONYMOUS
from feed.wire.selection import Selection
from tests.fakes.said import KEYS

OWN, STRANGE, FORGOTTEN, _ = KEYS


def gate() -> KeyGate:
    made = KeyGate()
    made.may_read = lambda _identity, _channel, key: key == OWN
    made.is_known = lambda _, key: key != FORGOTTEN
    return made


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
