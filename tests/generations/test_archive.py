"""The archive: what is found, by whom, and what is not told apart."""

import pytest

from feed.generations.archive import Archive
from feed.generations.errors import UnknownGeneration
from feed.generations.generation import Generation
from feed.generations.ownership import Ownership
from feed.generations.transcript import Ending
from feed.market.generation_words import GenerationState, GenerationType, GenerationWord
from feed.trust.identity import Identity, Kind
from feed.wire.generations.asked import Asked, Turn
from feed.wire.grants import ALL_GRANTS

ME, YOU = (Identity(Kind.KEY, name, name, ALL_GRANTS) for name in ("me", "you"))


def generation(letter: str, owner: Identity = ME, chat: str | None = None) -> Generation:
    first = GenerationWord(f"gen_{letter * 32}", GenerationType.GENERATION, 0, 7, model="script")
    asked = Asked("script", (Turn("user", "Hi"),), chat_id=chat)
    return Generation([first], asked, Ownership(owner))


def end(some: Generation) -> Generation:
    log = some._log
    log.append(Ending(GenerationState.STOP).after(log[-1], 8))
    some.note_said()
    return some


async def test_what_never_was_and_what_is_somebody_elses_is_told_alike() -> None:
    archive, mine = Archive(), generation("a")
    archive.add(mine)
    assert archive.find(mine.id, ME) is mine
    words = []
    for key in (mine.id, f"gen_{'b' * 32}"):
        with pytest.raises(UnknownGeneration) as raised:
            archive.find(key, YOU)
        words.append(str(raised.value).replace(key, "ID"))
        assert not archive.may_watch(YOU, key)
    assert words[0] == words[1]


async def test_a_conversation_leads_to_its_newest_generation_of_ones_own() -> None:
    archive = Archive()
    older, newer, yours = generation("a", chat="c"), generation("b", chat="c"), generation("c", YOU)
    for each in (older, newer, yours):
        archive.add(each)
    assert archive.find_chat("c", ME) is newer
    assert archive.find_chat(older.id, ME) is older
    with pytest.raises(UnknownGeneration):
        archive.find_chat("c", YOU)
    archive.forget(newer)
    with pytest.raises(UnknownGeneration):
        archive.find_chat("c", ME)


async def test_what_is_over_and_kept_no_longer_is_forgotten() -> None:
    archive = Archive()
    running, over, kept = generation("a"), end(generation("b", chat="c")), end(generation("c"))
    for each in (running, over, kept):
        archive.add(each)
    archive.prune(lambda key: key == kept.id)
    assert len(archive) == 2
    assert archive.get(over.id) is None
    with pytest.raises(UnknownGeneration):
        archive.find_chat("c", ME)
