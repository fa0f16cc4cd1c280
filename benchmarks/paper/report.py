"""What is printed: tables of Markdown, with what is assumed beside them."""

import math
from collections.abc import Iterable, Iterator, Sequence

from .costs import Costs
from .fleet import Fleet
from .plan import Plan
from .running import Storm
from .storm import Setting


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def costs_table(costs: Costs) -> str:
    """Return every cost, and how well it is known."""
    return table(
        ("cost", "of", "basis", "source"),
        ((f"{cost.value:,g} {cost.unit}", cost.what, cost.basis, cost.source) for cost in costs),
    )


def plan_words(plan: Plan) -> Iterator[str]:
    """Yield what all rows of one run have in common, as sentences."""
    prices = plan.prices
    yield f"The feed has {plan.ticks:,g} ticks/s, for {plan.loaded_hours:g} hours of a month."
    yield (
        f"{plan.zones} zones; while one is lost an edge takes {plan.cpu_share:.0%} of its core and "
        f"has at most {plan.most_connections:,} connections; a balancer takes "
        f"{plan.balancer_share:.0%} of its cores while all are there."
    )
    yield (
        f"A machine has {plan.machine_cores} hardware threads, of which one follows the bus and "
        f"the others are edges, {plan.machine_cores * plan.core_memory_gb:g} GB and "
        f"{plan.machine_gbit:g} Gbit/s, of which half are planned with."
    )
    yield (
        f"${prices.core_hour:g} for a hardware thread and hour, ${prices.egress_gb:g} for a GB to "
        f"the internet, ${prices.zone_gb:g} from zone to zone: assumptions, in the order of list "
        "prices of large clouds at large volumes."
    )


FLEET_HEAD = (
    "subscribers",
    "reader",
    "subscribers of an edge, bound by",
    "edges; machines",
    "core in use",
    "cores: edges + balancers + bus",
    "memory",
    "to subscribers",
    "bus to a machine; zone to zone",
    "dollars a month: cores + egress + zones",
)


def fleet_row(plan: Plan, fleet: Fleet, name: str) -> tuple[str, ...]:
    """Return the row of one fleet."""
    money = fleet.money
    return (
        f"{plan.subscribers:,}",
        name,
        f"{fleet.per_edge:,}, {fleet.bound_by}",
        f"{fleet.edges:,}; {fleet.machines:,}",
        f"{fleet.cpu:.0%}",
        f"{fleet.cores:,}: {fleet.edge_cores:,} + {fleet.balancer_cores:,} + {fleet.bus_cores}",
        f"{fleet.memory_gb:,.0f} GB",
        f"{fleet.egress_gbit:,.4g} Gbit/s; {fleet.egress_tb / 1e3:,.3g} PB a month",
        f"{fleet.bus_mbit:,.3g} Mbit/s; {fleet.zone_tb:,.3g} TB a month",
        (
            f"{_money(money.total)}: {_money(money.cores)} + {_money(money.egress)} + "
            f"{_money(money.zones)}"
        ),
    )


STORM_HEAD = (
    "subscribers",
    "reader",
    "lost",
    "back: half, 99 %, all",
    "longest without ticks",
    "core: busiest edge; mean; saturated; balancers",
    "connections a second: all; through to one edge; let in there",
    "attempts each; gave up, refused, went to the lost zone",
    "longest interval of frames of those that stayed",
)


def storm_row(plan: Plan, setting: Setting, storm: Storm, name: str) -> tuple[str, ...]:
    """Return the row of one storm."""
    each = max(1, storm.returned)
    return (
        f"{plan.subscribers:,}",
        name,
        f"{setting.zones} of {plan.zones} zones, {setting.loss}",
        f"{_seconds(storm.half_s)}, {_seconds(storm.most_s)}, {_seconds(storm.all_s)}",
        f"{_seconds(storm.away_s)} ({storm.away_s * plan.ticks:,.0f} ticks of the ring)",
        (
            f"{storm.peak_cpu:.0%}; {storm.mean_cpu:.0%}; {_seconds(storm.saturated_s)}; "
            f"{storm.peak_balancers:.0%}"
        ),
        f"{storm.peak_attempts:,}; {storm.peak_edge:,}; {storm.peak_opened:,}",
        (
            f"{storm.attempts:.2f}; {storm.gave_up / each:.1%}, {storm.refused / each:.1%}, "
            f"{storm.unreached / each:.1%}"
        ),
        _seconds(storm.longest_frames_s),
    )


def _seconds(seconds: float) -> str:
    return "not within 3 min" if math.isinf(seconds) else f"{seconds:.3g} s"


def _money(dollars: float) -> str:
    if dollars >= 1e6:
        return f"{dollars / 1e6:,.3g} M"
    return f"{dollars / 1e3:,.3g} k" if dollars >= 1e3 else f"{dollars:,.3g}"
