"""A storm while it lasts: clients knock, balancers let them through, edges serve, by steps."""

import heapq
import math
import random
from dataclasses import dataclass

from .balancers import Balancers
from .clients import Client, Crowd
from .edge import Edge

STEP_S = 0.01
SECOND_STEPS = 100
SHORTEST_WINDOW_S = 0.1  # over which the interval of frames is looked at
LONGEST_S = 180.0  # a storm that is not over then is told as it stands
SATURATED = 0.95  # of a core


@dataclass(frozen=True, slots=True)
class Place:
    """Where it happens.

    Attributes:
        most_connections: of an edge.
        gone_share: of attempts, for which balancers choose an edge that is gone.
        gone_s: for so long.
        patience_s: after which a client gives an attempt up.
        frames_s: the interval of frames that is planned with.
    """

    most_connections: int
    gone_share: float = 0.0
    gone_s: float = 0.0
    patience_s: float = math.inf
    frames_s: float = 1.0


@dataclass(slots=True)
class Storm:
    """What came of it.

    Attributes:
        returned: clients.
        half_s, most_s, all_s: until half, 99 % and all of them had caught up; infinite: they had
            not after three minutes.
        away_s: the longest that one of them was without ticks.
        used_s: CPU that the edges took in all.
        peak_cpu: the largest share of a core that one edge took, of any second.
        mean_cpu: of the edges' mean, likewise.
        saturated_s: for how long an edge took over 95 % of a core, their mean.
        peak_balancers: the largest share of the balancers' cores.
        peak_attempts: connections of a second, at all edges.
        peak_edge: connections of a second that came through to one edge.
        peak_opened: subscriptions that began within a second at one edge.
        longest_frames_s: the longest interval of frames that a subscriber who stayed saw.
        attempts: of each client, their mean.
        gave_up, refused, unreached: attempts that took too long, that an edge turned away, and that
            went to an edge that was gone.
    """

    returned: int = 0
    half_s: float = math.inf
    most_s: float = math.inf
    all_s: float = math.inf
    away_s: float = 0.0
    used_s: float = 0.0
    peak_cpu: float = 0.0
    mean_cpu: float = 0.0
    saturated_s: float = 0.0
    peak_balancers: float = 0.0
    peak_attempts: int = 0
    peak_edge: int = 0
    peak_opened: int = 0
    longest_frames_s: float = 0.0
    attempts: float = 0.0
    gave_up: int = 0
    refused: int = 0
    unreached: int = 0


class Running:
    """Clients, balancers and edges by steps of time."""

    def __init__(
        self,
        crowd: Crowd,
        edges: list[Edge],
        balancers: Balancers,
        chance: random.Random,
        place: Place,
    ) -> None:
        """Prepare.

        Args:
            crowd: those that return.
            edges: those that stay.
            balancers: before them.
            chance: seeded.
            place: where it happens.
        """
        self._clients = crowd.clients
        self._edges = edges
        self._balancers = balancers
        self._chance = chance
        self._place = place
        # (when, number of the client, attempt that is over then; 0: the next one begins)
        self._due = [(first_s, number, 0) for number, first_s in enumerate(crowd.first_s)]
        heapq.heapify(self._due)
        self._attempts = 0  # of this second
        self._through = [0] * len(edges)  # likewise
        self._storm = Storm(returned=len(crowd.clients))

    def run(self) -> Storm:
        """Run until everybody is back, by whole seconds; return what came of it."""
        live = sum(edge.live for edge in self._edges)
        everybody = live + len(self._clients)
        window = round(max(SHORTEST_WINDOW_S, self._place.frames_s) / STEP_S)
        now_s = 0.0
        for step in range(1, int(LONGEST_S / STEP_S) + 1):
            now_s = step * STEP_S
            self._knock_until(now_s)
            for client, number in self._balancers.serve(STEP_S, live):
                self._come_through(client, number, now_s)
            for edge in self._edges:
                edge.serve(now_s, STEP_S)
            live = sum(edge.live for edge in self._edges)
            if step % window == 0:
                self._note_frames()
            if step % SECOND_STEPS == 0:
                self._note_second()
                if live == everybody:
                    break
        self._sum_up(now_s)
        return self._storm

    def _knock_until(self, now_s: float) -> None:
        while self._due and self._due[0][0] <= now_s:
            at_s, number, over = heapq.heappop(self._due)
            client = self._clients[number]
            if not over:
                self._attempts += 1
                client.attempt += 1
                self._balancers.knock(client, number)
                give_up_s = at_s + self._place.patience_s
                heapq.heappush(self._due, (give_up_s, number, client.attempt))
            elif client.waiting and client.attempt == over:
                self._storm.gave_up += 1
                self._try_later(client, number, at_s)

    def _come_through(self, client: Client, number: int, now_s: float) -> None:
        """Bring a connection from the balancers to the edge that they choose for it."""
        place = self._place
        if now_s < place.gone_s and self._chance.random() < place.gone_share:
            self._storm.unreached += 1
            self._try_later(client, number, now_s)
            return
        index = self._chance.randrange(len(self._edges))
        edge = self._edges[index]
        self._through[index] += 1
        if edge.here >= place.most_connections:
            self._storm.refused += 1
            edge.refuse()
            self._try_later(client, number, now_s)
        else:
            edge.knock(client)

    def _try_later(self, client: Client, number: int, at_s: float) -> None:
        client.waiting = False  # whatever waits somewhere is not this client's any more
        heapq.heappush(self._due, (at_s + client.backoff.next_s(), number, 0))

    def _note_frames(self) -> None:
        for edge in self._edges:
            late = edge.due_s / edge.written_s if edge.written_s else 1.0
            interval_s = late * self._place.frames_s
            self._storm.longest_frames_s = max(self._storm.longest_frames_s, interval_s)
            edge.due_s = edge.written_s = 0.0

    def _note_second(self) -> None:
        storm = self._storm
        second_s = STEP_S * SECOND_STEPS
        shares = [edge.used_s / second_s for edge in self._edges]
        storm.used_s += sum(edge.used_s for edge in self._edges)
        storm.peak_cpu = max(storm.peak_cpu, *shares)
        storm.mean_cpu = max(storm.mean_cpu, sum(shares) / len(shares))
        saturated = sum(share > SATURATED for share in shares)
        storm.saturated_s += second_s * saturated / len(shares)
        used = self._balancers.used_s / second_s / self._balancers.cores
        storm.peak_balancers = max(storm.peak_balancers, used)
        storm.peak_attempts = max(storm.peak_attempts, self._attempts)
        storm.peak_edge = max(storm.peak_edge, *self._through)
        storm.peak_opened = max(storm.peak_opened, *(edge.opened for edge in self._edges))
        self._balancers.used_s = 0.0
        self._attempts = 0
        self._through = [0] * len(self._edges)
        for edge in self._edges:
            edge.used_s, edge.opened = 0.0, 0

    def _sum_up(self, now_s: float) -> None:
        clients, storm = self._clients, self._storm
        back_s = sorted(client.back_s for client in clients if client.back_s)
        storm.half_s, storm.most_s, storm.all_s = (
            _when(back_s, math.ceil(len(clients) * share)) for share in (0.5, 0.99, 1.0)
        )
        storm.away_s = max(((each.back_s or now_s) - each.lost_s for each in clients), default=0.0)
        storm.attempts = sum(each.attempt for each in clients) / max(1, len(clients))


def _when(back_s: list[float], rank: int) -> float:
    """Return when so many were back, of sorted times; infinite: they were not."""
    if rank > len(back_s):
        return math.inf
    return back_s[rank - 1] if rank else 0.0
