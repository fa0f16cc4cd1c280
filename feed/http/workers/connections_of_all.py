"""The connections of all workers: lists of them, one of them, and sending them away.

Ids differ between all workers, and say which of them has a connection; so lists in their order have
pages over all, and a question for one goes to one.
"""

from collections.abc import Mapping
from typing import Any

from aiohttp import web

from feed.http.answer_models import ConnectionLine, ConnectionsAnswer, DisconnectedAnswer
from feed.http.workers.asking import PATIENCE_S, Said, ask_all
from feed.hub.siblings import IDS_OF_WORKER, Siblings, Worker


async def list_of_all(
    own: ConnectionsAnswer, request: web.Request, siblings: Siblings, limit: int, by: str
) -> ConnectionsAnswer:
    """Return a page of the connections of all workers.

    Args:
        own: the page of this one.
        request: for it.
        siblings: whom else to ask.
        limit: the most lines of a page.
        by: what it is in the order of, the largest first; "id": the smallest is.
    """
    answers = await ask_all(request, siblings.others)
    pages = [own, *(said.document() for said in answers.values() if said and said.is_good)]
    return merged_pages(pages, limit, by)


def merged_pages(pages: list[ConnectionsAnswer], limit: int, by: str) -> ConnectionsAnswer:
    """Return the pages of several workers as one."""
    lines = [line for page in pages for line in page["connections"]]
    lines.sort(key=lambda line: _rank(line, by))
    more = len(lines) > limit or any(page["next"] is not None for page in pages)
    shown = lines[:limit]
    return {
        "connections": shown,
        "next": shown[-1]["id"] if more and shown and by == "id" else None,
        "total": sum(page["total"] for page in pages),
    }


def _rank(line: ConnectionLine, by: str) -> tuple[int, int]:
    if by == "id":
        return 0, line["id"]
    return -(line["lag_ticks"] if by == "lag" else line["buffered_bytes"]), line["id"]


def has(siblings: Siblings, number: int) -> Worker | None:
    """Return which sibling has, or had, a connection; None: none of them, or it has gone."""
    serial = number // IDS_OF_WORKER
    return next((each for each in siblings.others if each.serial == serial), None)


async def ask_one(request: web.Request, worker: Worker) -> web.Response | None:
    """Return what a sibling answers to a request; None: nothing."""
    said = (await ask_all(request, [worker], patience_s=PATIENCE_S))[worker]
    if said is None:
        return None
    kind = "application/json" if said.is_good else "application/problem+json"
    return web.Response(status=said.status, body=said.body, content_type=kind)


async def disconnected_by_all(
    own: int, request: web.Request, siblings: Siblings
) -> DisconnectedAnswer:
    """Have all siblings send the same away; return how many that were."""
    answers: Mapping[Worker, Said | None] = await ask_all(
        request, siblings.others, patience_s=PATIENCE_S
    )
    documents: list[Any] = [said.document() for said in answers.values() if said and said.is_good]
    return {"disconnected": own + sum(each["disconnected"] for each in documents)}
