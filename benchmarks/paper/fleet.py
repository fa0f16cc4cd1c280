"""The fleet that a plan needs: edges, machines, bytes, cores, money. Arithmetic, without chance."""

import math
from dataclasses import dataclass

from .costs import Costs
from .plan import HOURS_PER_MONTH, Plan

_US, _MB = 1e-6, 1e6
_SEGMENT = 1_448
_NETWORK_SHARE = 0.5  # of a machine's network that is planned with
_FEEDING_CORES = 1  # of a machine: its process that follows the bus, for the others
_NATS_NODES, _NATS_CORES = 3, 4
_MIRROR_CORES = 4  # of a mirror of the stream; each zone has one at least
_MIRROR_BITS = 5e9  # that one gives to machines, a second
_WRITERS, _WRITER_CORES = 2, 2  # one leads


@dataclass(frozen=True, slots=True)
class Money:
    """Dollars a month."""

    cores: float
    egress: float
    zones: float

    @property
    def total(self) -> float:
        """All of it."""
        return self.cores + self.egress + self.zones


@dataclass(frozen=True, slots=True)
class Fleet:
    """What is needed.

    Attributes:
        per_edge: subscribers of an edge while all zones are there.
        bound_by: what does not allow more: CPU, memory, connections or network.
        edges: processes with subscribers.
        machines: of all zones.
        edge_cores: hardware threads of these.
        balancer_cores: of balancers that end TLS.
        bus_cores: of writers, NATS and the mirrors of the zones.
        mirrors: of the stream, in all zones.
        memory_gb: that edges, balancers and subscribers take.
        egress_gbit: to subscribers, a second.
        egress_tb: of a month.
        bus_mbit: to one machine.
        zone_tb: of a month, between zones.
        cpu: share of a core that an edge takes while all zones are there.
        money: of a month.
    """

    per_edge: int
    bound_by: str
    edges: int
    machines: int
    edge_cores: int
    balancer_cores: int
    bus_cores: int
    mirrors: int
    memory_gb: float
    egress_gbit: float
    egress_tb: float
    bus_mbit: float
    zone_tb: float
    cpu: float
    money: Money

    @property
    def cores(self) -> int:
        """Hardware threads of all."""
        return self.edge_cores + self.balancer_cores + self.bus_cores


def frame_s(plan: Plan, costs: Costs) -> float:
    """Return the seconds of CPU that an edge takes for one frame."""
    ticks = plan.selected / plan.frames
    own_us = costs.own_frame.value + ticks * costs.own_tick.value
    return ((costs.shared_frame.value if plan.shared else own_us) + plan.extra_us) * _US


def wire_bytes(plan: Plan, costs: Costs) -> float:
    """Return the bytes of one frame on the wire, all headers with it."""
    record = plan.frame_bytes + costs.frame_overhead.value
    return record + math.ceil(record / _SEGMENT) * costs.segment_overhead.value


def intake_share(plan: Plan, costs: Costs) -> float:
    """Return the share of a core that an edge takes without subscribers."""
    return plan.ticks * costs.intake.value * _US


def balancing_cores(plan: Plan, costs: Costs, subscribers: float) -> float:
    """Return how many cores balancers are busy on with the frames of so many."""
    return subscribers * plan.frames * costs.balancer_frame.value * _US


def fleet_of(plan: Plan, costs: Costs) -> Fleet:
    """Return the fleet that carries a plan, also while one of its zones is lost.

    Raises:
        ValueError: an edge cannot take in so many ticks, or carry one subscriber.
    """
    per_edge, bound_by = _per_edge(plan, costs)
    workers = plan.machine_cores - _FEEDING_CORES
    in_zone = math.ceil(plan.subscribers / plan.zones / per_edge / workers)
    machines = in_zone * plan.zones
    edges = machines * workers
    spread = plan.subscribers / edges  # machines are whole: that leaves some room
    bits = plan.subscribers * plan.frames * wire_bytes(plan, costs) * 8
    loaded_s = plan.loaded_hours * 3_600
    egress_tb = bits / 8 * loaded_s / 1e12
    balancer = balancing_cores(plan, costs, plan.subscribers) / plan.balancer_share
    bus_bytes = plan.ticks * costs.bus_tick.value
    # Replicas are in zones of their own; a mirror takes the stream to each of the others.
    crossings = min(plan.zones, _NATS_NODES) - 1 + max(0, plan.zones - _NATS_NODES)
    zone_tb = bus_bytes * crossings * loaded_s / 1e12
    mirrors = plan.zones * math.ceil(in_zone * bus_bytes * 8 / _MIRROR_BITS)
    bus_cores = _NATS_NODES * _NATS_CORES + mirrors * _MIRROR_CORES + _WRITERS * _WRITER_CORES
    edge_cores = machines * plan.machine_cores
    cores = edge_cores + math.ceil(balancer) + bus_cores
    return Fleet(
        per_edge=round(spread),
        bound_by=bound_by,
        edges=edges,
        machines=machines,
        edge_cores=edge_cores,
        balancer_cores=math.ceil(balancer),
        bus_cores=bus_cores,
        mirrors=mirrors,
        memory_gb=(
            edges * costs.process_memory.value * _MB
            + plan.subscribers
            * (costs.memory.value + costs.kernel_memory.value + costs.balancer_memory.value)
        )
        / 1e9,
        egress_gbit=bits / 1e9,
        egress_tb=egress_tb,
        bus_mbit=bus_bytes * 8 / 1e6,
        zone_tb=zone_tb,
        cpu=intake_share(plan, costs) + spread * plan.frames * frame_s(plan, costs),
        money=Money(
            cores=cores * HOURS_PER_MONTH * plan.prices.core_hour,
            egress=egress_tb * 1e3 * plan.prices.egress_gb,
            zones=zone_tb * 1e3 * plan.prices.zone_gb,
        ),
    )


def _per_edge(plan: Plan, costs: Costs) -> tuple[int, str]:
    """Return how many subscribers an edge has while all zones are there, and what bounds them."""
    left = (plan.zones - 1) / plan.zones if plan.zones > 1 else 1.0
    workers = plan.machine_cores - _FEEDING_CORES
    memory = plan.core_memory_gb * 1e9 - costs.process_memory.value * _MB
    network = plan.machine_gbit * 1e9 * _NETWORK_SHARE / 8 / workers
    cpu = plan.cpu_share - intake_share(plan, costs)
    bounds = {
        "CPU": cpu / (plan.frames * frame_s(plan, costs)),
        "memory": memory / (costs.memory.value + costs.kernel_memory.value),
        "connections": plan.most_connections,
        "network": network / (plan.frames * wire_bytes(plan, costs)),
    }
    bound_by = min(bounds, key=lambda name: bounds[name])
    per_edge = int(bounds[bound_by] * left)
    if per_edge < 1:
        raise ValueError(f"an edge carries nobody: {bound_by} is used up before the first frame")
    return per_edge, bound_by
