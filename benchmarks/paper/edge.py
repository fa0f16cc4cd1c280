"""One edge in a storm: one core, which takes in, lets in, catches up and writes frames."""

from collections import deque
from dataclasses import dataclass

from .clients import Client

QUANTUM_S = 0.0005  # of catching up, before it is another's turn
LEAST_FOR_FRAMES = 0.25  # of the time, while others wait: a cut rests up to three times its cost


@dataclass(frozen=True, slots=True)
class Work:
    """Seconds of CPU.

    Attributes:
        intake_share: of a core, whatever else is done.
        frames_share: of a core, for each subscriber.
        join_s: for a newcomer.
        refusal_s: for one that is turned away.
        catch_up_s: for a second of one subscriber's ticks.
    """

    intake_share: float
    frames_share: float
    join_s: float
    refusal_s: float
    catch_up_s: float


class Edge:
    """One core by steps of time.

    Attributes:
        live: subscribers that are given frames.
        used_s: of its time, since somebody set it to zero.
        opened: subscriptions that began, likewise.
        due_s: time that the frames of all that are live would have taken, likewise.
        written_s: time that they were given, likewise: there are fewer and larger ones then.
    """

    __slots__ = (
        "_catching",
        "_debt_s",
        "_opening",
        "_opening_turn",
        "_work",
        "due_s",
        "live",
        "opened",
        "used_s",
        "written_s",
    )

    def __init__(self, live: int, work: Work) -> None:
        """Begin with so many subscribers."""
        self.live = live
        self.used_s = self.due_s = self.written_s = 0.0
        self.opened = 0
        self._work = work
        self._opening: deque[tuple[Client, int]] = deque()
        self._catching: deque[tuple[Client, float]] = deque()  # with the work that is left
        self._debt_s = 0.0  # of work that was begun
        self._opening_turn = True

    @property
    def here(self) -> int:
        """How many are connected, live or not."""
        return self.live + len(self._opening) + len(self._catching)

    def knock(self, client: Client) -> None:
        """Take a connection."""
        client.waiting = True
        self._opening.append((client, client.attempt))

    def refuse(self) -> None:
        """Turn one away."""
        self._debt_s += self._work.refusal_s

    def serve(self, now_s: float, step_s: float) -> None:
        """Work for one step, which ends now."""
        room_s = max(0.0, step_s * (1 - self._work.intake_share))
        frames_s = self.live * self._work.frames_share * step_s
        for_others_s = room_s - min(frames_s, room_s * LEAST_FOR_FRAMES)
        others_s = self._serve_others(now_s, for_others_s)
        written_s = min(frames_s, max(0.0, room_s - others_s))
        self.due_s += frames_s
        self.written_s += written_s
        self.used_s += step_s - room_s + others_s + written_s

    def _serve_others(self, now_s: float, budget_s: float) -> float:
        """Let in, and catch up, by turns; what is begun and too much is owed to the next step."""
        left_s = budget_s - self._debt_s
        while left_s > 0 and (self._opening or self._catching):
            self._opening_turn = bool(self._opening) and (self._opening_turn or not self._catching)
            if self._opening_turn:
                left_s -= self._let_in(now_s)
            else:
                left_s -= self._catch_up(now_s)
            self._opening_turn = not self._opening_turn
        self._debt_s = max(0.0, -left_s)
        return budget_s - max(0.0, left_s)

    def _let_in(self, now_s: float) -> float:
        client, attempt = self._opening.popleft()
        # One that has given up costs as much: its request was read before its end is seen.
        if client.waiting and client.attempt == attempt:
            client.waiting = False
            self.opened += 1
            self._catching.append((client, (now_s - client.lost_s) * self._work.catch_up_s))
        return self._work.join_s

    def _catch_up(self, now_s: float) -> float:
        client, work_s = self._catching.popleft()
        done_s = min(QUANTUM_S, work_s)
        if work_s > done_s:
            self._catching.append((client, work_s - done_s))
        else:
            client.back_s = now_s
            self.live += 1
        return done_s
