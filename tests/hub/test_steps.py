"""The watchdog: how long steps took by a processor clock that the test moves, and turns."""

import asyncio
import gc
from contextlib import suppress

import pytest
from structlog.testing import capture_logs

from feed.hub.steps import LONGEST_NS, Step, Steps
from feed.hub.turns import Turns
from tests.fakes.patience import PATIENCE_S

MS = 1_000_000


class Processor:
    """The CPU time of a thread, which passes when the test says so."""

    def __init__(self) -> None:
        self.now_ns = 0

    def cpu_ns(self) -> int:
        return self.now_ns


@pytest.fixture
def processor() -> Processor:
    return Processor()


def test_the_longest_step_is_known_by_what_it_was(processor: Processor) -> None:
    steps = Steps(processor.cpu_ns)
    for step, length_ms in ((Step.CUT, 3), (Step.CUT, 7), (Step.CUT, 5), (Step.CONTROL, 1)):
        with steps.measured(step):
            processor.now_ns += length_ms * MS
    longest = {step: length for step, length in steps.longest_ns.items() if length}
    assert longest == {Step.CUT: 7 * MS, Step.CONTROL: MS}
    assert sum(steps.lengths[Step.CUT].counts) == 3
    assert steps.lengths[Step.CUT].total == 15 * MS


def test_a_step_that_fails_is_measured_too(processor: Processor) -> None:
    steps = Steps(processor.cpu_ns)
    with suppress(KeyError), steps.measured(Step.ANSWER):
        processor.now_ns += MS
        raise KeyError
    assert steps.longest_ns[Step.ANSWER] == MS


def test_a_step_that_is_too_long_is_logged_and_not_again_at_once(processor: Processor) -> None:
    steps = Steps(processor.cpu_ns)
    with capture_logs() as logs:
        steps.note(Step.CUT, LONGEST_NS)
        steps.note(Step.CUT, LONGEST_NS + MS)
        steps.note(Step.JOIN, LONGEST_NS + MS)
    assert [(log["step"], log["ms"]) for log in logs] == [("cut", 51)]


class Litter:
    """What only the garbage collector finds, and takes its time for."""

    def __init__(self, processor: Processor, length_ns: int) -> None:
        self._itself = self
        self._processor = processor
        self._length_ns = length_ns

    def __del__(self) -> None:
        self._processor.now_ns += self._length_ns


def test_a_collection_is_a_step_of_its_own_and_nobodys_work(processor: Processor) -> None:
    steps = Steps(processor.cpu_ns)
    gc.collect()
    with capture_logs() as logs, steps.watching_collections(), steps.measured(Step.JOIN):
        began_ns = steps.cpu_ns()
        processor.now_ns += MS
        Litter(processor, LONGEST_NS + 9 * MS)
        gc.collect()
        assert steps.cpu_ns() - began_ns == MS
    assert steps.longest_ns[Step.JOIN] == MS
    assert steps.longest_ns[Step.COLLECT] == LONGEST_NS + 9 * MS
    assert [(log["step"], log["ms"]) for log in logs] == [("collect", 59)]
    Litter(processor, MS)
    gc.collect()
    assert steps.lengths[Step.COLLECT].total == LONGEST_NS + 9 * MS, "nobody watches any more"


async def test_a_collection_in_another_thread_is_no_time_of_the_loops(
    processor: Processor,
) -> None:
    steps = Steps(processor.cpu_ns)
    gc.collect()
    with steps.watching_collections():
        Litter(processor, 3 * MS)
        await asyncio.to_thread(gc.collect)
    assert steps.longest_ns[Step.COLLECT] == 3 * MS
    assert steps.cpu_ns() == processor.now_ns, "the clock of this thread stood still"


async def test_turns_are_taken_in_order_with_the_loop_between_slices(
    processor: Processor,
) -> None:
    turns = Turns(Steps(processor.cpu_ns), slice_ns=2 * MS)
    course: list[object] = []

    async def ask(number: int) -> None:
        async with turns.turn(Step.CONTROL):
            processor.now_ns += MS
            course.append(number)

    async def spin() -> None:
        while 19 not in course:
            course.append("loop")
            await asyncio.sleep(0)

    await asyncio.gather(spin(), *(ask(number) for number in range(20)))
    assert [each for each in course if each != "loop"] == list(range(20))
    pieces = 0
    for each in course:
        pieces = 0 if each == "loop" else pieces + 1
        assert pieces <= 2, "more than a slice was done in one go"


async def test_as_many_turns_as_fit_into_a_slice_take_few_turns_of_the_loop(
    processor: Processor,
) -> None:
    turns = Turns(Steps(processor.cpu_ns), slice_ns=2 * MS)
    course: list[object] = []

    async def ask(number: int) -> None:
        async with turns.turn(Step.CONTROL):
            processor.now_ns += MS // 20
            course.append(number)

    async def spin() -> None:
        while 199 not in course:
            course.append("loop")
            await asyncio.sleep(0)

    async with turns.turn(Step.CONTROL):
        asking = [asyncio.create_task(ask(number)) for number in range(200)]
        await asyncio.sleep(0)
    await asyncio.gather(spin(), *asking)
    assert [each for each in course if each != "loop"] == list(range(200))
    assert course.count("loop") <= 3 * 200 // 32


async def test_a_turn_that_fails_or_is_given_up_lets_others_go_on(processor: Processor) -> None:
    turns = Turns(Steps(processor.cpu_ns), slice_ns=MS)
    with suppress(KeyError):
        async with turns.turn(Step.ANSWER):
            processor.now_ns += 5 * MS
            raise KeyError
    given_up = asyncio.ensure_future(turns.turn(Step.ANSWER).__aenter__())
    await asyncio.sleep(0)
    given_up.cancel()
    async with asyncio.timeout(PATIENCE_S), turns.turn(Step.ANSWER):
        assert given_up.cancelled() or given_up.done()
