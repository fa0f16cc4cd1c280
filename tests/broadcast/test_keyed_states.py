"""Keyed states by themselves: what is forgotten, so that memory is bounded."""

from feed.broadcast.keyed_states import KeyedStates
from feed.market.word_channels import WordChannel
from tests.fakes.said import over, words_of


def test_keys_cost_room_beside_their_words() -> None:
    keyed = KeyedStates(max_bytes=100_000)
    for number in range(1_000):
        key = f"gen_{number:032x}"
        keyed.note([*words_of(key, ["", "a"]), over(key, 2)], 3 * number + 1, 0)
    assert 10 < len(keyed) < 30
    assert keyed.knows(WordChannel.GENERATIONS, key)
