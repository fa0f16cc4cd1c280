"""Words over a restart: what is kept of each key, as rows of a checkpoint, and what came since."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any, cast

from feed.broadcast.keyed_states import KeptLog, KeyedStates
from feed.errors import InvalidTick
from feed.market.generation_words import GenerationWord
from feed.market.ticks import Tick
from feed.market.word_channels import WordChannel
from feed.market.words import Word
from feed.wire.json_ticks import NO_TICKS, TickReader, array_of

Numbered = tuple[int, Word]  # a word and its sequence


def rows_of(keyed: KeyedStates) -> Iterator[list[Any]]:
    """Yield a row of plain data for each key, as of now; encoding it is left to the iteration."""
    return map(_row, list(keyed.logs()))


def log_of(row: Sequence[Any], reader: TickReader) -> KeptLog:
    """Return what a row says.

    Raises:
        InvalidTick, KeyError, TypeError, ValueError: it is no such row.
    """
    channel, key, upto, base, sequences, words = row
    state = next(iter(_generation_words(reader, base)), None)
    said = _words(reader, words)
    if said:
        known = said[0] if state is None else state
        said = [_with_model(word, known) for word in said]
    if len(sequences) != len(said):
        raise InvalidTick(f"{len(said)} words for {len(sequences)} sequences")
    return KeptLog((WordChannel(channel), key), state, upto, sequences, said)


def take_up(
    keyed: KeyedStates, logs: Sequence[KeptLog], after: Sequence[Numbered], mono_ns: int
) -> None:
    """Let keyed states know what they knew at a checkpoint, and what was said since."""
    for log in logs:
        keyed.restore(log, mono_ns)
    for sequence, word in after:
        known = keyed.generation(word.symbol)
        keyed.note([_with_model(word, None if known is None else known.state)], sequence, mono_ns)


def _row(log: KeptLog) -> list[Any]:
    channel, key = log.key
    base = NO_TICKS if log.base is None else _json([log.base])
    return [channel.value, key, log.upto, base, list(log.sequences), _json(log.words)]


def _json(words: Sequence[Word]) -> bytes:
    return array_of(cast("Sequence[Tick]", words))


def _words(reader: TickReader, data: bytes) -> list[Word]:
    return cast("list[Word]", reader.read(data))


def _generation_words(reader: TickReader, data: bytes) -> list[GenerationWord]:
    return [word for word in _words(reader, data) if isinstance(word, GenerationWord)]


def _with_model(word: Word, known: Word | None) -> Word:
    """Return a word of a generation with the model that only the first one says on the wire."""
    if not (isinstance(word, GenerationWord) and isinstance(known, GenerationWord)) or word.model:
        return word
    return replace(word, model=known.model)
