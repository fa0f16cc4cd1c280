"""A plan: who reads what from where, at which prices. All of it is assumed."""

from dataclasses import dataclass

HOURS_PER_MONTH = 730.0


@dataclass(frozen=True, slots=True)
class Prices:
    """Prices in dollars.

    Attributes:
        core_hour: of one hardware thread with its memory.
        egress_gb: of a gigabyte to the internet.
        zone_gb: of a gigabyte from one zone to another, both ends.
    """

    core_hour: float = 0.04
    egress_gb: float = 0.05
    zone_gb: float = 0.02


@dataclass(frozen=True, slots=True)
class Plan:
    """What is asked for.

    Attributes:
        subscribers: connected at the same time.
        zones: over which edges are spread evenly, behind one balancer; one may be lost.
        ticks: of the whole feed, a second.
        selected: ticks a second that one subscriber reads.
        frames: that one subscriber is sent a second.
        frame_bytes: payload of a frame.
        shared: many read the same, so that a frame is made once.
        extra_us: CPU of a frame beyond what was measured, such as for compression.
        cpu_share: of a core that an edge takes while one zone is lost.
        balancer_share: of a core that a balancer takes while all zones are there.
        most_connections: of one edge (`max_connections`).
        machine_cores: hardware threads of a machine; one is for the process that follows the bus.
        core_memory_gb: memory of a machine, for each of them.
        machine_gbit: what the network of a machine carries, half of which is planned with.
        loaded_hours: of a month, in which the feed ticks like that.
        prices: in dollars.
    """

    subscribers: int = 1_000_000
    zones: int = 3
    ticks: float = 5_000
    selected: float = 100
    frames: float = 4
    frame_bytes: float = 3_275
    shared: bool = False
    extra_us: float = 0.0
    cpu_share: float = 0.7
    balancer_share: float = 0.5
    most_connections: int = 20_000
    machine_cores: int = 16
    core_memory_gb: float = 2.0
    machine_gbit: float = 10.0
    loaded_hours: float = HOURS_PER_MONTH
    prices: Prices = Prices()
