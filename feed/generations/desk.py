"""The desk of generations: where questions are asked, and answers written, stopped and found.

An answer is written whether or not whoever asked still reads, until nobody has for a while. What it
says goes through the ring of the one writer, like ticks. Knows no API and no transport.
"""

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Hashable
from functools import partial

from feed.errors import NotGranted
from feed.generations.allowance import Allowance
from feed.generations.archive import Archive
from feed.generations.errors import Unavailable
from feed.generations.facts import Facts
from feed.generations.generation import Generation
from feed.generations.model import Model, ModelError
from feed.generations.models import Models
from feed.generations.ownership import Ownership
from feed.generations.speech import Speech
from feed.generations.tally import INTERNAL, Tally
from feed.generations.transcript import Ending, Transcript
from feed.hub.door import owner_of
from feed.hub.hub import Hub
from feed.logger import logger_of
from feed.market.generation_words import ID_PREFIX, GenerationState, GenerationType, GenerationWord
from feed.market.word_channels import WordChannel
from feed.sources.pushed.holdings import Holdings
from feed.trust.identity import Identity
from feed.wire.generations.asked import Asked
from feed.wire.grants import Grants

LOOK_S = 0.5  # between two looks whether anybody reads
LEAVING_RETRY_S = 5.0
_MOST_WAITING = 1_024  # words, for a cut: 3 ms, where a model says all at once
_ID_BYTES = 16  # 128 random bits
_NS_PER_S = 1_000_000_000
STOPPED = Ending(GenerationState.CANCELLED, words="it was cancelled")
INTERRUPTED = Ending(
    GenerationState.INTERRUPTED, "interrupted", "the server ended before the answer did"
)
_FAILED = Ending(GenerationState.FAILED, INTERNAL, "the server failed; it has been logged")

Gather = Callable[[Asked, Grants], Awaitable[Facts]]

log = logger_of("feed.generations")


