"""What is not taken, as problem documents."""

import math

from aiohttp import hdrs, web

from feed.http.problems import problem
from feed.sources.pushed.flaws import BatchRefused

_NOT_REPLAYED = 413  # its body is not read to its end


def problem_of_batch(refused: BatchRefused) -> web.Response:
    """Return the problem document of a batch that was refused: its row, if it is of one."""
    members: dict[str, object] = {"reason": refused.flaw.value}
    if refused.row is not None:
        members["row"] = refused.row
    response = problem(refused.flaw.code, str(refused), **members)
    if refused.retry_s:
        response.headers[hdrs.RETRY_AFTER] = str(max(1, math.ceil(refused.retry_s)))
    if refused.flaw.code == _NOT_REPLAYED:
        response.force_close()
    return response
