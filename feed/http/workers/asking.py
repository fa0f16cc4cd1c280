"""Asking siblings: the same request, over the Unix socket of each, answered for itself alone.

A request that comes over our own Unix socket is a sibling's, and is answered for this process
alone; any other is of the server as a whole. Who does not answer in time is left out, and that is
said: a worker that hangs must not take the view of all others with it.
"""

import asyncio
from collections.abc import Collection
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import aiohttp
import orjson
from aiohttp import hdrs, web

from feed.http.callers import comes_by_bus
from feed.hub.siblings import Siblings, Worker
from feed.logger import logger_of

# With all of them together. A view has what is there by then: whoever looks, or scrapes, does not
# wait for one that hangs. What is to be done, and the question for one alone, are waited for.
VIEW_S = 0.4
PATIENCE_S = 2.0
_BASE = "http://localhost"

log = logger_of("feed.workers")


@dataclass(frozen=True, slots=True)
class Said:
    """What a sibling answered.

    Attributes:
        status: of the answer.
        body: of it.
    """

    status: int
    body: bytes

    @property
    def is_good(self) -> bool:
        """Whether it is an answer to what was asked."""
        return self.status == HTTPStatus.OK

    def document(self) -> Any:  # noqa: ANN401 - JSON of any form
        """Return it as JSON."""
        return orjson.loads(self.body)


def of_all(request: web.Request, siblings: Siblings | None) -> Siblings | None:
    """Return whom else to ask for an answer; None: it is of this process alone."""
    return None if siblings is None or comes_by_bus(request) else siblings


async def ask_all(
    request: web.Request,
    workers: Collection[Worker],
    *,
    accept: str = "*/*",
    patience_s: float = VIEW_S,
) -> dict[Worker, Said | None]:
    """Ask the same of several siblings at once; None: one did not answer.

    Args:
        request: that came; its method and target are asked again.
        workers: whom to ask.
        accept: the forms that it accepts.
        patience_s: the time in which they have to answer.
    """
    asking = (_ask(request, each, accept, patience_s) for each in workers)
    answers = await asyncio.gather(*asking)
    return dict(zip(workers, answers, strict=True))


async def _ask(request: web.Request, worker: Worker, accept: str, patience_s: float) -> Said | None:
    headers = {hdrs.ACCEPT: accept}
    connector = aiohttp.UnixConnector(worker.socket)
    timeout = aiohttp.ClientTimeout(total=patience_s)
    try:
        async with (
            aiohttp.ClientSession(connector=connector, timeout=timeout) as session,
            session.request(request.method, f"{_BASE}{request.path_qs}", headers=headers) as answer,
        ):
            return Said(answer.status, await answer.read())
    except (TimeoutError, aiohttp.ClientError, OSError) as error:
        log.warning("sibling_silent", sibling=worker.name, error=str(error) or type(error).__name__)
        return None
