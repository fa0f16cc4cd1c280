"""Keyed states by themselves: what is forgotten, so that memory is bounded."""

from feed.broadcast.keyed_states import KeyedStates
from feed.market.room_words import MessageWord, RoomType
from feed.market.word_channels import WordChannel
from tests.fakes.said import over, words_of


def test_keys_cost_room_beside_their_words() -> None:
    keyed = KeyedStates(max_bytes=100_000)
    for number in range(1_000):
        key = f"gen_{number:032x}"
        keyed.note([*words_of(key, ["", "a"]), over(key, 2)], 3 * number + 1, 0)
    assert 10 < len(keyed) < 30
    assert keyed.knows(WordChannel.GENERATIONS, key)


def test_the_bytes_of_a_key_are_those_of_all_it_keeps() -> None:
    keyed = KeyedStates()
    assert keyed.bytes_of(WordChannel.ROOMS, "desk") == 0
    words = [MessageWord("desk", RoomType.MESSAGE, f"m{n}", 1, text="x" * 100) for n in (1, 2)]
    keyed.note(words[:1], 1, 0)
    one = keyed.bytes_of(WordChannel.ROOMS, "desk")
    keyed.note(words[1:], 2, 0)
    assert keyed.bytes_of(WordChannel.ROOMS, "desk") == 2 * one > 200
    assert keyed.bytes_of(WordChannel.PRESENCE, "desk") == 0
