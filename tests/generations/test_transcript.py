"""Transcripts: the words that pieces become, and where an answer ends that is too long."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feed.generations.facts import Facts
from feed.generations.model import Finish, Piece, Usage
from feed.generations.transcript import MOST_CHARACTERS, Ending, Transcript
from feed.market.generation_words import GenerationState, GenerationType, fold
from feed.settings.language_models import LanguageModelOptions

KEY = f"gen_{'a' * 32}"
FACTS = Facts("AAPL +1 %", "abc-7", 7, ("AAPL",))


def begun(max_tokens: int | None = None, facts: Facts | None = None, **limits: int) -> Transcript:
    transcript = Transcript(LanguageModelOptions.model_validate(limits), max_tokens)
    transcript.begin(KEY, "script", facts, 100)
    return transcript


def said(transcript: Transcript, *pieces: Piece) -> list[str]:
    """Return the text of each word of some pieces, up to where nothing more is read."""
    texts = []
    for piece in pieces:
        texts += [word.text for word in transcript.add(piece, 101)]
        if transcript.is_full:
            break
    return texts


def test_the_first_word_says_what_the_prompt_was_grounded_on() -> None:
    [first] = begun(facts=FACTS).log
    assert (first.symbol, first.type, first.number) == (KEY, GenerationType.GENERATION, 0)
    assert (first.model, first.facts, first.as_of) == ("script", "AAPL +1 %", "abc-7")


def test_pieces_are_numbered_without_a_gap_and_empty_ones_are_none() -> None:
    transcript = begun()
    assert said(transcript, "a", "", "b", Usage(3, 2), "c") == ["a", "b", "c"]
    transcript.end(Ending(GenerationState.STOP), 102)
    assert [word.number for word in transcript.log] == [0, 1, 2, 3, 4]
    assert transcript.is_over


def test_the_last_word_has_what_the_model_counted() -> None:
    transcript = begun()
    said(transcript, "a", Usage(3, 9))
    last = transcript.end(Ending(GenerationState.STOP), 102)
    assert (last.prompt_tokens, last.completion_tokens) == (3, 9)


def test_pieces_are_counted_where_the_model_counts_nothing() -> None:
    transcript = begun()
    said(transcript, "a", "b")
    assert transcript.end(Ending(GenerationState.STOP), 102).completion_tokens == 2


def test_how_the_model_finished_is_how_it_ends() -> None:
    transcript = begun()
    said(transcript, "a", Finish(GenerationState.LENGTH))
    assert transcript.ending == Ending(GenerationState.LENGTH)
    assert not transcript.is_full  # what it counted may follow


@pytest.mark.parametrize(("asked", "allowed"), [(2, 9), (9, 2), (None, 2)])
def test_the_token_that_is_one_too_many_ends_it(asked: int | None, allowed: int) -> None:
    transcript = begun(asked, llm_max_tokens=allowed)
    assert said(transcript, "a", "b") == ["a", "b"]
    assert not transcript.is_full
    assert said(transcript, "c", "d") == []
    assert transcript.ending == Ending(GenerationState.LENGTH)


def test_what_there_is_no_room_for_is_cut_between_characters() -> None:
    transcript = begun(llm_max_answer_bytes=6)
    assert said(transcript, "abc", "éé", "never") == ["abc", "é"]
    assert transcript.ending == Ending(GenerationState.LENGTH)


def test_a_piece_that_is_very_long_is_several_words_and_one_token() -> None:
    transcript = begun(llm_max_tokens=1)
    text = "x" * (2 * MOST_CHARACTERS + 1)
    assert list(map(len, said(transcript, text))) == [MOST_CHARACTERS, MOST_CHARACTERS, 1]
    assert [word.number for word in transcript.log] == [0, 1, 2, 3]
    assert transcript.tokens == 1
    assert not transcript.is_full


def test_halves_of_surrogate_pairs_are_told_as_what_can_be_written() -> None:
    transcript = begun()
    assert said(transcript, "a\ud800b") == ["a?b"]
    assert transcript.ending is None


@given(st.lists(st.text()), st.integers(1, 40), st.integers(1, 8))
def test_no_answer_has_more_than_it_may_and_its_state_is_its_pieces(
    pieces: list[str], most_bytes: int, most_tokens: int
) -> None:
    transcript = begun(llm_max_answer_bytes=most_bytes, llm_max_tokens=most_tokens)
    texts = said(transcript, *pieces)
    transcript.end(transcript.ending or Ending(GenerationState.STOP), 102)
    state = fold(None, transcript.log)
    assert state is not None
    assert state.text == "".join(texts)
    assert len(texts) <= most_tokens
    assert len(state.text.encode()) <= most_bytes
    assert (state.state is GenerationState.STOP) is (state.text == "".join(pieces))
