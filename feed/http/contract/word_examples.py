"""Examples of words for documents, of every type, and what each type says."""

from collections.abc import Mapping
from dataclasses import replace
from enum import StrEnum
from typing import Any

from feed.http.contract.ticks import EVENT_NS
from feed.market.alert_words import OWNER_PREFIX, AlertType, AlertWord
from feed.market.generation_words import GenerationState, GenerationType, GenerationWord
from feed.market.job_words import JobState, JobType, JobWord
from feed.market.presence_words import PresenceType, PresenceWord
from feed.market.room_words import EntryWord, MessageWord, RoomType
from feed.market.word_channels import WordChannel
from feed.market.words import Word

_ID = "gen_00112233445566778899aabbccddeeff"
_MODEL = "market"
_OWNER = OWNER_PREFIX + "0123456789abcdef0123456789abcdef"
_WHO: dict[str, Any] = {"sender": "ann", "by": _OWNER}


def _word(type_: GenerationType, number: int, text: str = "", **more: Any) -> GenerationWord:  # noqa: ANN401 - fields
    return GenerationWord(_ID, type_, number, EVENT_NS, text, **more)


# A generation from its beginning to its end, as those are told it who listen meanwhile.
WRITTEN = (
    _word(GenerationType.GENERATION, 0, model=_MODEL),
    _word(GenerationType.TOKEN, 1, "AAPL rose"),
    _word(GenerationType.TOKEN, 2, " 2.1 %"),
    _word(GenerationType.TOKEN, 3, " since the open."),
    _word(
        GenerationType.GENERATED,
        4,
        state=GenerationState.STOP,
        prompt_tokens=3,
        completion_tokens=3,
    ),
)
LATE = 3  # words that are said when somebody comes, who is told these as one state
STATE = replace(WRITTEN[0], number=2, text="AAPL rose 2.1 %")
_INTERRUPTED = _word(
    GenerationType.GENERATED,
    3,
    state=GenerationState.INTERRUPTED,
    code="interrupted",
    words="the server ended before the answer did",
)


def _message(type_: RoomType, **more: Any) -> MessageWord:  # noqa: ANN401 - fields
    return MessageWord("desk", type_, "m-1", EVENT_NS, **_WHO, **more)


def _presence(type_: PresenceType, **more: Any) -> PresenceWord:  # noqa: ANN401 - fields
    return PresenceWord("desk", type_, EVENT_NS, **_WHO, **more)


TALKED = (
    _message(RoomType.MESSAGE, text="halted?"),
    _message(RoomType.EDITED, text="AAPL: halted?"),
    _message(RoomType.DELETED),
)
_LISTED = (
    EntryWord("desk", RoomType.ENTRY, "AAPL", EVENT_NS, 1, 1.0, "earnings at 22:00", **_WHO),
    EntryWord("desk", RoomType.REMOVED, "AAPL", EVENT_NS, 2, **_WHO),
)
_THERE = (
    _presence(PresenceType.PRESENT, since_ns=EVENT_NS, connections=1),
    _presence(PresenceType.TYPING),
    _presence(PresenceType.ABSENT),
)
_ALERT = f"alert_{'0123456789abcdef' * 2}"
_RULE = f"rule_{'fedcba9876543210' * 2}"
_FIRED = (
    AlertWord(
        *(_OWNER, AlertType.ALERT, _ALERT, EVENT_NS, _RULE, "AAPL", "price", ">=", "250"),
        seen="250.01",
        at="k3x9m2pq-1247",
    ),
    AlertWord(_OWNER, AlertType.ACKNOWLEDGED, _ALERT, EVENT_NS, _RULE),
)
_JOB = JobWord(
    *(f"job_{'0123456789abcdef' * 2}", JobType.JOB, EVENT_NS, JobState.RUNNING, "ring", "parquet"),
    *(50_000, 131_072, 125_000.0, 0.6, 1_250_000),
    by=_OWNER,
)
KEYS: Mapping[WordChannel, str] = {  # one of each channel
    each.kind: each.symbol for each in (STATE, *TALKED, *_THERE, *_FIRED, _JOB)
}
# By the name of each schema.
EXAMPLES_OF_WORDS: Mapping[str, tuple[Word, ...]] = {
    "Generation": (WRITTEN[0], STATE),
    "Token": (WRITTEN[1],),
    "Generated": (WRITTEN[-1], _INTERRUPTED),
    **{
        f"{each.type.value.capitalize()}Word": (each,)  # there are other messages and jobs
        for each in (*TALKED, *_LISTED, *_THERE, *_FIRED, _JOB)
    },
}
# By the name of each example of a message.
SAID: Mapping[str, tuple[Word, ...]] = {
    "written": WRITTEN,
    "late": (STATE,),
    "interrupted": (_INTERRUPTED,),
    "talked": TALKED,
    "listed": _LISTED,
    "there": _THERE,
    "fired": _FIRED,
    "exported": (_JOB,),
}
WORDS_OF_TYPES: Mapping[StrEnum, str] = {
    GenerationType.GENERATION: "an answer begins; to whoever comes later its state, the text so "
    "far",
    GenerationType.TOKEN: "a piece of its text",
    GenerationType.GENERATED: "it is over; nothing follows",
    RoomType.MESSAGE: "somebody says something in a room; to whoever comes later as edited last",
    RoomType.EDITED: "a message reads otherwise from now on",
    RoomType.DELETED: "a message is gone, also for who comes back from before it; whoever has it "
    "lets go of it too",
    RoomType.ENTRY: "a symbol stands in the list of a room, or has another place or note",
    RoomType.REMOVED: "a symbol does not stand in it any more",
    PresenceType.PRESENT: "somebody is in a room",
    PresenceType.ABSENT: "nobody of that name is any more",
    PresenceType.TYPING: "somebody is typing there; is kept nowhere",
    AlertType.ALERT: "a rule of yours fired; comes once more where it may have been missed, under "
    "the same id",
    AlertType.ACKNOWLEDGED: "you have acknowledged it, here or elsewhere",
    JobType.JOB: "how a job stands",
}
