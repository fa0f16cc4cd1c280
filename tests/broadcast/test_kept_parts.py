"""What is kept of rooms and their like, against a reader who heard every word."""

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from feed.broadcast.keyed_states import KeyedStates
from feed.market.generation_words import GenerationWord
from feed.market.job_words import JobState, JobType, JobWord
from feed.market.presence_words import PresenceType, PresenceWord
from feed.market.room_words import EntryWord, MessageWord, RoomType
from feed.market.word_channels import WordChannel
from feed.market.words import PartWord, Word
from feed.wire.selection import Selection

ROOM, OTHER = "desk", "floor"
ROOMS = Selection.of_words(WordChannel.ROOMS, [ROOM])


def message(id_: str, text: str = "", type_: RoomType = RoomType.MESSAGE) -> MessageWord:
    return MessageWord(ROOM, type_, id_, 1, "ann", "own_1", text=text)


def entry(symbol: str, version: int, type_: RoomType = RoomType.ENTRY) -> EntryWord:
    return EntryWord(ROOM, type_, symbol, 1, version, float(version))


@st.composite
def conversations(draw: st.DrawFn) -> list[PartWord]:
    """Return what is said in a room, as a server would have it: nothing is edited before it is."""
    said: list[PartWord] = []
    alive: list[str] = []
    versions: dict[str, int] = {}
    for step in range(draw(st.integers(0, 30))):
        do = draw(st.sampled_from(["say", "say", "edit", "delete", "write", "remove"]))
        if do == "say":
            alive.append(f"m{step}")
            said.append(message(alive[-1], f"{step} "))
        elif do in {"edit", "delete"} and alive:
            id_ = draw(st.sampled_from(alive))
            if do == "edit":
                said.append(message(id_, f"{step} edited", RoomType.EDITED))
            else:
                alive.remove(id_)
                said.append(message(id_, type_=RoomType.DELETED))
        elif do in {"write", "remove"}:
            symbol = draw(st.sampled_from(["AAPL", "MSFT"]))
            versions[symbol] = versions.get(symbol, 0) + 1
            type_ = RoomType.ENTRY if do == "write" else RoomType.REMOVED
            said.append(entry(symbol, versions[symbol], type_))
    return said


def read(words: Sequence[Word], known: dict[str, tuple[object, ...]]) -> None:
    """Do as a reader does with each word."""
    for word in words:
        if isinstance(word, MessageWord):
            if word.is_gone:
                known.pop(word.part, None)
            else:
                known[word.part] = (word.text,)
        elif isinstance(word, EntryWord):
            if word.is_gone:
                known.pop(word.part, None)
            else:
                known[word.part] = word.version, word.place


@given(said=conversations(), data=st.data())
def test_who_missed_a_stretch_knows_what_all_others_know(
    said: list[PartWord], data: st.DataObject
) -> None:
    keyed = KeyedStates()
    keyed.note(said, 1, 0)
    after = data.draw(st.integers(0, len(said)))
    upto = data.draw(st.integers(after, len(said)))
    known: dict[str, tuple[object, ...]] = {}
    read(said[:after], known)
    missed = keyed.numbered(ROOMS, after, upto)
    assert missed is not None
    assert all(after < sequence <= upto for sequence, _ in missed)
    assert [sequence for sequence, _ in missed] == sorted({sequence for sequence, _ in missed})
    read([word for _, word in missed], known)
    read(said[upto:], known)
    everything: dict[str, tuple[object, ...]] = {}
    read(said, everything)
    assert known == everything
    late: dict[str, tuple[object, ...]] = {}
    read(keyed.states(ROOMS), late)
    assert late == everything


@given(said=conversations())
def test_another_process_knows_the_same(said: list[PartWord]) -> None:
    keyed, other = KeyedStates(), KeyedStates()
    keyed.note(said, 1, 0)
    for log in keyed.logs():
        other.restore(log, 0)
    assert other.parts(WordChannel.ROOMS, ROOM) == keyed.parts(WordChannel.ROOMS, ROOM)
    assert other.numbered(ROOMS, 0, len(said)) is not None
    assert other.used_bytes == keyed.used_bytes


@given(said=conversations(), most=st.integers(1, 6))
def test_whoever_missed_what_is_dropped_is_not_told_that_it_has_all(
    said: list[PartWord], most: int
) -> None:
    keyed = KeyedStates(max_parts=most)
    keyed.note(said, 1, 0)
    newest = {word.part: sequence for sequence, word in enumerate(said, 1)}
    for after in range(len(said)):
        missed = keyed.numbered(ROOMS, after, len(said))
        if missed is not None:  # all that changed since is in it
            changed = {part for part, sequence in newest.items() if sequence > after}
            assert changed == {
                word.part for _, word in missed if not isinstance(word, GenerationWord)
            }


def test_a_message_that_is_deleted_is_kept_nowhere() -> None:
    keyed = KeyedStates()
    keyed.note([message("m1", "secret"), message("m1", "secret still", RoomType.EDITED)], 1, 0)
    (kept,) = keyed.parts(WordChannel.ROOMS, ROOM)
    assert isinstance(kept, MessageWord)
    assert (kept.type, kept.text, kept.edited_ns) == (RoomType.MESSAGE, "secret still", 1)
    keyed.note([message("m1", type_=RoomType.DELETED)], 3, 0)
    assert "secret" not in str([keyed.parts(WordChannel.ROOMS, ROOM), [*keyed.logs()]])
    assert keyed.states(ROOMS) == []
    assert keyed.numbered(ROOMS, 0, 3) == [(3, message("m1", type_=RoomType.DELETED))]


def test_typing_is_kept_nowhere() -> None:
    keyed = KeyedStates()
    typing = PresenceWord(ROOM, PresenceType.TYPING, 1, "ann", "own_1")
    keyed.note([typing], 1, 0)
    assert (len(keyed), keyed.used_bytes) == (0, 0)
    there = PresenceWord(ROOM, PresenceType.PRESENT, 1, "ann", "own_1", "", 1, 1)
    keyed.note([there, typing], 2, 0)
    assert keyed.parts(WordChannel.PRESENCE, ROOM) == [there]


def test_a_job_is_forgotten_some_time_after_its_end() -> None:
    keyed = KeyedStates(ttl_ns=10)
    key = "job_" + "0" * 32
    keyed.note([JobWord(key, JobType.JOB, 1, JobState.RUNNING)], 1, 0)
    keyed.expire(100)
    assert keyed.knows(WordChannel.JOBS, key)
    keyed.note([JobWord(key, JobType.JOB, 1, JobState.DONE)], 2, 100)
    keyed.expire(109)
    assert keyed.knows(WordChannel.JOBS, key)
    keyed.expire(110)
    assert not keyed.knows(WordChannel.JOBS, key)
    assert keyed.used_bytes == 0


def test_a_room_in_which_all_is_gone_is_forgotten_and_no_other() -> None:
    keyed = KeyedStates(ttl_ns=10)
    keyed.note([message("m1", "x"), message("m1", type_=RoomType.DELETED)], 1, 0)
    keyed.note([MessageWord(OTHER, RoomType.MESSAGE, "m1", 1)], 3, 0)
    keyed.expire(10)
    assert keyed.keys() == [(WordChannel.ROOMS, OTHER)]
