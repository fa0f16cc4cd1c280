"""The metrics of all workers as one text; see `feed.metrics.merging`."""

import asyncio
import time
from collections.abc import Iterator, Mapping

from aiohttp import hdrs, web

from feed.http.workers.asking import Said, ask_all
from feed.hub.siblings import Siblings, Worker
from feed.metrics.merging import Merged
from feed.metrics.workers import worker_text

_SLICE_NS = 500_000


async def metrics_of_all(
    own: web.Response, request: web.Request, siblings: Siblings
) -> web.Response:
    """Return an answer to a scrape with those of all siblings.

    Args:
        own: of this worker.
        request: the scrape.
        siblings: whom else to ask.
    """
    accept = request.headers.get(hdrs.ACCEPT, "")
    answers = await ask_all(request, siblings.others, accept=accept)
    texts = dict(_texts(own, siblings, answers))
    whole = Merged()
    slice_ns = time.perf_counter_ns()
    for worker, text in texts.items():
        for _ in whole.add(worker, text):
            if time.perf_counter_ns() - slice_ns > _SLICE_NS:
                await asyncio.sleep(0)
                slice_ns = time.perf_counter_ns()
    up = {each: said is not None and said.is_good for each, said in answers.items()}
    if "name[]" not in request.query:
        whole.add_plain(worker_text({siblings.own: True, **up}))
    own.body = whole.text().encode()
    return own


def _texts(
    own: web.Response, siblings: Siblings, answers: Mapping[Worker, Said | None]
) -> Iterator[tuple[str, str]]:
    assert isinstance(own.body, bytes)
    texts = {siblings.own: own.body.decode()}
    for worker, said in answers.items():
        if said is not None and said.is_good:
            texts[worker] = said.body.decode()
    for worker in sorted(texts, key=lambda each: (each.name, each.serial)):
        yield worker.name, texts[worker]
