"""An upstream of language models: any server that speaks OpenAI's chat completions.

One request a question, read by aiohttp as fast as it comes: whatever was read is kept elsewhere, so
there is no back-pressure. Its key is shown to its own address alone, over redirects to nobody.
"""

import asyncio
import socket
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager, aclosing, suppress
from dataclasses import dataclass
from http import HTTPStatus

import aiohttp
import orjson
from yarl import URL

from feed.client.clock import Clock
from feed.client.failure_words import words_of
from feed.client.http_words import USER_AGENT
from feed.errors import HIDDEN, InvalidParameter
from feed.generations.attempts import Attempts
from feed.generations.chat_answer import AnswerReader
from feed.generations.chat_request import USUAL, Manners, chat_request, other_manners
from feed.generations.facts import Facts
from feed.generations.model import ModelError, ModelFault, Piece
from feed.generations.refusals import Refusal
from feed.generations.upstream_models import UpstreamModels, names_in
from feed.logger import logger_of
from feed.settings.language_models import LLM_KEY, LanguageModelOptions
from feed.sources.upstream.credentials import is_private
from feed.wire.generations.asked import Asked

GRACE_S = 2.0  # for what may follow the end of an answer: its usage, and `[DONE]`
STEP_BYTES = 16_384  # read between two turns of the loop: about 1 ms of short tokens
# What one read gives is taken apart at once, at 3 µs a chunk of HTTP. Of a socket with a usual
# buffer that is 256 KiB: 15 ms where each chunk is a short token; of this one at most 7 ms.
RECEIVE_BUFFER_BYTES = 32_768
MAX_WHOLE_BYTES = 2 << 20  # of an answer that is not streamed, read in one step: 5 ms
MAX_REFUSAL_BYTES = 65_536
LISTING_S = 5.0  # for the names of all models
_NS_PER_S = 1_000_000_000

log = logger_of("feed.generations")


class _Failed(Exception):
    """One attempt has failed: `error` is what that means if there is no other."""

    def __init__(self, error: ModelError, *, may_pass: bool) -> None:
        self.error = error
        self.may_pass = may_pass
        super().__init__(error.words)


@dataclass(frozen=True, slots=True)
class _Question:
    """What is asked: of which model, under the upstream's own name."""

    asked: Asked
    facts: Facts | None
    model: str


class UpstreamModel:
    """One model of an upstream, under the name by which clients ask for it."""

    needs_facts = False

    def __init__(self, upstream: "Upstream", name: str, own_name: str) -> None:
        self.name = name
        self._upstream = upstream
        self._own_name = own_name

    def answer(self, asked: Asked, facts: Facts | None) -> AsyncIterator[Piece]:
        """Yield the answer to a question; closing the iterator closes the connection.

        Raises:
            ModelError: there is none, or not the whole of it.
        """
        return self._upstream.answer(_Question(asked, facts, self._own_name))


