"""The outcome of a scenario: rows of figures, and how they stand to the aims."""

import statistics
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from .plan import GroupResult, Result

SATURATED_SHARE = 0.85  # of a core: beyond it the swarm measures itself
FEW = 10  # frames due to a subscriber in a window, too few to tell whether some are missing
ENOUGH = 0.9  # of the frames that were due: with fewer, something could not keep up


@dataclass(frozen=True, slots=True)
class Sample:
    """One round of one row.

    Attributes:
        round: its number, from 0; ratios compare samples of the same round.
        result: the figures of the swarm.
        payload_ticks: mean ticks of a payload, where peers are given payloads; 0 where they aren't.
        hz: payloads a second that each subscriber is due; 0 where that is not fixed.
    """

    round: int
    result: Result
    payload_ticks: float = 0.0
    hz: float = 0.0

    @property
    def readers(self) -> GroupResult:
        """The first group, which is measured; others stand beside it."""
        return self.result.groups[0]

    @property
    def ticks_per_frame(self) -> float:
        """Mean ticks in the sampled frames."""
        return _ratio(self.readers.sampled_ticks, self.readers.sampled_messages)

    @property
    def merged(self) -> float:
        """Payloads in a frame: 1, unless a server puts several into one."""
        if self.payload_ticks and self.ticks_per_frame:
            return self.ticks_per_frame / self.payload_ticks
        return 1.0

    @property
    def arrived(self) -> float:
        """Share of the payloads due to the first group that arrived; 1 where hardly any are due."""
        each = self.hz * self.result.seconds
        if each < FEW or not self.readers.count:
            return 1.0
        return self.readers.frames * self.merged / (each * self.readers.count)

    @property
    def payloads(self) -> float:
        """Payloads delivered to all."""
        return self.result.frames * self.merged


def cpu_us(sample: Sample) -> float:
    """Return the server's CPU time per payload and subscriber, in microseconds."""
    return _ratio(sample.result.server_cpu_s * 1e6, sample.payloads)


def cpu_share(sample: Sample) -> float:
    """Return the server's CPU time ÷ time."""
    return sample.result.server_cpu_s / sample.result.seconds


def payload_bytes(sample: Sample) -> float:
    """Return the bytes on the wire per payload and subscriber."""
    readers = sample.readers
    return _ratio(readers.received_bytes, readers.frames * sample.merged)


def payloads_per_s(sample: Sample) -> float:
    """Return how many payloads were delivered to all together, a second."""
    return sample.payloads / sample.result.seconds


def bytes_per_tick(sample: Sample) -> float:
    """Return the bytes on the wire per tick and subscriber; 0 where ticks are not counted."""
    return _ratio(sample.readers.received_bytes, sample.readers.frames * sample.ticks_per_frame)


def ticks_per_core_s(sample: Sample) -> float:
    """Return the ticks delivered to all, per second of the server's CPU time."""
    return _ratio(sample.ticks_per_frame * sample.readers.frames, sample.result.server_cpu_s)


def memory_growth_bytes(sample: Sample) -> float:
    """Return by how much the server's memory has grown since nobody was connected."""
    before, after = sample.result.server_memory_bytes
    return float(after - before)


def memory_per_subscriber_bytes(sample: Sample) -> float:
    """Return the growth of the server's memory ÷ subscribers."""
    return _ratio(memory_growth_bytes(sample), sum(each.count for each in sample.result.groups))


def newest_p50_ms(sample: Sample) -> float:
    """Return the median age of the newest tick in a frame."""
    return sample.readers.newest.p50_ms


def newest_p99_ms(sample: Sample) -> float:
    """Return the 99th percentile of the age of the newest tick in a frame."""
    return sample.readers.newest.p99_ms


def oldest_p99_ms(sample: Sample) -> float:
    """Return the 99th percentile of the age of the oldest tick in a frame: it waited longest."""
    return sample.readers.oldest.p99_ms


