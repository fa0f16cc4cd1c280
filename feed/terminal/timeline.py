"""The timeline of one connection, line by line: `feed why`. Knows no server and no clock."""

from collections.abc import Iterator, Mapping
from typing import Any, Self

from pydantic import BaseModel, ValidationError

from feed.client.errors import Malformed
from feed.terminal import words

_DATE, _TO_MS = len("2020-02-22"), len("2020-02-22T00:00:00.000")
_MOST_LETTERS = 400


class Who(BaseModel):
    """The identity of a connection."""

    id: str
    name: str


class Event(BaseModel):
    """One thing that happened to it: when, and in words."""

    t: str
    msg: str


class Told(BaseModel):
    """The answer to `/v1/admin/connections/ID`, as far as it is shown; see `feed.http.admin`."""

    id: int
    identity: Who
    peer: str
    selection: str
    standing: str
    pos: str
    lag_ticks: int
    buffered_bytes: int
    sent_bytes: int | None
    ended: str | None = None
    record: list[Event]

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> Self:
        """Read a server's answer.

        Raises:
            Malformed: it is not the answer of a feed server.
        """
        try:
            return cls.model_validate(document)
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            where = ".".join(map(str, first["loc"]))
            raise Malformed(f"/v1/admin/connections: {where}: {first['msg']}") from None


def timeline(told: Told) -> Iterator[str]:
    """Yield the lines: who it is, where it stands or stood, and what happened to it."""
    who = told.identity.name or told.identity.id or "anonymous"
    yield f"connection {told.id}: {_clean(who)}, from {_clean(told.peer) or 'an unknown address'}"
    was = "has left; it was" if told.ended else "is"
    sent = "" if told.sent_bytes is None else f", {words.data_size(told.sent_bytes)} sent"
    held = words.data_size(told.buffered_bytes)
    yield (
        f"  {was} {_clean(told.standing)} at {_clean(told.pos)}, "
        f"{words.count(told.lag_ticks)} ticks behind the ring, {held} held back{sent}"
    )
    yield f"  subscribed to {_clean(told.selection) or 'nothing'}"
    day = ""
    for event in told.record:
        if event.t[:_DATE] != day:
            day = event.t[:_DATE]
            yield _clean(f"{day} (UTC)")
        yield f"  {_clean(event.t[_DATE + 1 : _TO_MS])}  {_clean(event.msg)}"


def _clean(text: str) -> str:
    return words.printable(text, _MOST_LETTERS)
