"""The actions: every message that clients send over a WebSocket, with an example, and answers."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Action:
    """A message that clients send.

    Attributes:
        words: what it is for.
        example: one.
        answers: the names of the messages that answer it.
    """

    words: str
    example: Mapping[str, Any]
    answers: tuple[str, ...] = ()


_SPOKEN = ("published", "unpublished")
ACTIONS: Mapping[str, Action] = {
    "auth": Action(
        "says who the client is; where no identities are configured, anything is accepted",
        {"action": "auth", "key": "any", "secret": "any"},
        ("authenticated", "error"),
    ),
    "subscribe": Action(
        "adds symbols; `after` and `snapshot` are for these, the rest for the connection",
        {
            "action": "subscribe",
            "trades": ["AAPL"],
            "quotes": ["*"],
            "after": "k3x9m2pq-1247",
            "conflate": {"quotes": "250ms"},
            "marks": True,
        },
        ("subscription", "error"),
    ),
    "unsubscribe": Action(
        "takes symbols away",
        {"action": "unsubscribe", "quotes": ["*"]},
        ("subscription", "error"),
    ),
    "feedback": Action(
        "tells how old ticks were when they arrived",
        {"action": "feedback", "ages_ms": [12.5, 7]},
    ),
    "publish": Action(
        "says something in a room; the id is the client's, so that it is published once",
        {"action": "publish", "room": "desk", "text": "halted?", "id": "m-1"},
        _SPOKEN,
    ),
    "edit": Action(
        "lets a message of one's own read otherwise",
        {"action": "edit", "room": "desk", "id": "m-1", "text": "AAPL: halted?"},
        _SPOKEN,
    ),
    "delete": Action(
        "lets a message of one's own be gone, also for who comes back from before it",
        {"action": "delete", "room": "desk", "id": "m-1"},
        _SPOKEN,
    ),
    "list": Action(
        "adds, removes, moves or notes an entry of a room's list",
        {
            "action": "list",
            "room": "desk",
            "op": "add",
            "symbol": "AAPL",
            "note": "earnings at 22:00",
            "version": 0,
            "id": "l-1",
        },
        _SPOKEN,
    ),
    "enter": Action(
        "is in a room until the connection ends, or `leave`",
        {"action": "enter", "room": "desk", "name": "Ann"},
        ("unpublished",),
    ),
    "leave": Action("is there no more", {"action": "leave", "room": "desk"}, ("unpublished",)),
    "typing": Action(
        "tells others in a room, every 50 ms at most",
        {"action": "typing", "room": "desk"},
        ("unpublished",),
    ),
}
