"""The way in for callers: `generate` and `watch_answer`, and both for scripts."""

from collections.abc import Callable

import aiohttp

from feed.client.arguments import check_heartbeat, check_patience, check_session
from feed.client.attempts import Attempts
from feed.client.backoff import Backoff
from feed.client.clock import Clock
from feed.client.events import Disconnected
from feed.client.generating.answer import Answer, Way
from feed.client.generating.asking import Asking
from feed.client.generating.blocking import BlockingAnswer
from feed.client.generating.question import Prompt, Question
from feed.client.generating.transcript import Transcript
from feed.client.generating.watching import Watching
from feed.client.papers import Papers, TokenSource
from feed.client.stream import HEARTBEAT_S
from feed.client.subscription import Symbols, parse_url
from feed.client.twins import twin_of
from feed.wire.transport import Transport

LINGER_S = 60.0  # a server lets a model go on for so long while nobody reads: `--llm-linger-s`


def generate(  # noqa: D417 - arguments of a kind are explained together
    url: str,
    prompt: Prompt,
    *,
    model: str | None = None,
    instructions: str | None = None,
    symbols: Symbols | None = None,
    share: bool = False,
    max_tokens: int | None = None,
    temperature: float | None = None,
    key: str | None = None,
    secret: str | None = None,
    token: TokenSource | None = None,
    heartbeat_s: float = HEARTBEAT_S,
    give_up_after_s: float | None = LINGER_S,
    on_event: Callable[[Disconnected], None] | None = None,
    session: aiohttp.ClientSession | None = None,
) -> Answer:
    """Ask a language model of a server, and read its answer while it is written.

    ```
    async with feed.generate("http://127.0.0.1:8080", "what moved?") as answer:
        async for piece in answer:
            print(piece, end="", flush=True)
    print(answer.id, answer.usage)
    ```

    The question is sent at the beginning of the block. A connection that is lost is made again
    after a random wait of at most 1 s, then 2 s, 4 s …, and goes on where it stood: each piece of
    text comes once. A server that was not heard to begin is asked again. The model goes on while
    nobody reads, for 60 s by default (`feed serve --llm-linger-s`), so leaving the block stops it
    only after a while; `await answer.cancel()` stops it at once.

    Args:
        url: base of the server, such as "http://127.0.0.1:8080".
        prompt: a text, or the messages of a conversation: `{"role": "user", "content": "…"}`.
        model: its name; by default the server chooses.
        instructions: stand before the prompt.
        symbols: whose facts the answer is grounded on, "*" for all; by default none is said.
        share: let others watch it by its id, see `watch_answer`.
        max_tokens: the most that the model may say; by default what the server allows.
        temperature: of the model; by default its own.
        key, secret: identity, where the server wants one; the key may be written as "id.secret".
        token: instead of a key: a text, or a function, a coroutine function too, that returns the
            token of the next connection each time.
        heartbeat_s: a connection that is silent for this time is dead. Servers speak at least every
            10 s, also while a model thinks.
        give_up_after_s: raise `GaveUp` when there was no connection for this time; None: never.
        on_event: is called with each end of a connection; by default that is logged.
        session: to connect with, for proxies and certificates; it stays open.

    Raises:
        InvalidParameter: an argument is not accepted.
    """
    question = Question.of(
        prompt,
        model=model,
        instructions=instructions,
        symbols=symbols,
        share=share,
        max_tokens=max_tokens,
        temperature=temperature,
    )
    transcript = Transcript()
    return make(
        url,
        Asking(question, transcript),
        transcript,
        key=key,
        secret=secret,
        token=token,
        heartbeat_s=heartbeat_s,
        give_up_after_s=give_up_after_s,
        on_event=on_event,
        session=session,
    )


def watch_answer(
    url: str,
    id: str,  # noqa: A002 - as the answer has it
    *,
    key: str | None = None,
    secret: str | None = None,
    token: TokenSource | None = None,
    heartbeat_s: float = HEARTBEAT_S,
    give_up_after_s: float | None = LINGER_S,
    on_event: Callable[[Disconnected], None] | None = None,
    session: aiohttp.ClientSession | None = None,
) -> Answer:
    """Read an answer that somebody shared, while it is written: first its text so far.

    Whoever asked may cancel it. Arguments are those of `generate`.

    Args:
        url: base of the server.
        id: of the answer, as `answer.id` tells it to whoever asked.
        key: likewise.
        secret: likewise.
        token: likewise.
        heartbeat_s: likewise.
        give_up_after_s: likewise.
        on_event: likewise.
        session: likewise.

    Raises:
        InvalidParameter: an argument is not accepted.
    """
    transcript = Transcript(id)
    return make(
        url,
        Watching(transcript),
        transcript,
        key=key,
        secret=secret,
        token=token,
        heartbeat_s=heartbeat_s,
        give_up_after_s=give_up_after_s,
        on_event=on_event,
        session=session,
    )


def make(
    url: str,
    way: Way,
    transcript: Transcript,
    *,
    key: str | None = None,
    secret: str | None = None,
    token: TokenSource | None = None,
    heartbeat_s: float = HEARTBEAT_S,
    give_up_after_s: float | None = LINGER_S,
    on_event: Callable[[Disconnected], None] | None = None,
    session: aiohttp.ClientSession | None = None,
    clock: Clock | None = None,
    backoff: Backoff | None = None,
) -> Answer:
    """Make an answer of its parts, as `Answer` explains them.

    Raises:
        InvalidParameter: an argument is not accepted.
    """
    check_heartbeat(heartbeat_s)
    check_patience(give_up_after_s)
    check_session(session)
    base = parse_url(url)
    clock = clock or Clock()
    return Answer(
        base,
        way,
        transcript,
        attempts=Attempts(
            str(base),
            (Transport.SSE,),
            backoff=backoff or Backoff(),
            give_up_after_s=give_up_after_s,
        ),
        papers=Papers(key, secret, token, clock),
        clock=clock,
        heartbeat_s=heartbeat_s,
        session=session,
        on_event=on_event,
    )


generate_blocking = twin_of(
    generate,
    BlockingAnswer,
    "with feed.generate_blocking(url, 'what moved?') as answer:\n    for piece in answer: ...",
)
watch_answer_blocking = twin_of(
    watch_answer,
    BlockingAnswer,
    "with feed.watch_answer_blocking(url, id) as answer:\n    for piece in answer: ...",
)
