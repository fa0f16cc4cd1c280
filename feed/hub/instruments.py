"""The histograms that are filled while ticks are on their way.

One observation a lane and frame, a cut, or a list of a source, never one a subscriber or tick.
"""

from feed.histogram import Histogram
from feed.wire.transport import Transport

_US, _MS, _S = 1_000, 1_000_000, 1_000_000_000  # in nanoseconds

_AGE_BOUNDS_NS = (
    *(100 * _US, 250 * _US, 500 * _US),
    *(1 * _MS, 2_500 * _US, 5 * _MS, 10 * _MS, 25 * _MS, 50 * _MS, 100 * _MS, 250 * _MS, 500 * _MS),
    *(1 * _S, 2_500 * _MS, 5 * _S, 10 * _S, 30 * _S, 60 * _S),
)
_CUT_BOUNDS_NS = tuple(bound for bound in _AGE_BOUNDS_NS if bound <= 500 * _MS)
_BATCH_BOUNDS_TICKS = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 50_000)


class Instruments:
    """The histograms, filled as things happen; all but `batch_ticks` are of nanoseconds.

    Attributes:
        source_ages: from a tick's event to its ingestion, by source.
        write_age: from there until its lane's frame was written.
        delivery_age: from its event to its reader, by transport, as clients report.
        cut: how long a cut took.
        batch_ticks: how many ticks it took together.
        loop_lag: how late the event loop was for a timer.
    """

    def __init__(self) -> None:
        self.source_ages: dict[str, Histogram] = {}
        self.write_age = Histogram(_AGE_BOUNDS_NS)
        self.delivery_age = {transport: Histogram(_AGE_BOUNDS_NS) for transport in Transport}
        self.cut = Histogram(_CUT_BOUNDS_NS)
        self.batch_ticks = Histogram(_BATCH_BOUNDS_TICKS)
        self.loop_lag = Histogram(_AGE_BOUNDS_NS)

    def source_age(self, source: str) -> Histogram:
        """Return the histogram of a source; it begins when it is asked for."""
        return self.source_ages.setdefault(source, Histogram(_AGE_BOUNDS_NS))

    def note_cut(self, cost_ns: int, ticks: int, *, age_ns: int, frames: int) -> None:
        """Note a cut: what it cost, and how old the oldest of its ticks was in each frame."""
        self.write_age.observe(age_ns, frames)
        self.cut.observe(cost_ns)
        self.batch_ticks.observe(ticks)
