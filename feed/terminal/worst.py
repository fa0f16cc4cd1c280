"""The worst connections of a server: the line of `feed top` for administrators.

Knows no server, terminal or clock.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pydantic import BaseModel, ValidationError

from feed.client.errors import Malformed
from feed.terminal import words
from feed.terminal.lines import Part

PATH = "v1/admin/connections"
QUERY = {"order": "lag", "limit": "3"}
_MOST_LETTERS = 20  # of a name or an address


class _Who(BaseModel):
    id: str
    name: str


class Connection(BaseModel):
    """One of the answer to `/v1/admin/connections`, as far as it is shown."""

    id: int
    identity: _Who
    peer: str
    lag_ticks: int
    buffered_bytes: int


class _Answer(BaseModel):
    connections: list[Connection]


def worst_of(document: Mapping[str, Any]) -> list[Connection]:
    """Read a server's answer.

    Raises:
        Malformed: it is not the answer of a feed server.
    """
    try:
        return _Answer.model_validate(document).connections
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(map(str, first["loc"]))
        raise Malformed(f"/{PATH}: {where}: {first['msg']}") from None


def worst_parts(connections: Sequence[Connection], style: str) -> Iterator[Part]:
    """Yield those that lag or hold bytes back, the worst first, with their ids for `feed why`."""
    separator = ""
    for each in connections:
        if not (each.lag_ticks or each.buffered_bytes):
            continue
        who = words.printable(each.identity.name or each.identity.id or each.peer, _MOST_LETTERS)
        lag, held = words.count(each.lag_ticks), words.data_size(each.buffered_bytes)
        yield f"{separator}{each.id} {who} ", ""
        yield f"{lag} behind, {held} held", style
        separator = "; "
    if not separator:
        yield "nobody lags", ""