def _ratio(above: float, below: float) -> float:
    return above / below if below else 0.0


@dataclass(frozen=True, slots=True)
class Spread:
    """A figure of several rounds."""

    median: float
    low: float
    high: float

    @classmethod
    def of(cls, values: Iterable[float]) -> "Spread":
        """Return the median and the extremes; all 0 of nothing."""
        listed = sorted(values) or [0.0]
        return cls(statistics.median(listed), listed[0], listed[-1])


Metric = Callable[[Sample], float]


@dataclass(slots=True)
class Row:
    """One contender of a scenario, measured several times.

    Attributes:
        name: as tables call it.
        ours: it is our server.
        version: of the program, as far as it is known.
        samples: one a round.
        skipped: why samples are missing, in words; "" where all is well.
    """

    name: str
    ours: bool = False
    version: str = ""
    samples: list[Sample] = field(default_factory=list)
    skipped: str = ""

    def spread(self, metric: Metric) -> Spread:
        """Return a metric's median and extremes over the rounds."""
        return Spread.of(map(metric, self.samples))

    def median(self, metric: Metric) -> float:
        """Return a metric's median over the rounds."""
        return self.spread(metric).median

    @property
    def troubles(self) -> list[str]:
        """The faults in the rounds that were measured, in words."""
        found: dict[str, None] = {}
        for sample in self.samples:
            if sample.arrived < ENOUGH:
                found[f"{sample.arrived:.0%} of the frames that were due arrived"] = None
            for group in sample.result.groups:
                for reason, count in group.lost.items():
                    found[f"{count} {group.name} lost: {reason}"] = None
                for reason, count in group.gaps.items():
                    found[f"{count} gaps told to {group.name}: {reason}"] = None
                if group.fault_count:
                    found[f"{group.fault_count} faults, {group.name}: {group.faults[0]}"] = None
        return list(found)


@dataclass(frozen=True, slots=True)
class Aim:
    """One aim, and how far it was reached.

    Attributes:
        what: the figure, in words.
        aim: in words.
        reached: in words; "not measured: …" where it was not.
        met: whether it was reached; None where it was not measured.
    """

    what: str
    aim: str
    reached: str
    met: bool | None


@dataclass(slots=True)
class Outcome:
    """All that a scenario found.

    Attributes:
        scenario: its name.
        title: the scenario in a sentence.
        rows: the contenders with their figures.
        aims: how the figures stand to the aims.
        notes: further sentences for the reader.
    """

    scenario: str
    title: str
    rows: list[Row] = field(default_factory=list)
    aims: list[Aim] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def at_most(what: str, reached: Spread | None, limit: float, why: str = "") -> Aim:
    """Return the aim that a ratio's median is at most `limit`; `why` it is missing, if it is."""
    return _aim(what, f"≤ {_figure(limit)}", reached, why, lambda value: value <= limit)


def at_least(what: str, reached: Spread | None, limit: float, why: str = "") -> Aim:
    """Return the aim that a figure's median is at least `limit`; `why` it is missing, if it is."""
    return _aim(what, f"≥ {_figure(limit)}", reached, why, lambda value: value >= limit)


def _aim(
    what: str, aim: str, reached: Spread | None, why: str, is_met: Callable[[float], bool]
) -> Aim:
    if reached is None:
        return Aim(what, aim, f"not measured: {why or 'a row is missing'}", None)
    words = _figure(reached.median)
    if reached.high > reached.low:
        words += f" ({_figure(reached.low)} – {_figure(reached.high)})"
    return Aim(what, aim, words, is_met(reached.median))


def _figure(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 1_000 else f"{value:.3g}"


def find(rows: Sequence[Row], name: str) -> Row:
    """Return the row of that name, or an empty one that says it was not part of the run."""
    found = next((row for row in rows if row.name == name), None)
    return found if found is not None else Row(name, skipped="not part of this run")
