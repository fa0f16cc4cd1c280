"""One generation: its log as it is written, and those who wait for it."""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

from feed.generations.ownership import Ownership
from feed.generations.transcript import Ending
from feed.market.generation_words import GenerationWord, fold
from feed.wire.generations.asked import Asked


class Generation:
    """One answer of a model, from its first word to its last.

    Attributes:
        id: its key.
        model: what answers, by name.
        asked: what it answers, without its turns once it is over; None: another process was asked.
        api: by which it was asked for; "": that is not known.
        ownership: whose it is.
        created_s: when it began, since the Unix epoch.
        ending: how it ended, or is about to; None: it goes on.
        ended: done once its last word is said.
        readers: of each request that waits for it, beside those who subscribe, what tells whether
            its client listens.
        unread_ns: since when nobody reads it, monotonic; None: somebody does.
    """

    __slots__ = (
        "_begun",
        "_log",
        "_said",
        "api",
        "asked",
        "created_s",
        "ended",
        "ending",
        "id",
        "model",
        "ownership",
        "readers",
        "unread_ns",
    )

    def __init__(
        self,
        log: list[GenerationWord],
        asked: Asked | None,
        ownership: Ownership,
        api: str = "",
    ) -> None:
        """Make one whose first word is said; `log` is written on by whoever made it."""
        first = log[0]
        self.id = first.symbol
        self.model = first.model
        self.api = api
        self.asked = asked
        self.ownership = ownership
        self.created_s = first.event_ns // 1_000_000_000
        self.ending: Ending | None = None
        self.ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.readers: list[Callable[[], bool]] = []
        self.unread_ns: int | None = None
        self._log = log
        self._said = 0
        self._begun = asyncio.Event()
        self.note_said()

    def log(self) -> Sequence[GenerationWord]:
        """Return the words that are said so far."""
        return self._log[: self._said]

    @property
    def last(self) -> GenerationWord:
        """The word that was said last."""
        return self._log[self._said - 1]

    @property
    def has_text(self) -> bool:
        """Whether anything of its text is said."""
        return any(word.text for word in self._log[: self._said])

    @property
    def is_over(self) -> bool:
        """Whether its last word is said."""
        return self.last.is_over

    @property
    def state(self) -> GenerationWord:
        """All of it so far, as one word."""
        state = fold(None, self.log())
        assert state is not None, "its first word is said"
        return state

    async def begun(self) -> None:
        """Wait until its first token is said, or it is over."""
        await self._begun.wait()

    async def over(self) -> None:
        """Wait until its last word is said."""
        await asyncio.shield(self.ended)

    def note_said(self) -> None:
        """Note that all words of its log are said, and wake whoever waits for that."""
        self._said = len(self._log)
        if self._said > 1 or self.is_over:
            self._begun.set()
        if self.is_over and not self.ended.done():
            self.ended.set_result(None)
            if self.asked is not None:  # a prompt may be long, and an answer is kept for long
                self.asked = replace(self.asked, turns=())

    @property
    def is_read(self) -> bool:
        """Whether a request waits for it whose client still listens."""
        return any(listens() for listens in self.readers)

    @contextmanager
    def read(self, listens: Callable[[], bool]) -> Iterator[None]:
        """Be a reader of it, for as long as the block lasts, and while `listens` says so."""
        self.readers.append(listens)
        try:
            yield
        finally:
            self.readers.remove(listens)
