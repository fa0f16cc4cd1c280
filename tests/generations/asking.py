"""Questions to an upstream, as tests ask them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from feed.client.clock import Clock
from feed.generations.model import ModelError, Piece
from feed.generations.upstream import Upstream
from feed.settings.options import Settings
from feed.wire.generations.asked import Asked, Turn
from tests.fakes.clocks import ManualClock

ASKED = Asked("m", (Turn("user", "Hi"),))


@asynccontextmanager
async def upstream_at(
    url: str, *, key: str = "", clock: Clock | None = None, **options: object
) -> AsyncIterator[Upstream]:
    """Return an upstream whose waits take no time."""
    upstream = Upstream(
        Settings.model_validate({"llm": url, **options}), key, clock or ManualClock()
    )
    try:
        yield upstream
    finally:
        await upstream.close()


async def answer(upstream: Upstream, asked: Asked = ASKED) -> list[Piece]:
    """Return all pieces of an answer."""
    model = await upstream.find(asked.model)
    return [piece async for piece in model.answer(asked, None)]


async def text_and_error(upstream: Upstream) -> tuple[str, ModelError]:
    """Return what was said of an answer, and the error with which it ended."""
    model = await upstream.find(ASKED.model)
    said = ""
    try:
        async for piece in model.answer(ASKED, None):
            said += str(piece)
    except ModelError as error:
        return said, error
    raise AssertionError("there was no error")
