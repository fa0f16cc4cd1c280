"""`feed serve` that says words, and lets everybody read every key: what do words cost?

All else is the same. Takes the arguments of `feed`, and two of its own: how many generations run,
and how many words a second each of them says.
"""

import argparse
import asyncio
import sys
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import suppress
from typing import Any

from aiohttp import web

from feed.cli import main
from feed.hub.hub import Hub
from feed.market.generation_words import GenerationType, GenerationWord
from feed.market.word_channels import WordChannel
from feed.trust.identity import Identity

from .said import Said

_TEXT = " token"
_MODEL = "said"


def _everybody(_identity: Identity, _key: str) -> bool:
    return True


def _everything(_key: str) -> bool:
    return True


async def _say(hub: Hub, key: str, per_s: float, begins_s: float) -> None:
    """Say the words of a generation that never ends, each when it is due."""
    loop = asyncio.get_running_loop()
    first_s = loop.time() + begins_s
    kind, number = GenerationType.GENERATION, 0
    while True:
        await asyncio.sleep(first_s + number / per_s - loop.time())
        text = _TEXT if number else ""
        word = GenerationWord(key, kind, number, hub.clock.wall_ns(), text, _MODEL)
        hub.publisher.say([word])
        kind, number = GenerationType.TOKEN, number + 1


def _saying(said: Said) -> Callable[[web.Application], AsyncIterator[None]]:
    async def run(app: web.Application) -> AsyncIterator[None]:
        from feed.http.app import HUB  # noqa: PLC0415 - the command line is there first

        hub = app[HUB]
        hub.key_gate.open(WordChannel.GENERATIONS, _everybody, _everything)
        tasks = [
            # Generations know nothing of each other: their words are not due together.
            asyncio.create_task(_say(hub, key, said.per_s, number / said.per_s / said.keys))
            for number, key in enumerate(said.names)
        ]
        yield
        for task in tasks:
            task.cancel()
        for task in tasks:
            with suppress(asyncio.CancelledError):
                await task

    return run


def _let_say(said: Said) -> None:
    """Let the application that `feed serve` makes say words as long as it runs."""
    from feed.program import serve  # noqa: PLC0415 - as above

    # It is not exported, since only `serve` is meant to call it there.
    make: Callable[..., Coroutine[Any, Any, web.Application]] = serve.make_app  # type: ignore[attr-defined]

    async def make_app(*args: object, **options: object) -> web.Application:
        app = await make(*args, **options)
        app.cleanup_ctx.append(_saying(said))
        return app

    serve.make_app = make_app  # type: ignore[attr-defined]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(add_help=False)
    parser.add_argument("--said-keys", type=int, default=0)
    parser.add_argument("--said-per-s", type=float, default=1.0)
    own, sys.argv[1:] = parser.parse_known_args()
    _let_say(Said(own.said_keys, own.said_per_s))
    main()
