"""A report of an edge as its writer is told it: rows of who is where, in JSON."""

from typing import Annotated, Any

from pydantic import Field

from feed.rooms.edge_members import News, Place
from feed.rooms.edge_news import Report
from feed.rooms.members import Who
from feed.wire.room_requests import Name, Room
from feed.wire.validation import Strict

_Owner = Annotated[str, Field(max_length=64, description="whose it is, as a digest")]
_Sender = Annotated[str, Field(max_length=256, description="the same, for people")]
_Connection = Annotated[int, Field(ge=0, le=1 << 53)]
_LIST = Field(strict=False)  # JSON knows no tuples
_Typist = tuple[Room, _Owner, Name, _Sender]
_Member = tuple[Room, _Owner, Name, _Sender, _Connection]
_Members = Annotated[tuple[Annotated[_Member, _LIST], ...], _LIST]
_Typists = Annotated[tuple[Annotated[_Typist, _LIST], ...], _LIST]


class EdgeReport(Strict):
    """What an edge tells of its clients.

    Attributes:
        number: one more than that of the report before.
        whole: whether `entered` are all that are there.
        entered: who is in rooms, over which connections: room, owner, name, sender, connection.
        left: who is there no more.
        typing: who is typing.
    """

    number: Annotated[int, Field(ge=1)]
    whole: bool
    entered: _Members = ()
    left: _Members = ()
    typing: _Typists = ()

    def report(self, edge: str) -> Report:
        """Return it as the edge of a name has told it, whose connections no other edge has."""
        entered, left = (
            tuple((_who(row), (edge, row[4])) for row in rows) for rows in (self.entered, self.left)
        )
        news = News(self.number, self.whole, entered, left)
        return Report(news, tuple(map(_who, self.typing)))


def document_of(report: Report) -> dict[str, Any]:
    """Return a report as it is told."""
    news = report.news
    return {
        "number": news.number,
        "whole": news.whole,
        "entered": list(map(_row, news.entered)),
        "left": list(map(_row, news.left)),
        "typing": [[who.room, who.by, who.name, who.sender] for who in report.typing],
    }


def _row(place: Place) -> list[object]:
    who, connection = place
    return [who.room, who.by, who.name, who.sender, connection]


def _who(row: _Typist | _Member) -> Who:
    room, by, name, sender = row[:4]
    return Who(room, by, name, sender)
