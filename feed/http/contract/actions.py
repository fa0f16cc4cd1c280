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
}
