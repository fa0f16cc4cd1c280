"""What one process costs, and how well each number is known."""

from collections.abc import Iterator
from dataclasses import dataclass, fields
from enum import StrEnum


class Basis(StrEnum):
    """How well a number is known."""

    MEASURED = "measured"
    FITTED = "fitted"
    ASSUMED = "assumed"


@dataclass(frozen=True, slots=True)
class Cost:
    """One number.

    Attributes:
        value: in its unit.
        unit: µs, ms, B or a share.
        what: it is the cost of.
        basis: how well it is known.
        source: where it was measured, or why it is assumed.
    """

    value: float
    unit: str
    what: str
    basis: Basis
    source: str


@dataclass(frozen=True, slots=True)
class Costs:
    """All of them. CPU is one thread's of the machine that `benchmarks/README.md` names."""

    own_frame: Cost = Cost(
        17.5,
        "µs",
        "CPU of a frame of somebody's own selection, without its ticks",
        Basis.MEASURED,
        "`feed bench mixed`: 20 µs net at 5 ticks a frame, of which `send()` is 7, and 27 at 20",
    )
    own_tick: Cost = Cost(
        0.5,
        "µs",
        "CPU of each tick in it",
        Basis.MEASURED,
        "the same two rows",
    )
    shared_frame: Cost = Cost(
        7.9,
        "µs",
        "CPU of a frame of a lane that many share",
        Basis.MEASURED,
        "`feed bench fanout`: 1.28 of the floor's 6.2 µs at 1 kB, without io_uring",
    )
    intake: Cost = Cost(
        5.5,
        "µs",
        "CPU of an edge for each tick of the feed, read or not",
        Basis.MEASURED,
        "`python -m benchmarks.bus --rates 5000`, once, beside much else (load 16); the aim is 1.2",
    )
    join: Cost = Cost(
        1.08,
        "ms",
        "CPU of a handshake and a subscription",
        Basis.MEASURED,
        "`feed bench storm`: connecting, subscribing and leaving took 0.61 to 1.08 ms",
    )
    catch_up: Cost = Cost(
        0.75,
        "µs",
        "CPU of each tick that was missed and is caught up with",
        Basis.FITTED,
        "so that this simulation of `feed bench storm` takes the CPU that was measured",
    )
    refusal: Cost = Cost(
        0.54,
        "ms",
        "CPU of a newcomer that is turned away",
        Basis.ASSUMED,
        "half of a join",
    )
    memory: Cost = Cost(
        13_000,
        "B",
        "memory of the process for a subscriber",
        Basis.MEASURED,
        "`feed bench idle`: 0.4 kB less than plain aiohttp's, which were 13 kB",
    )
    kernel_memory: Cost = Cost(
        10_000,
        "B",
        "memory of the kernel for its socket, with little in flight",
        Basis.ASSUMED,
        "two sk_buffs and the structures of a socket; slow readers hold more",
    )
    process_memory: Cost = Cost(
        350,
        "MB",
        "memory of a process: interpreter, ring, fragments, symbols",
        Basis.ASSUMED,
        "a ring of 400,000 ticks at about 400 B, and 190 MB",
    )
    bus_tick: Cost = Cost(
        205,
        "B",
        "a tick on the bus: its row, its JSON fragment, lengths",
        Basis.MEASURED,
        "71 B as MessagePack, 131 as JSON (60,000 simulated ticks), 3 for lengths",
    )
    frame_overhead: Cost = Cost(
        26,
        "B",
        "WebSocket's header and TLS' record around a frame",
        Basis.ASSUMED,
        "4 and 22 by their RFCs; proxies that split or merge records change it",
    )
    segment_overhead: Cost = Cost(
        52,
        "B",
        "IP and TCP headers of a segment, of 1,448 B at most",
        Basis.ASSUMED,
        "IPv4, time stamps; each frame is a segment of its own",
    )
    balancer_frame: Cost = Cost(
        20,
        "µs",
        "CPU of a balancer that ends TLS, a frame",
        Basis.MEASURED,
        "`python -m benchmarks.paper.balancer`: HAProxy 2.6, one thread, 660 B: 16.9 to 21.6",
    )
    balancer_join: Cost = Cost(
        0.55,
        "ms",
        "CPU of a balancer for a connection: TLS 1.3, ECDSA P-256, not resumed",
        Basis.MEASURED,
        "the same: 0.50 to 0.60; OpenSSL's part is 0.31",
    )
    balancer_memory: Cost = Cost(
        19_000,
        "B",
        "memory of a balancer for a connection",
        Basis.MEASURED,
        "the same, 300 connections",
    )

    def __iter__(self) -> Iterator[Cost]:
        """Yield every cost, in order."""
        for field in fields(self):
            yield getattr(self, field.name)
