"""Logs of generations, and readers of streams of other APIs that know nothing of the codecs."""

import json
from typing import Any

from hypothesis import strategies as st

from feed.market.generation_words import GenerationState, GenerationType, GenerationWord, fold
from tests.fakes.frame_reader import read_sse

ID = "gen_00000000000000000000000000000001"
BEGUN_S = 1_700_000_000
ENDS = [state for state in GenerationState if state is not GenerationState.RUNNING]
FAILURES = {GenerationState.FAILED, GenerationState.INTERRUPTED}
# Whatever somebody may take for the end of a line, of a text or of an event.
PIECES = [
    "",
    " ",
    "\n",
    "\r\n\r\n",
    '"',
    "\\",
    "\u2028",
    "\u2029",
    "\x85",
    "\v\f\x1c",
    "data: [DONE]",
]
texts = st.lists(st.one_of(st.sampled_from([*PIECES, "😀", "né"]), st.text(max_size=8)), max_size=6)


def log_of(
    texts: list[str],
    state: GenerationState = GenerationState.STOP,
    *,
    facts: str = "",
    code: str = "",
    words: str = "",
) -> list[GenerationWord]:
    """Return a log, a second a word; without its end where it is still running."""
    end = [GenerationState.RUNNING] if state is GenerationState.RUNNING else []
    last = len(texts) + 1
    log = [
        GenerationWord(
            ID,
            GenerationType.GENERATION if number == 0 else GenerationType.TOKEN,
            number,
            (BEGUN_S + number) * 1_000_000_000,
            text,
            "market",
        )
        for number, text in enumerate(["", *texts])
    ]
    log[0].facts, log[0].as_of = facts, "k3-7" if facts else ""
    if end:
        return log
    over = GenerationWord(ID, GenerationType.GENERATED, last, (BEGUN_S + last) * 1_000_000_000)
    over.model, over.state, over.code, over.words = "market", state, code, words
    over.prompt_tokens, over.completion_tokens = 11, len(texts)
    return [*log, over]


def folded(log: list[GenerationWord], count: int) -> GenerationWord:
    """Return the state after the first words of a log."""
    state = fold(None, log[:count])
    assert state is not None
    return state


def objects(stream: bytes) -> list[Any]:
    """Return what the events of a stream carry; `[DONE]` as it is."""
    return [got.data if got.data == "[DONE]" else json.loads(got.data) for got in read_sse(stream)]
