"""Words over a restart, and over a kill: what was said under each key is known to the next one."""

from collections.abc import Sequence
from pathlib import Path

from aiohttp import web

from feed.broadcast.keyed_states import KeyedStates
from feed.http.app import HUB, INGEST, KEEPER
from feed.market.generation_words import GenerationState, GenerationType, GenerationWord
from feed.market.word_channels import WordChannel
from feed.state.recovery import Recovery
from feed.wire.selection import Selection
from tests.fakes.patience import until
from tests.state.numbers import give, killed, life, reached, written

KEY, OTHER = f"gen_{'a' * 32}", f"gen_{'b' * 32}"
GENERATIONS = WordChannel.GENERATIONS


def token(number: int, text: str, key: str = KEY) -> GenerationWord:
    kind = GenerationType.TOKEN if number else GenerationType.GENERATION
    return GenerationWord(key, kind, number, 1_790_000_000_000_000_000 + number, text, "market")


def over(number: int, key: str = KEY) -> GenerationWord:
    word = token(number, "", key)
    word.type, word.state = GenerationType.GENERATED, GenerationState.STOP
    return word


def say(app: web.Application, *words: GenerationWord) -> None:
    app[HUB].publisher.say(words)
    app[HUB].cutter.cut()


def kept(app: web.Application, key: str = KEY) -> tuple[Sequence[object], Sequence[int], object]:
    keyed: KeyedStates = app[HUB].broadcast.keyed
    found = keyed.generation(key)
    return ([], [], None) if found is None else (found.words, list(found.sequences), found.state)


def is_whole(app: web.Application) -> bool:
    found = app[HUB].broadcast.keyed.generation(KEY)
    return found is not None and found.is_whole


async def test_words_are_known_after_an_end_in_order(tmp_path: Path) -> None:
    async with life(tmp_path / "state") as app:
        await give(app, 3)
        say(app, token(0, ""), token(1, "one "), token(0, "", OTHER), over(1, OTHER))
        await give(app, 2)
        say(app, token(2, "two"))
        known, other = kept(app), kept(app, OTHER)
        assert known[1] == [4, 5, 10]
    async with life(tmp_path / "state") as app:
        assert app[KEEPER].found.recovery is Recovery.CLEAN
        assert kept(app, OTHER) == other
        await reached(app, 11)
        words, sequences, state = kept(app)
        assert (words[:-1], sequences) == (known[0], [4, 5, 10, 11])
        interrupted = words[-1]
        assert isinstance(interrupted, GenerationWord)
        assert isinstance(state, GenerationWord)
        assert interrupted.state is state.state is GenerationState.INTERRUPTED
        assert (state.text, state.model) == ("one two", "market")
        selected = Selection.of_words(GENERATIONS, [KEY])
        after = app[HUB].broadcast.keyed.between(selected, 5, 99)
        assert after == [token(2, "two"), interrupted]


async def test_a_kill_loses_no_word_that_anybody_was_told(tmp_path: Path) -> None:
    state = tmp_path / "state"
    async with life(state) as app:
        await give(app, 3)
        say(app, token(0, ""), token(1, "one "))
        await until(lambda: app[KEEPER].checkpoints > 0)
        await app[KEEPER].checkpoint(app[INGEST])
        say(app, token(2, "two"), over(3))
        await written(app)
        known = kept(app)
        copy = killed(state, tmp_path / "killed")
    async with life(copy) as app:
        assert app[KEEPER].found.recovery is Recovery.KILLED
        assert kept(app) == known


async def test_logs_that_were_too_long_are_known_by_their_states(tmp_path: Path) -> None:
    async with life(tmp_path / "state") as app:
        app[HUB].broadcast.keyed._max_key_bytes = 1_000
        say(app, *(token(number, "x") for number in range(30)), over(30))
        known = kept(app)
        assert not is_whole(app)
        await give(app, 1)
    async with life(tmp_path / "state") as app:
        assert kept(app) == known
        assert not is_whole(app)
