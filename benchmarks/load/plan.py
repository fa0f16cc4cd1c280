"""The orders and the reports of a swarm: plain values that cross between processes."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from feed.wire.transport import Transport

from .ages import AgeSummary


class Look(StrEnum):
    """How deeply the sampled subscribers of a group look into their payloads."""

    NOTHING = "nothing"
    STAMP = "stamp"  # find the newest time stamp: peers
    TICKS = "ticks"  # decode and check every tick: our server
    RETURN = "return"  # count ticks from a position until live: coming back to our server
    WORDS = "words"  # decode and check every word of a generation: our server
    SIZES = "sizes"  # count payloads of ticks by their lengths


@dataclass(frozen=True, slots=True)
class Opening:
    """How one subscriber begins: the path it asks for, then the messages it sends."""

    path: str
    hello: tuple[bytes, ...] = ()


@dataclass(frozen=True, slots=True)
class Group:
    """Subscribers that do the same.

    Attributes:
        name: as results call it.
        count: how many they are.
        host, port: where the server listens.
        transport: how they are served.
        openings: subscriber k begins with number k modulo their count.
        headers: of the request.
        binary: the messages of the hello are binary.
        look: how deeply the sampled ones look.
        codec: of ticks: "json" or "msgpack".
        sample_every, sample_limit: one subscriber in this many is sampled, up to the limit.
        every_tick: they chose everything and hear positions, so holes can be found.
        consecutive: trades of a symbol are numbered without holes, as the simulation does it.
        stalled: they subscribe and then never read.
        receive_buffer_bytes: SO_RCVBUF, where the kernel's own choice is not wanted.
        keep_payloads: how many payloads the first sampled one keeps for the result.
    """

    name: str
    count: int
    host: str
    port: int
    transport: Transport
    openings: tuple[Opening, ...]
    headers: Mapping[str, str] = field(default_factory=dict)
    binary: bool = False
    look: Look = Look.NOTHING
    codec: str = "json"
    sample_every: int = 64
    sample_limit: int = 32
    every_tick: bool = False
    consecutive: bool = False
    stalled: bool = False
    receive_buffer_bytes: int = 0
    keep_payloads: int = 0

    def sampled(self, index: int) -> bool:
        """Tell whether subscriber `index` of the group is looked at."""
        if self.stalled or self.look is Look.NOTHING:
            return False
        return index % self.sample_every == 0 and index // self.sample_every < self.sample_limit


@dataclass(frozen=True, slots=True)
class Plan:
    """A steady load: connect, settle, measure.

    Attributes:
        groups: the subscribers that connect.
        pids: the server's processes, watched over the steady window; empty if they are not known.
        settle_s: time between the last subscriber's connecting and the steady window.
        steady_s: length of the steady window.
        interval_s: how often progress is told.
        connect_timeout_s: all must be connected by then.
        in_flight: how many may be connecting at once; the accept backlog of many servers is 128.
        begin_ns: Unix time when the steady window begins, instead of after `settle_s`; 0 for that.
    """

    groups: tuple[Group, ...]
    pids: tuple[int, ...] = ()
    settle_s: float = 0.5
    steady_s: float = 2.0
    interval_s: float = 0.25
    connect_timeout_s: float = 60.0
    in_flight: int = 100
    begin_ns: int = 0


@dataclass(frozen=True, slots=True)
class StormPlan:
    """A storm: everybody is cut off at once and comes back.

    Attributes:
        observers: few, sampled; they choose everything, hear positions, and are never cut off.
        crowd: the subscribers that are cut off; they choose the same.
        pids: the server's processes, as `Plan` has them.
        history_s: how long positions are collected; how old those are with which the crowd returns.
        return_s: within how long all of them are back.
        timeout_s: the last must be live by then.
        calm_s: how long it is looked at what the server takes for all of them once they are live.
    """

    observers: Group
    crowd: Group
    pids: tuple[int, ...] = ()
    history_s: float = 10.0
    return_s: float = 1.0
    timeout_s: float = 30.0
    calm_s: float = 1.0
    connect_timeout_s: float = 120.0
    in_flight: int = 100


@dataclass(frozen=True, slots=True)
class StormResult:
    """The fate of the crowd.

    Attributes:
        count: how many were cut off.
        live: how many were live again in time.
        connected_s: from the cut until the last had its connection back.
        live_s: from the cut until the last was live: had reached the observers' position.
        ticks: received in catching up.
        gaps: told to them.
        faults, fault_count: ticks missing or too many, the first few in words, and how many.
        server_cpu_s: of the server's processes, from the cut until the last was live.
        frames_cpu_s: the part of it that frames for those that were live already will have taken:
            as much as in the calm that follows, for as many of them.
        swarm_cpu_share: of one core, within the same time.
    """

    count: int
    live: int
    connected_s: float
    live_s: float
    ticks: int
    gaps: int
    faults: tuple[str, ...]
    fault_count: int
    server_cpu_s: float
    frames_cpu_s: float
    swarm_cpu_share: float

    @property
    def cpu_ms_per_return(self) -> float:
        """The server's CPU time per subscriber that came back, all else that it did included."""
        return self.server_cpu_s * 1e3 / self.live if self.live else 0.0

    @property
    def net_cpu_ms_per_return(self) -> float:
        """The same without the frames of those that are live already.

        A swarm that is slow lets the server send more of them before the last is live.
        """
        net_s = self.server_cpu_s - self.frames_cpu_s
        return net_s * 1e3 / self.live if self.live else 0.0