class Generations:
    """All generations of a server.

    Attributes:
        archive: those that are running, or kept.
        began_s: when this server began, since the Unix epoch.
        tally: what is counted of them.
        holdings: the bytes of questions that are on their way.
    """

    def __init__(self, hub: Hub, models: Models, gather: Gather) -> None:
        """Begin with none.

        Args:
            hub: whose ring they go through, and whose clock and settings are meant.
            models: that may be asked.
            gather: returns what is known of the market for a question, to whoever has grants.
        """
        self.archive = Archive()
        self.began_s = hub.clock.wall_ns() // _NS_PER_S
        self.tally = Tally(models.fixed)
        self.holdings = Holdings()
        self._hub = hub
        self._models = models
        self._gather = gather
        self._allowance = Allowance(hub.settings)
        self._speeches: dict[str, Speech] = {}  # those that are written
        self._leaves = False

    @property
    def running(self) -> int:
        """How many are being written."""
        return len(self._speeches)

    @property
    def most_running(self) -> int:
        """How many may be written at once."""
        return self._hub.settings.llm_max_running

    @property
    def watchers(self) -> int:
        """How many connections read generations, live or behind."""
        return self._hub.broadcast.lanes.readership.subscribers[WordChannel.GENERATIONS]

    async def models(self) -> list[str]:
        """Return the names of all models that may be asked."""
        return await self._models.names()

    async def start(
        self, asked: Asked, identity: Identity, place: str, api: str = ""
    ) -> Generation:
        """Begin to answer.

        Args:
            asked: the question.
            identity: who asks.
            place: whence, for the limits of those who are nobody.
            api: by which they ask.

        Raises:
            ModelError: it is too much, or there is no such model.
            InvalidParameter, NotGranted: it is to be grounded on symbols that there are not, or
                that are not granted.
            Unavailable: the server ends, or writes nothing by itself.
        """
        if self._hub.follows:
            words = "this server follows another one, which answers questions; ask that one"
            raise Unavailable(words, None)
        if self._leaves:
            raise Unavailable("the server ends, and answers nothing any more", LEAVING_RETRY_S)
        asked_ns, owner = self._hub.clock.mono_ns(), owner_of(identity, place)
        prompt_bytes = sum(len(turn.content.encode(errors="surrogatepass")) for turn in asked.turns)
        try:
            self._allowance.enter(owner, prompt_bytes, asked_ns)
            try:
                model = await self._models.find(asked.model)
                facts = await self._facts(model, asked, identity.grants)
            except BaseException:
                self._allowance.leave(owner)
                raise
        except ModelError as error:
            self.tally.failed[error.kind] += 1
            raise
        return self._begin(
            asked, model, facts, asked_ns=asked_ns, identity=identity, owner=owner, api=api
        )

    def stop(self, generation: Generation, identity: Identity) -> None:
        """Cancel one's own generation; harmless when it is over.

        Raises:
            NotGranted: it is somebody else's.
        """
        if not (generation.ownership.is_of(identity) or identity.grants.admin):
            refused = f"stopping {generation.id}, which somebody else asked for,"
            raise NotGranted(refused, "reading it")
        self._cancel(generation, STOPPED)

    def forget(self, generation: Generation, identity: Identity) -> None:
        """Cancel one's own generation, and let nobody find it any more.

        Raises:
            NotGranted: it is somebody else's.
        """
        self.stop(generation, identity)
        self.cut()  # its end, which would be kept otherwise
        self.archive.forget(generation)
        self._hub.broadcast.keyed.forget(WordChannel.GENERATIONS, generation.id)

    def may_read(self, identity: Identity, key: str) -> bool:
        """Tell whether somebody may subscribe to a generation."""
        if self.archive.get(key) is not None:
            return self.archive.may_watch(identity, key)
        # It may be of the server that this one follows.
        kept = self._hub.broadcast.keyed.generation(key)
        state = None if kept is None else kept.state
        return state is not None and Ownership.of(state).may_watch(identity, key)

    def is_known(self, key: str) -> bool:
        """Tell whether anything is known of a generation."""
        return self.archive.get(key) is not None or self._is_kept(key)

    def cut(self) -> None:
        """Have all cut that was said, so that whoever joins from now on stands behind it."""
        self._hub.publisher.cut_words()

    # While the server runs.

    def restore(self) -> None:
        """Know the generations of another process again, and end those that it did not."""
        keyed, ours = self._hub.broadcast.keyed, WordChannel.GENERATIONS
        wall_ns = self._hub.clock.wall_ns()
        names = keyed.keys()
        for key in [key for channel, key in names if channel is ours]:
            kept = keyed.generation(key)
            if kept is None or kept.state is None:
                continue
            log = list(kept.words) if kept.is_whole else [kept.state]
            generation = Generation(log, None, Ownership.of(log[0]))
            self.archive.add(generation)
            if not (generation.is_over or self._hub.follows):
                generation.ending = INTERRUPTED
                log.append(INTERRUPTED.after(generation.last, wall_ns))
                self._hub.publisher.say(log[-1:])
                generation.note_said()
                self.tally.end(INTERRUPTED.state)

    async def run(self) -> None:
        """Look for generations that nobody reads, for ever."""
        while True:
            await asyncio.sleep(LOOK_S)
            self.look(self._hub.clock.mono_ns())

    def look(self, mono_ns: int) -> None:
        """Cancel what nobody has read for long, and forget what is not kept any more."""
        linger_s = self._hub.settings.llm_linger_s
        is_read = self._hub.broadcast.lanes.readership.is_read
        for speech in list(self._speeches.values()):
            generation = speech.generation
            if generation.is_read or is_read(WordChannel.GENERATIONS, generation.id):
                generation.unread_ns = None
                continue
            if generation.unread_ns is None:
                generation.unread_ns = mono_ns
            if mono_ns - generation.unread_ns >= linger_s * _NS_PER_S:
                words = f"nobody has read it for {linger_s:g} s"
                self._cancel(generation, Ending(GenerationState.CANCELLED, words=words))
        if not self._hub.broadcast.waiting_words:  # else some of them are not kept yet
            self.archive.prune(self._is_kept)

    def interrupt(self) -> None:
        """Begin no more, and end all, since the server ends."""
        self._leaves = True
        for speech in list(self._speeches.values()):
            self._end(speech, INTERRUPTED)
            if speech.task is not None:
                speech.task.cancel()

    async def close(self) -> None:
        """End all, have that cut, and wait for what goes on behind them; harmless when it is done.

        Nothing is asked any more.
        """
        tasks = [speech.task for speech in self._speeches.values() if speech.task is not None]
        self.interrupt()
        self.cut()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._models.close()

    # Inside.

    async def _facts(self, model: Model, asked: Asked, grants: Grants) -> Facts | None:
        if asked.symbols is None and not model.needs_facts:
            return None
        return await self._gather(asked, grants)

    def _begin(
        self,
        asked: Asked,
        model: Model,
        facts: Facts | None,
        *,
        asked_ns: int,
        identity: Identity,
        owner: Hashable,
        api: str,
    ) -> Generation:
        hub, key = self._hub, ID_PREFIX + secrets.token_hex(_ID_BYTES)
        transcript = Transcript(hub.settings, asked.max_tokens)
        first = transcript.begin(key, model.name, facts, hub.clock.wall_ns())
        symbols = () if facts is None else facts.symbols
        ownership = Ownership(identity, asked.share, symbols)
        ownership.tell(first)
        generation = Generation(transcript.log, asked, ownership, api)
        self.archive.add(generation)
        self.tally.begin(model.name)
        log.info("generation_began", generation=key, model=model.name, **identity.told)
        hub.publisher.say([first])
        speech = Speech(generation, transcript, owner, hub.clock, self._say, asked_ns=asked_ns)
        self._speeches[key] = speech
        speech.task = asyncio.create_task(speech.hear(model.answer(asked, facts)), name=key)
        # A callback, since a task that is cancelled before its first step does nothing at all.
        speech.task.add_done_callback(partial(self._settle, speech))
        return generation

    def _say(self, speech: Speech, words: list[GenerationWord]) -> None:
        """Say words of a generation."""
        generation, mono_ns = speech.generation, self._hub.clock.mono_ns()
        tokens = sum(word.type is GenerationType.TOKEN for word in words)
        if tokens:
            first = speech.said_ns is None
            waited_ns = mono_ns - (speech.asked_ns if speech.said_ns is None else speech.said_ns)
            self.tally.note_tokens(generation.model, tokens, waited_ns, first=first)
            speech.said_ns = mono_ns
            self._allowance.spend(speech.owner, tokens, mono_ns)
        self._hub.publisher.say(words)
        generation.note_said()
        if len(self._hub.broadcast.waiting_words) >= _MOST_WAITING:
            self.cut()

    def _cancel(self, generation: Generation, ending: Ending) -> None:
        """End a generation that is written, at once."""
        speech = self._speeches.get(generation.id)
        if speech is not None:
            self._end(speech, ending)
            if speech.task is not None:
                speech.task.cancel()

    def _settle(self, speech: Speech, task: "asyncio.Task[Ending]") -> None:
        """End a generation whose model has ended, or failed."""
        if task.cancelled():
            self._end(speech, INTERRUPTED)
            return
        error = task.exception()
        if error is None:
            self._end(speech, task.result())
        elif isinstance(error, ModelError):
            failed, told = GenerationState.FAILED, (error.kind, error.words)
            self._end(speech, Ending(failed, *told, error.retry_after_s, error.status))
        else:
            log.error("generation_failed", generation=speech.generation.id, exc_info=error)
            self._end(speech, _FAILED)

    def _end(self, speech: Speech, ending: Ending) -> None:
        """Say how a generation ends, once."""
        generation = speech.generation
        if self._speeches.pop(generation.id, None) is None:
            return
        self._allowance.leave(speech.owner)
        self._allowance.spend(speech.owner, speech.uncounted_tokens, self._hub.clock.mono_ns())
        generation.ending = ending
        self.tally.end(ending.state, ending.code)
        log.info("generation_ended", generation=generation.id, state=ending.state, code=ending.code)
        speech.end(ending)

    def _is_kept(self, key: str) -> bool:
        return self._hub.broadcast.keyed.knows(WordChannel.GENERATIONS, key)
