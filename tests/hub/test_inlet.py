"""Turns at the inlet: who parses next, and when the loop has a turn of its own."""

import asyncio
from collections.abc import Callable

from feed.hub.inlet import Inlet
from feed.hub.steps import Step, Steps

PIECE_NS = 100
SLICE_NS = 1_000


class Cpu:
    """A clock of CPU time that goes on only when something is parsed."""

    def __init__(self) -> None:
        self.now_ns = 0

    def __call__(self) -> int:
        return self.now_ns


class Connection:
    def __init__(self, name: str, pieces: int, cpu: Cpu, said: list[str]) -> None:
        self.name, self.pieces, self.cpu, self.said = name, pieces, cpu, said
        self.spent_ns = 0
        self.also: Callable[[], None] | None = None

    def read_piece(self) -> bool:
        if self.also is not None:
            self.also()
        if self.pieces:
            self.pieces -= 1
            self.cpu.now_ns += PIECE_NS
            self.said.append(self.name)
        return self.pieces > 0

    def note_spent(self, cpu_ns: int) -> None:
        self.spent_ns += cpu_ns


def make() -> tuple[Inlet, Steps, Cpu, list[str]]:
    cpu = Cpu()
    steps = Steps(cpu)
    return Inlet(steps, SLICE_NS), steps, cpu, []


async def test_whoever_is_alone_parses_at_once_and_is_told_the_time() -> None:
    inlet, steps, cpu, said = make()
    one = Connection("a", 3, cpu, said)
    inlet.serve(one)
    assert said == ["a"] * 3
    assert one.spent_ns == 3 * PIECE_NS
    assert steps.lengths[Step.READ].count == 1


async def test_a_flood_takes_a_slice_and_then_the_loop_has_its_turn() -> None:
    inlet, steps, cpu, said = make()
    inlet.serve(Connection("flood", 25, cpu, said))
    assert len(said) == SLICE_NS // PIECE_NS
    await asyncio.sleep(0)
    assert len(said) == 2 * SLICE_NS // PIECE_NS
    await asyncio.sleep(0)
    assert len(said) == 25
    assert steps.longest_ns[Step.READ] == SLICE_NS


async def test_those_that_come_in_one_turn_share_its_slice() -> None:
    inlet, _, cpu, said = make()
    for number in range(15):
        inlet.serve(Connection(str(number), 1, cpu, said))
    assert said == [str(number) for number in range(10)]
    await asyncio.sleep(0)
    assert said == [str(number) for number in range(15)]


async def test_a_flood_waits_for_all_others_before_its_next_piece() -> None:
    inlet, _, cpu, said = make()
    inlet.serve(Connection("a", 100, cpu, said))
    inlet.serve(Connection("b", 100, cpu, said))
    inlet.serve(Connection("c", 1, cpu, said))
    said.clear()
    await asyncio.sleep(0)
    assert said == ["a", "b", "c", "a", "b", "a", "b", "a", "b", "a"]


async def test_whoever_is_served_by_another_is_not_served_within_it() -> None:
    inlet, _, cpu, said = make()
    inner = Connection("inner", 1, cpu, said)
    outer = Connection("outer", 1, cpu, said)
    outer.also = lambda: inlet.serve(inner)
    inlet.serve(outer)
    assert said == ["outer", "inner"]
