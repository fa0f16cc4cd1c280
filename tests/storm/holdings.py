"""Holdings: what the server under test holds, for somebody, and for nobody.

What belongs to somebody has to be gone with them (`held`). What is kept beyond that is bounded, and
told by name with its bound (`kept`), since some of it takes hours until it is full. All the memory
there is comes beside it: that of the process, and how much of it is in use, which no holes in the
heap blur.
"""

import asyncio
import ctypes
import gc
import os
import sys
import time
import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from feed.hub.hub import Hub
from feed.hub.portrait import MOST_DEPARTED
from feed.ingest.runner import Ingest
from feed.market.bar_store import MINUTE_BARS_KEPT, SECOND_BARS_KEPT
from feed.market.day_bars import DAY_BARS_KEPT
from feed.program.memory import collect_unheard
from feed.trust import proofs, shelf
from feed.trust.tickets import Tickets
from feed.trust.tokens import TokenAuthenticator
from tests.chaos.market import SYMBOLS

LOOK_S = 0.05
_BAR_BYTES = 84  # as `feed.market.bar_store` has it
_VISIT_BYTES, _TICKET_BYTES = 270, 500  # as `tests.trust.test_shelf` has the first
_TICK_BYTES = 500  # of the ring, with what it refers to
_PORTRAIT_BYTES = 900
_MOST_TOLD = 12
_LONG_NS = 5_000_000
_ALL = 2  # the generation of everything


def held(hub: Hub) -> dict[str, int]:
    """Return how many of everything there are that belongs to somebody."""
    broadcast, audience, waiting = hub.broadcast, hub.audience, hub.waiting
    lanes, warnings = broadcast.lanes, hub.audience.warnings
    return {
        "tasks": len(asyncio.all_tasks()),
        "sockets": sum(map(_is_socket, Path("/proc/self/fd").iterdir())),
        "sessions": len(hub.sessions),
        "connected": hub.connected.total(),
        "behind": len(audience.behind),
        "lanes": len(lanes),
        "payloads": len(lanes._carried) + len(lanes._left),
        "intervals": len(lanes.conflators),
        "entries of indexes": lanes.index_entries,
        "sets of wildcards": lanes.wildcard_sets._members.total(),
        "bytes of compressors": lanes.budget.used_bytes,
        "warnings to come": len(warnings._doubts),
        "warnings remembered": len(warnings._told),
        "symbols beside": len(audience._beside),
        "heads to come": len(waiting.heads) + len(waiting.idle),
        "bytes to come": waiting.held_bytes,
        "requests being answered": hub.answering._value,
    }


def _is_socket(fd: Path) -> bool:
    """Tell whether a descriptor is a socket; files of the state, and of keys, come and go."""
    with suppress(OSError):
        return str(fd.readlink()).startswith("socket:")
    return False


def kept(hub: Hub, ingest: Ingest, tickets: Tickets) -> dict[str, list[int]]:
    """Return what is kept for nobody: how many, how many at most, and the bytes of each."""
    ring, shelved = hub.broadcast.ring, tickets.kept
    bars = sum(strand.bars.kept for strand in ingest.strands)
    most_bars = len(SYMBOLS) * (SECOND_BARS_KEPT + MINUTE_BARS_KEPT + DAY_BARS_KEPT)
    return {
        "ticks": [len(ring), ring.capacity, _TICK_BYTES],
        "bars": [bars, most_bars, _BAR_BYTES],
        "portraits": [len(hub.departed), MOST_DEPARTED, _PORTRAIT_BYTES],
        "tickets": [shelved["tickets"], shelf.MOST, _TICKET_BYTES],
        "visits": [shelved["visits"], shelf.MOST, _VISIT_BYTES],
        "bytes of frames": [hub.broadcast.remembered_bytes, hub.settings.max_memory_bytes, 1],
        "bytes of proofs": [
            sum(
                each.proofs.used_bytes
                for each in hub.identities.authenticators
                if isinstance(each, TokenAuthenticator)
            ),
            proofs.MOST_BYTES,
            1,
        ],
    }


class Collections:
    """The runs of the garbage collector that took long: which generation, ms, objects freed."""

    def __init__(self) -> None:
        self.runs: list[tuple[int, float, int]] = []
        self._began_ns = 0

    @contextmanager
    def watching(self) -> Iterator[None]:
        gc.callbacks.append(self._hear)
        try:
            yield
        finally:
            gc.callbacks.remove(self._hear)

    def _hear(self, phase: str, info: dict[str, int]) -> None:
        now_ns = time.thread_time_ns()
        if phase == "start":
            self._began_ns = now_ns
        elif info["generation"] == _ALL or now_ns - self._began_ns > _LONG_NS:
            took_ms = round((now_ns - self._began_ns) / 1e6, 1)
            self.runs.append((info["generation"], took_ms, info["collected"]))


# Its fields, in order; in use are `uordblks` bytes of the heap, and `hblkhd` in pages of their own.
_OF_HEAP = (
    *("arena", "ordblks", "smblks", "hblks", "hblkhd"),
    *("usmblks", "fsmblks", "uordblks", "fordblks", "keepcost"),
)


class _Heap(ctypes.Structure):
    """glibc's `struct mallinfo2`."""

    _fields_ = tuple((name, ctypes.c_size_t) for name in _OF_HEAP)


def heap_bytes() -> int:
    """Return how much of the C library's heap is in use; small objects of Python lie elsewhere."""
    mallinfo = ctypes.CDLL(None).mallinfo2
    mallinfo.restype = _Heap
    heap = mallinfo()
    return int(heap.uordblks + heap.hblkhd)


async def quiet(hub: Hub, nobody: dict[str, int], within_s: float) -> dict[str, int]:
    """Wait until nothing is held for anybody, or long enough; return what is."""
    deadline_s = time.monotonic() + within_s
    while (now := held(hub)) != nobody and time.monotonic() < deadline_s:  # noqa: ASYNC110
        await asyncio.sleep(LOOK_S)
    return {name: count - nobody[name] for name, count in now.items() if count != nobody[name]}


def weigh() -> dict[str, int]:
    """Return the memory of the process, once what nobody needs is given back."""
    litter = collect_unheard()
    ctypes.CDLL(None).malloc_trim(0)
    return {
        "rss_bytes": rss_bytes(),
        "heap_bytes": heap_bytes(),
        "blocks": sys.getallocatedblocks(),
        "litter": litter,
    }


def sample(hub: Hub) -> dict[str, Any]:
    """Return what it holds now, memory and files among it, and which limits had an effect."""
    files = sum(1 for _ in Path("/proc/self/fd").iterdir())
    limited = {limit.label: count for limit, count in hub.door.limited.items()}
    return {"rss_bytes": rss_bytes(), "files": files, "limited": limited, **held(hub)}


class Traces:
    """Where memory was taken that was not there at the first look; slow."""

    def __init__(self) -> None:
        self._first: tracemalloc.Snapshot | None = None
        tracemalloc.start(1)

    def tell(self) -> None:
        """Print what has grown since the first look, by line."""
        now = tracemalloc.take_snapshot()
        if self._first is None:
            self._first = now
            return
        for grown in now.compare_to(self._first, "lineno")[:_MOST_TOLD]:
            print(grown, file=sys.stderr)


def rss_bytes(process: int | str = "self") -> int:
    """Return how much memory a process has."""
    pages = int(Path(f"/proc/{process}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")
