"""Clients in a storm, which wait as ours do (`feed.client.backoff`, `feed.broadcast.departure`)."""

import random
from dataclasses import dataclass, field
from enum import StrEnum

from feed.broadcast.departure import Departure
from feed.client.backoff import Backoff
from feed.client.lifeline import OPEN_TIMEOUT_S
from feed.client.stream import HEARTBEAT_S

GIVES_UP_AFTER_S = OPEN_TIMEOUT_S  # an attempt, until the subscription stands
NOTICES_AFTER_S = HEARTBEAT_S  # silence of a connection that nobody has closed
_NS_PER_S, _MS_PER_S = 1e9, 1e3


class Loss(StrEnum):
    """How a zone is lost."""

    RESET = "reset"  # processes die: every connection is reset at once
    SILENCE = "silence"  # the power or the network is gone: clients notice it by their heartbeat
    LEAVING = "leaving"  # told to: subscribers are sent away in waves, each with its `retry_ms`


@dataclass(slots=True)
class Client:
    """One that lost its edge.

    Attributes:
        lost_s: when its last tick came, of the time of the storm.
        backoff: its waits.
        attempt: number of the present one, or of the last.
        waiting: an edge has its connection, and has not answered yet.
        back_s: when it had caught up; 0: not yet.
    """

    lost_s: float
    backoff: Backoff
    attempt: int = 0
    waiting: bool = False
    back_s: float = 0.0


@dataclass(slots=True)
class Crowd:
    """All of them, and when each tries first.

    Attributes:
        clients: in no order.
        first_s: when each tries for the first time.
    """

    clients: list[Client] = field(default_factory=list)
    first_s: list[float] = field(default_factory=list)


def crowd_of(
    loss: Loss,
    count: int,
    per_edge: int,
    frame_interval_s: float,
    drain_s: float,
    *,
    chance: random.Random,
) -> Crowd:
    """Return those that a loss sends to other edges.

    Args:
        loss: how.
        count: of clients.
        per_edge: how many of them one edge had, which leaves by itself.
        frame_interval_s: between two frames of one of them.
        drain_s: in which an edge that leaves sends them away.
        chance: seeded.
    """
    crowd = Crowd()
    departures: list[tuple[float, float]] = []
    if loss is Loss.LEAVING:
        for begin in range(0, count, max(1, per_edge)):
            here = min(per_edge, count - begin)
            departure = Departure(here, int(drain_s * _NS_PER_S), chance.getrandbits(64))
            departures += [
                (each.after_ns / _NS_PER_S, each.retry_ms / _MS_PER_S)
                for each in departure.farewells
            ]
    for number in range(count):
        backoff = Backoff(chance.uniform)
        if loss is Loss.LEAVING:
            lost_s, away_s = departures[number]
            first_s = lost_s + away_s
        else:
            lost_s = -chance.uniform(0.0, frame_interval_s)
            noticed_s = lost_s + NOTICES_AFTER_S if loss is Loss.SILENCE else 0.0
            first_s = noticed_s + backoff.next_s()
        crowd.clients.append(Client(lost_s, backoff))
        crowd.first_s.append(first_s)
    return crowd
