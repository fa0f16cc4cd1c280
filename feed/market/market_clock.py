"""The market's clock: the time that the rows of a recording tell, whatever single rows say.

Theory of operation: the clock is the largest event time so far. A row that is further than
`LONGEST_STEP_NS` away from it is a *jump*, and a jump counts only if the next `FOLLOWERS` rows
follow it. So it has to be known what comes after a row, which only a recording can tell.

- A jump ahead that counts is a pause of the market: the clock moves there. A row follows it if it
  is nearer to where it leads than to where it came from. Rows of a new pass say nothing of it.
- A jump back that counts is a new *pass*: somebody recorded a server that loops, or joined two
  files. The clock starts over there. A row follows it also if it is itself a jump back.
- A jump that does not count is a *stray*, such as the row of a broken clock: it moves nobody.
- The last row of a pass has nobody to follow it. It counts if a jump of its length has counted
  before, or in a recording of a few rows, from which nobody can tell.
- The first row has nothing to jump from. It is a stray where all that follow it are close
  together and it is far away from them.

A row that is behind the clock by less is late, and moves nobody either. Pace and bars both go by
this clock. Knows no clock of its own, no file and no tick.
"""

from collections.abc import Sequence
from itertools import islice

from feed.market.ticks import SECOND_NS

LONGEST_STEP_NS = 60 * SECOND_NS  # further is a jump
FOLLOWERS = 8  # rows that a jump needs: more than one broken clock sends in a row
UNTIMED_NS = -1  # the time of a row that says nothing of the market's, such as a correction


class MarketClock:
    """The market's clock over the rows of one recording.

    Attributes:
        now_ns: what it shows; `UNTIMED_NS` until a row has moved it.
    """

    __slots__ = ("_longest_jump_ns", "now_ns")

    def __init__(self) -> None:
        self.now_ns = UNTIMED_NS
        self._longest_jump_ns = 0  # of those ahead that counted

    def pass_steps(self, times_ns: Sequence[int], index: int, clocks_ns: list[int]) -> int:
        """Let rows pass that do not jump, as `pass_row` does; return the first that is not passed.

        Args:
            times_ns: event times of rows.
            index: the first of them.
            clocks_ns: what the clock shows at each row that has passed is added here.
        """
        now_ns, count = self.now_ns, len(clocks_ns)
        if now_ns == UNTIMED_NS:
            return index
        earliest_ns, latest_ns = now_ns - LONGEST_STEP_NS, now_ns + LONGEST_STEP_NS
        for time_ns in islice(times_ns, index, None):
            if not earliest_ns <= time_ns <= latest_ns or time_ns == UNTIMED_NS:
                break
            if time_ns > now_ns:
                now_ns = time_ns
                earliest_ns, latest_ns = now_ns - LONGEST_STEP_NS, now_ns + LONGEST_STEP_NS
            clocks_ns.append(now_ns)
        self.now_ns = now_ns
        return index + len(clocks_ns) - count

    def pass_row(self, times_ns: Sequence[int], index: int, *, last: bool) -> bool | None:
        """Let a row pass, and move by it if it counts.

        Args:
            times_ns: event times of rows in the order of the recording, `UNTIMED_NS` where a row
                has none that counts.
            index: the row; each is passed once, in order.
            last: no other rows come after these.

        Returns:
            Whether a new pass begins with the row. None: that needs rows which are not here yet,
            and nothing was done.
        """
        time_ns, now_ns = times_ns[index], self.now_ns
        if time_ns == UNTIMED_NS:
            return False
        if now_ns != UNTIMED_NS and -LONGEST_STEP_NS <= time_ns - now_ns <= LONGEST_STEP_NS:
            if time_ns > now_ns:
                self.now_ns = time_ns
            return False
        followers = _followers(times_ns, index)
        if len(followers) < FOLLOWERS and not last:
            return None
        if now_ns == UNTIMED_NS:
            counts = _is_among(time_ns, followers)
        elif time_ns < now_ns:
            counts = _is_new_pass(now_ns, time_ns, followers)
        else:
            jump_ns = time_ns - now_ns
            seen_before = index < FOLLOWERS or jump_ns <= self._longest_jump_ns
            counts = _is_pause(now_ns, time_ns, followers, seen_before=seen_before)
            if counts:
                self._longest_jump_ns = max(self._longest_jump_ns, jump_ns)
        if counts:
            self.now_ns = time_ns
        return counts and time_ns < now_ns


def _followers(times_ns: Sequence[int], index: int) -> list[int]:
    """Return the times of the next rows that have one, at most `FOLLOWERS`."""
    timed = (time_ns for time_ns in islice(times_ns, index + 1, None) if time_ns != UNTIMED_NS)
    return list(islice(timed, FOLLOWERS))


def _is_pause(now_ns: int, time_ns: int, followers: Sequence[int], *, seen_before: bool) -> bool:
    """Tell whether a jump ahead counts; `seen_before` decides where nobody follows."""
    of_this_pass = [each_ns for each_ns in followers if each_ns >= now_ns - LONGEST_STEP_NS]
    if not of_this_pass:
        return seen_before
    return all(each_ns > (now_ns + time_ns) // 2 for each_ns in of_this_pass)


def _is_new_pass(now_ns: int, time_ns: int, followers: Sequence[int]) -> bool:
    """Tell whether a jump back counts."""
    below_ns = max((now_ns + time_ns) // 2, now_ns - LONGEST_STEP_NS)
    return bool(followers) and all(each_ns < below_ns for each_ns in followers)


def _is_among(first_ns: int, followers: Sequence[int]) -> bool:
    """Tell whether a recording may begin with a time that others follow."""
    if len(followers) < 2:  # noqa: PLR2004 - one alone may be the stray itself
        return True
    step_ns = min(abs(follower_ns - first_ns) for follower_ns in followers)
    return step_ns <= LONGEST_STEP_NS or step_ns <= max(followers) - min(followers)
