"""The rest of a stream in windows: the same as in one go, wherever one stood."""

import pytest

from feed.errors import InvalidParameter
from feed.http.generations.preludes import events_in_windows
from feed.market.generation_words import GenerationState, GenerationType, GenerationWord, fold
from feed.wire.generations.asked import NO_ECHO
from feed.wire.generations.openai_responses import events_after

KEY, LAST = f"gen_{'a' * 32}", 150


def log_of(kept_as_one: int, state: GenerationState) -> list[GenerationWord]:
    """Return a log whose first words are one state."""
    log = [GenerationWord(KEY, GenerationType.GENERATION, 0, 1, model="m")]
    log += [GenerationWord(KEY, GenerationType.TOKEN, n, n, f"{n} ", "m") for n in range(1, LAST)]
    begun = fold(None, log[: kept_as_one + 1])
    assert begun is not None
    log = [begun, *log[kept_as_one + 1 :]]
    if state is not GenerationState.RUNNING:
        log.append(
            GenerationWord(KEY, GenerationType.GENERATED, LAST, LAST, model="m", state=state)
        )
    return log


@pytest.mark.parametrize("kept_as_one", [0, 5])
@pytest.mark.parametrize(
    "state", [GenerationState.RUNNING, GenerationState.STOP, GenerationState.INTERRUPTED]
)
def test_windows_join_to_what_there_is_in_one_go(kept_as_one: int, state: GenerationState) -> None:
    log = log_of(kept_as_one, state)
    for after in (*range(12), *range(60, 75), *range(130, 140), *range(LAST, LAST + 12)):
        try:
            expected = events_after(log, after, NO_ECHO)
        except InvalidParameter:
            with pytest.raises(InvalidParameter):
                list(events_in_windows(log, after, NO_ECHO))
            continue
        pieces = list(events_in_windows(log, after, NO_ECHO))
        assert b"".join(pieces) == expected
