"""The desk: answers are written, stopped and lost sight of, in a server that runs."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from feed.generations.desk import Generations
from feed.generations.errors import Unavailable
from feed.generations.generation import Generation
from feed.generations.model import ModelError, ModelFault, Usage
from feed.http.app import GENERATIONS, HUB
from feed.market.generation_words import GenerationState, GenerationType, GenerationWord
from feed.market.word_channels import WordChannel
from feed.trust.identity import ANONYMOUS, Identity, Kind
from feed.wire.generations.asked import Asked, Turn
from feed.wire.grants import ALL_GRANTS
from tests.fakes.patience import PATIENCE_S, until
from tests.fakes.scripted_model import ScriptedModel
from tests.fakes.servers import Feed, Serve
from tests.state.numbers import killed, life, written

S = 1_000_000_000
ASKED = Asked("script", (Turn("user", "What moved?"),))
ME = Identity(Kind.KEY, "me", "me", ALL_GRANTS)
YOU = Identity(Kind.KEY, "you", "you", ALL_GRANTS)


class Desk:
    """A server's desk, and its model."""

    def __init__(self, feed: Feed, model: ScriptedModel) -> None:
        self.feed = feed
        self.model = model
        self.generations: Generations = feed.server.app[GENERATIONS]

    async def start(self, asked: Asked = ASKED, identity: Identity = ME) -> Generation:
        return await self.generations.start(asked, identity, "")

    def kept(self, generation: Generation) -> Sequence[GenerationWord]:
        kept = self.feed.hub.broadcast.keyed.generation(generation.id)
        return () if kept is None else kept.words


async def open_desk(serve: Serve, **settings: Any) -> Desk:
    model = ScriptedModel()
    return Desk(await serve(paces={"embedded": model}, **settings), model)


async def over(generation: Generation) -> GenerationWord:
    async with asyncio.timeout(PATIENCE_S):
        await generation.over()
    return generation.last


async def test_what_a_model_says_goes_through_the_ring_word_by_word(serve: Serve) -> None:
    desk = await open_desk(serve)
    generation = await desk.start()
    desk.model.say("Apple ", "rose.")
    desk.model.end(usage=Usage(4, 2))
    last = await over(generation)
    assert (last.state, last.prompt_tokens, last.completion_tokens) == ("stop", 4, 2)
    assert generation.state.text == "Apple rose."
    await until(lambda: len(desk.kept(generation)) == 4)
    assert list(desk.kept(generation)) == generation.log()
    assert desk.feed.hub.broadcast.ring.newest == 4
    assert desk.generations.running == 0