class Upstream:
    """A server of language models.

    Attributes:
        url: its base.
    """

    def __init__(
        self, options: LanguageModelOptions, key: str = "", clock: Clock | None = None
    ) -> None:
        """Connect to nothing yet.

        Args:
            options: with `llm`, the base of its API.
            key: that it wants; "": none.
            clock: of the loop, or one for tests.
        """
        assert options.llm is not None, "whoever makes an upstream has one"
        self.url = options.llm
        self._options = options
        self._key = key
        self._clock = clock or Clock()
        self._manners = USUAL
        self._proven: set[Manners] = set()  # there are four at most
        self._session: aiohttp.ClientSession | None = None
        self._models = UpstreamModels(options.llm_models, self._list_models, self._clock)

    @classmethod
    def of(cls, options: LanguageModelOptions, variables: Mapping[str, str]) -> "Upstream | None":
        """Return the upstream of some options, with the key of a variable; None: there is none.

        Raises:
            InvalidParameter: the key is none.
        """
        if options.llm is None:
            return None
        key = variables.get(LLM_KEY, "").strip()
        if not (key.isascii() and key.isprintable()) or " " in key:
            raise InvalidParameter(LLM_KEY, HIDDEN, "printable ASCII characters without spaces")
        if key and not is_private(URL(options.llm)):
            log.warning("keys_without_tls", url=options.llm)
        return cls(options, key)

    @property
    def configured(self) -> list[str]:
        """The names of models that were configured, which are then all that there are."""
        return list(self._options.llm_models)

    async def names(self) -> list[str]:
        """Return the names of the models that clients may ask for, as far as is known now."""
        return await self._models.names()

    async def find(self, name: str) -> UpstreamModel:
        """Return the model of a name; of "" the first.

        Raises:
            ModelError: there is none.
        """
        name, own_name = await self._models.find(name)
        return UpstreamModel(self, name, own_name)

    async def close(self) -> None:
        """Close all connections."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def answer(self, question: _Question) -> AsyncIterator[Piece]:
        """Yield the answer to a question."""
        due_s = self._clock.mono_s() + self._options.llm_first_token_s
        try:
            response = await self._ask(question, due_s)
            try:
                async with aclosing(self._read(response, due_s)) as pieces:
                    async for piece in pieces:
                        yield piece
            finally:
                response.close()  # also where the iterator is closed: the model stops then
        except ModelError as error:
            log.warning("upstream_failed", url=self.url, kind=error.kind.value, words=error.words)
            raise

    # Asking.

    async def _ask(self, question: _Question, due_s: float) -> aiohttp.ClientResponse:
        """Return the beginning of an answer, after as many attempts as there is time for."""
        attempts = Attempts()
        while True:
            try:
                return await self._attempt(question, due_s)
            except _Failed as failed:
                error = failed.error
                left_s = due_s - self._clock.mono_s()
                wait_s = attempts.wait_s(error.retry_after_s, left_s) if failed.may_pass else None
            if wait_s is None:
                raise error
            await self._clock.sleep(wait_s)

    async def _attempt(self, question: _Question, due_s: float) -> aiohttp.ClientResponse:
        """Return the beginning of an answer, asking in such manners as the upstream has."""
        manners = self._manners
        tried = {manners}
        while True:
            response = await self._post(question, manners, due_s)
            if response.status == HTTPStatus.OK:
                self._manners = manners
                self._proven.add(manners)
                return response
            refusal = await self._refusal(response, due_s)
            proven = manners in self._proven
            other = other_manners(manners, refusal, tried, proven=proven)
            if other is None:
                raise _Failed(refusal.error(), may_pass=refusal.may_pass)
            manners = other
            tried.add(manners)

    async def _post(
        self, question: _Question, manners: Manners, due_s: float
    ) -> aiohttp.ClientResponse:
        body = chat_request(
            question.asked,
            question.model,
            question.facts,
            self._options.llm_max_tokens,
            manners,
        )
        headers = {"Content-Type": "application/json", "Accept": "text/event-stream"}
        try:
            async with self._within(due_s):
                return await self._connected().post(
                    f"{self.url}/chat/completions",
                    data=orjson.dumps(body),
                    headers=headers,
                    allow_redirects=False,
                )
        except (aiohttp.ClientError, OSError) as error:
            raise self._failed_by(error) from error

    def _failed_by(self, error: Exception) -> _Failed:
        """Return what it means that there is no answer, not even a refusal."""
        if _is_late(error):
            return _Failed(self._broken_by(error, begun=False), may_pass=False)
        log.warning("upstream_unreachable", url=self.url, words=words_of(error, self.url))
        words = "the connection to the upstream was cut before it answered"
        if isinstance(error, aiohttp.ClientConnectorError | aiohttp.ConnectionTimeoutError):
            words = "the upstream cannot be reached"
        return _Failed(ModelError(ModelFault.UPSTREAM_UNREACHABLE, words), may_pass=True)

    async def _refusal(self, response: aiohttp.ClientResponse, due_s: float) -> Refusal:
        """Return what an answer says that is none, as far as it can be read."""
        body = b""
        with suppress(aiohttp.ClientError, OSError):  # the status says enough
            async with self._within(due_s):
                body = await _read_at_most(response, MAX_REFUSAL_BYTES)
        response.close()
        try:
            said = orjson.loads(body)
        except orjson.JSONDecodeError:
            said = None  # a page of a proxy, or nothing
        return Refusal.of(
            said,
            status=response.status,
            headers=response.headers,
            wall_s=self._clock.wall_ns() / _NS_PER_S,
            key=self._key,
        )

    # Reading.

    async def _read(self, response: aiohttp.ClientResponse, due_s: float) -> AsyncGenerator[Piece]:
        """Yield the pieces of an answer."""
        reader = AnswerReader(self._key)
        is_whole = response.content_type == "application/json"
        read = self._read_whole if is_whole else self._read_stream
        async with aclosing(read(response, reader, due_s)) as batches:
            async for texts in batches:
                for text in texts:
                    yield text
                if reader.failure is not None:
                    raise reader.failure
        for piece in reader.closing():
            yield piece

    async def _read_stream(
        self, response: aiohttp.ClientResponse, reader: AnswerReader, due_s: float
    ) -> AsyncGenerator[list[str]]:
        """Yield the texts of a stream; the loop is given up every `STEP_BYTES`."""
        while not reader.is_over:
            data = await self._next(response, reader, due_s)
            if not data:
                yield reader.end()
                return
            signs = reader.signs
            for start in range(0, len(data), STEP_BYTES):
                yield reader.read(data[start : start + STEP_BYTES])
                await asyncio.sleep(0)
            if reader.signs > signs:
                due_s = self._clock.mono_s() + self._options.llm_between_tokens_s
            if reader.is_finished:
                due_s = min(due_s, self._clock.mono_s() + GRACE_S)

    async def _next(
        self, response: aiohttp.ClientResponse, reader: AnswerReader, due_s: float
    ) -> bytes:
        """Return the next bytes of a stream; none where nothing more comes of an answer."""
        try:
            async with self._within(due_s):
                return await response.content.readany()
        except (aiohttp.ClientError, OSError) as error:
            if reader.is_finished:
                return b""
            raise self._broken_by(error, begun=reader.signs > 0) from error

    async def _read_whole(
        self, response: aiohttp.ClientResponse, reader: AnswerReader, due_s: float
    ) -> AsyncGenerator[list[str]]:
        """Yield the text of an answer that is not streamed though that was asked for."""
        try:
            async with self._within(due_s):
                body = await _read_at_most(response, MAX_WHOLE_BYTES)
        except (aiohttp.ClientError, OSError) as error:
            raise self._broken_by(error, begun=False) from error
        yield reader.read_whole(body)

    def _broken_by(self, error: Exception, *, begun: bool) -> ModelError:
        """Return what it means that an answer does not go on."""
        if not _is_late(error):
            log.warning("upstream_cut", url=self.url, words=words_of(error, self.url))
            return ModelError(ModelFault.UPSTREAM_ANSWER, "the upstream ended in mid-answer")
        if begun:
            silent_s = self._options.llm_between_tokens_s
            words = f"the upstream was silent in mid-answer for {silent_s:g} s"
        else:
            words = f"the upstream did not begin within {self._options.llm_first_token_s:g} s"
        return ModelError(ModelFault.UPSTREAM_TIMEOUT, words)

    # Both.

    async def _list_models(self) -> list[str] | None:
        """Return the names of all models of the upstream; None: they cannot be had."""
        try:
            async with (
                self._clock.timeout(LISTING_S),
                self._connected().get(f"{self.url}/models", allow_redirects=False) as response,
            ):
                body = await _read_at_most(response, MAX_WHOLE_BYTES)
        except (aiohttp.ClientError, OSError) as error:
            log.warning("upstream_models_unknown", url=self.url, words=words_of(error, self.url))
            return None
        names = names_in(body) if response.status == HTTPStatus.OK else None
        if names is None:
            log.warning("upstream_models_unknown", url=self.url, status=response.status)
        return names

    def _connected(self) -> aiohttp.ClientSession:
        """Return the session; it belongs to the loop that runs, and so begins late."""
        if self._session is None:
            connect_s = self._options.llm_connect_s
            authorization = {"Authorization": f"Bearer {self._key}"} if self._key else {}
            self._session = aiohttp.ClientSession(
                # Without a limit, since the desk limits what runs.
                connector=aiohttp.TCPConnector(limit=0, socket_factory=_narrow_socket),
                cookie_jar=aiohttp.DummyCookieJar(),
                headers={**USER_AGENT, **authorization, "Accept-Encoding": "identity"},
                timeout=aiohttp.ClientTimeout(connect=connect_s, sock_connect=connect_s),
            )
        return self._session

    def _within(self, due_s: float) -> AbstractAsyncContextManager[object]:
        return self._clock.timeout(max(0.0, due_s - self._clock.mono_s()))


def _narrow_socket(address: aiohttp.AddrInfoType) -> socket.socket:
    """Return a socket of which a turn of the loop reads no more than its buffer holds."""
    made = socket.socket(*address[:3])
    made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER_BYTES)
    return made


def _is_late(error: Exception) -> bool:
    """Tell whether it is the end of a time of ours, and not one of aiohttp's."""
    return isinstance(error, TimeoutError) and not isinstance(error, aiohttp.ClientError)


async def _read_at_most(response: aiohttp.ClientResponse, most: int) -> bytes:
    """Return a body, or the beginning of one that is longer."""
    body = bytearray()
    while len(body) < most and (data := await response.content.readany()):
        body += data
    return bytes(body[:most])