@dataclass(frozen=True, slots=True)
class Interval:
    """One step of the steady window.

    Attributes:
        at_s: its end, since the window began.
        frames, received_bytes: of all groups, within the interval.
        server_cpu_share, swarm_cpu_share: CPU time ÷ time.
        server_memory_bytes: at its end.
        ages: of the newest tick in each sampled message.
    """

    at_s: float
    frames: int
    received_bytes: int
    server_cpu_share: float
    swarm_cpu_share: float
    server_memory_bytes: int
    ages: AgeSummary


@dataclass(frozen=True, slots=True)
class GroupResult:
    """The figures of one group in the steady window.

    Attributes:
        name, count: which, and how many were connected at its end.
        frames, received_bytes: received.
        sampled_messages, sampled_ticks: looked at.
        newest, oldest: ages of the newest and of the oldest tick in each sampled message.
        gaps: gap messages by reason.
        faults, fault_count: events that must never happen: the first few in words, and how many.
        lost: connections that ended, by reason.
        extensions: those that the server agreed to, or its Content-Encoding.
        payloads: as many as the group was to keep.
        sizes: how many payloads of ticks had each length, where these were looked at.
    """

    name: str
    count: int
    frames: int
    received_bytes: int
    sampled_messages: int
    sampled_ticks: int
    newest: AgeSummary
    oldest: AgeSummary
    gaps: dict[str, int]
    faults: tuple[str, ...]
    fault_count: int
    lost: dict[str, int]
    extensions: str
    payloads: tuple[bytes, ...]
    sizes: dict[int, int]


@dataclass(frozen=True, slots=True)
class Result:
    """The figures of a swarm.

    Attributes:
        connect_s: until the last subscriber was connected.
        connect_cpu_s: of the server's processes, until the steady window began.
        seconds: length of the steady window.
        server_cpu_s: of the server's processes within it; 0 where they are not known.
        server_memory_bytes: before anybody connected, and at the end.
        swarm_cpu_share: of one core, within the window: the cost of measuring.
        groups: in the plan's order.
        intervals: the window, step by step.
    """

    connect_s: float
    connect_cpu_s: float
    seconds: float
    server_cpu_s: float
    server_memory_bytes: tuple[int, int]
    swarm_cpu_share: float
    groups: tuple[GroupResult, ...]
    intervals: tuple[Interval, ...]

    @property
    def frames(self) -> int:
        """All frames received within the window."""
        return sum(group.frames for group in self.groups)

    @property
    def received_bytes(self) -> int:
        """All bytes received within the window."""
        return sum(group.received_bytes for group in self.groups)

    @property
    def cpu_us_per_frame(self) -> float:
        """The server's CPU time per frame and subscriber, in microseconds."""
        return self.server_cpu_s * 1e6 / self.frames if self.frames else 0.0


@dataclass(frozen=True, slots=True)
class Connecting:
    """Progress while subscribers connect."""

    connected: int
    wanted: int


@dataclass(frozen=True, slots=True)
class Scheduled:
    """The storm breaks at this Unix time."""

    cut_ns: int


@dataclass(frozen=True, slots=True)
class Failed:
    """The swarm could not do its work; why, in words."""

    words: str


Event = Connecting | Interval | Scheduled | Failed