async def test_pieces_that_are_there_at_once_are_said_together(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = await open_desk(serve)
    said: list[int] = []
    waiting = desk.feed.hub.broadcast.waiting_words
    say = waiting.say

    def count(_: object, words: Sequence[GenerationWord]) -> None:
        said.append(len(words))
        say(words)

    monkeypatch.setattr(type(waiting), "say", count)
    desk.model.say(*map(str, range(700)))
    generation = await desk.start()
    desk.model.end()
    await over(generation)
    assert said[0] == 1  # that it has begun
    assert sum(said) == 702
    assert len(said) < 10


async def test_a_flood_is_cut_in_parts(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    desk = await open_desk(serve)
    broadcast, waited = desk.feed.hub.broadcast, list[int]()
    say = broadcast.waiting_words.say

    def count(_: object, words: Sequence[GenerationWord]) -> None:
        say(words)
        waited.append(len(broadcast.waiting_words))

    monkeypatch.setattr(type(broadcast.waiting_words), "say", count)
    monkeypatch.setattr(desk.feed.hub.cutter, "schedule", lambda: None)  # as if it were busy
    desk.model.say(*map(str, range(3_000)))
    generation = await desk.start()
    desk.model.end()
    await over(generation)
    assert max(waited) < 1_024 + 512
    assert len(broadcast.waiting_words) < 1_024


@pytest.mark.parametrize(
    ("error", "code", "words"),
    [
        (ModelError(ModelFault.UPSTREAM_ANSWER, "half an answer"), "upstream_answer", "half an"),
        (RuntimeError("a bug"), "internal", "the server failed"),
    ],
)
async def test_a_model_that_fails_ends_its_answer_with_words(
    serve: Serve, error: Exception, code: str, words: str
) -> None:
    desk = await open_desk(serve)
    generation = await desk.start()
    desk.model.say("Apple ")
    desk.model.fail(error)
    last = await over(generation)
    assert (last.state, last.code) == (GenerationState.FAILED, code)
    assert words in last.words
    assert generation.state.text == "Apple "
    assert desk.generations.tally.failed == {code: 1}
    again = await desk.start()  # nothing of it is counted any more
    desk.model.end()
    assert (await over(again)).state is GenerationState.STOP


async def test_an_answer_that_is_too_long_ends_and_its_model_is_read_no_more(serve: Serve) -> None:
    desk = await open_desk(serve, llm_max_tokens=2)
    generation = await desk.start()
    desk.model.say("a", "b", "c", "d")
    assert (await over(generation)).state is GenerationState.LENGTH
    assert generation.state.text == "ab"
    assert desk.model.closed == 1


async def test_ones_own_answer_is_cancelled_at_once_and_somebody_elses_is_not(serve: Serve) -> None:
    desk = await open_desk(serve)
    generation = await desk.start()
    with pytest.raises(Exception, match="somebody else asked for"):
        desk.generations.stop(generation, YOU)
    desk.generations.stop(generation, ME)  # before its model had a turn
    assert generation.last.state is GenerationState.CANCELLED
    desk.generations.stop(generation, ME)
    other = await desk.start()
    desk.model.say("Apple ")
    await other.begun()
    desk.generations.stop(other, ME)
    await until(lambda: desk.model.closed == 1)
    assert [word.text for word in other.log()] == ["", "Apple ", ""]
    assert desk.generations.running == 0


async def test_what_is_forgotten_is_kept_nowhere(serve: Serve) -> None:
    desk = await open_desk(serve)
    generation = await desk.start()
    desk.generations.forget(generation, ME)
    assert not desk.generations.archive.may_watch(ME, generation.id)
    assert not desk.kept(generation)
    desk.feed.hub.cutter.cut()
    assert not desk.kept(generation)


async def test_what_nobody_reads_for_long_is_cancelled(serve: Serve) -> None:
    desk = await open_desk(serve, llm_linger_s=60)
    generation, look = await desk.start(), desk.generations.look
    now_ns = desk.feed.hub.clock.mono_ns()
    with generation.read(lambda: True):
        look(now_ns)
        look(now_ns + 100 * S)
    look(now_ns + 100 * S)
    look(now_ns + 159 * S)
    assert not generation.is_over
    look(now_ns + 160 * S)
    assert generation.last.state is GenerationState.CANCELLED
    assert generation.last.words == "nobody has read it for 60 s"


async def test_whoever_has_closed_its_side_reads_no_more(serve: Serve) -> None:
    desk = await open_desk(serve, llm_linger_s=60)
    generation, look = await desk.start(), desk.generations.look
    now_ns = desk.feed.hub.clock.mono_ns()
    with generation.read(lambda: False):
        look(now_ns)
        look(now_ns + 60 * S)
        assert generation.is_over


async def test_a_prompt_is_kept_no_longer_than_it_is_answered(serve: Serve) -> None:
    desk = await open_desk(serve)
    generation = await desk.start()
    assert generation.asked is not None
    assert generation.asked.turns
    desk.generations.stop(generation, ME)
    assert generation.asked.turns == ()


async def test_what_is_over_is_known_as_long_as_it_is_kept(serve: Serve) -> None:
    desk = await open_desk(serve)
    generation = await desk.start()
    desk.generations.stop(generation, ME)
    desk.generations.look(0)  # its words wait for a cut
    assert len(desk.generations.archive) == 1
    desk.generations.cut()
    desk.generations.look(0)
    assert len(desk.generations.archive) == 1
    desk.feed.hub.broadcast.keyed.forget(WordChannel.GENERATIONS, generation.id)
    desk.generations.look(0)
    assert len(desk.generations.archive) == 0


async def test_an_unknown_model_is_told_with_those_that_there_are(serve: Serve) -> None:
    desk = await open_desk(serve, llm_max_running=1)
    with pytest.raises(ModelError, match="'gpt' is not served; served: script") as raised:
        await desk.start(Asked("gpt", ASKED.turns))
    assert raised.value.kind is ModelFault.UNKNOWN_MODEL
    assert desk.generations.tally.failed == {"unknown_model": 1}
    await desk.start()  # there is room
    with pytest.raises(ModelError, match="1 answers are being written"):
        await desk.start()


async def test_a_server_that_ends_interrupts_its_answers(serve: Serve) -> None:
    desk = await open_desk(serve)
    generation = await desk.start()
    desk.model.say("Apple ")
    await generation.begun()
    await desk.generations.close()
    last = generation.last
    assert (last.state, last.code) == (GenerationState.INTERRUPTED, "interrupted")
    assert desk.kept(generation)[-1] is last
    assert desk.model.closed == 1
    with pytest.raises(Unavailable):
        await desk.start()


async def test_after_a_kill_what_was_unfinished_is_interrupted_and_readable(
    tmp_path: Path,
) -> None:
    state, key = tmp_path / "state", f"gen_{'a' * 32}"
    begun = GenerationWord(key, GenerationType.GENERATION, 0, 7, model="script")
    token = GenerationWord(key, GenerationType.TOKEN, 1, 8, "Apple ", "script")
    async with life(state) as app:
        app[HUB].publisher.say([begun, token])
        app[HUB].cutter.cut()
        await written(app)
        copy = killed(state, tmp_path / "killed")
    async with life(copy) as app:
        generation = app[GENERATIONS].archive.find(key, ANONYMOUS)
        assert generation.is_over
        assert (generation.state.text, generation.state.code) == ("Apple ", "interrupted")
        assert app[GENERATIONS].tally.ended == {GenerationState.INTERRUPTED: 1}
        app[GENERATIONS].cut()
        kept = app[HUB].broadcast.keyed.generation(key)
        assert kept is not None
        log = kept.words
        assert [word.number for word in log] == [0, 1, 2]
        assert log[-1].state is GenerationState.INTERRUPTED


async def test_answers_of_a_server_that_ended_in_order_are_known_to_the_next_one(
    tmp_path: Path,
) -> None:
    async with life(tmp_path / "state") as app:
        generation = await app[GENERATIONS].start(Asked("market", ASKED.turns), ANONYMOUS, "")
        await generation.begun()
    assert generation.last.state is GenerationState.INTERRUPTED
    async with life(tmp_path / "state") as app:
        again = app[GENERATIONS].archive.find(generation.id, ANONYMOUS)
        assert again.state.text == generation.state.text != ""
        assert again.last.state is GenerationState.INTERRUPTED
