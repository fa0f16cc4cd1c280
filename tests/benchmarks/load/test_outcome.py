"""Figures are compared round by round, and aims say what was reached."""

from dataclasses import replace

import pytest

from benchmarks.load.ages import AgeSummary
from benchmarks.load.comparison import (
    compare,
    compare_crowds,
    compare_intervals,
    compare_net,
    difference,
    unequal_frames,
)
from benchmarks.load.html import page
from benchmarks.load.machine import Machine
from benchmarks.load.outcome import (
    Aim,
    Outcome,
    Row,
    Sample,
    at_least,
    at_most,
    bytes_per_tick,
    cpu_us,
    memory_per_subscriber_bytes,
    payload_bytes,
    ticks_per_core_s,
)
from benchmarks.load.plan import GroupResult, Interval, Result, StormResult
from benchmarks.load.report import as_json
from benchmarks.load.scenarios.ramp import at_half_a_core

AGES = AgeSummary(10, 1.0, 2.0, 3.0, 4.0, 5.0)
GROUP = GroupResult(
    name="readers",
    count=100,
    frames=1_000,
    received_bytes=500_000,
    sampled_messages=10,
    sampled_ticks=80,
    newest=AGES,
    oldest=AGES,
    gaps={},
    faults=(),
    fault_count=0,
    lost={},
    extensions="",
    payloads=(b"kept",),
    sizes={},
)
RESULT = Result(
    connect_s=0.1,
    connect_cpu_s=0.05,
    seconds=2.0,
    server_cpu_s=0.004,
    server_memory_bytes=(1_000_000, 2_000_000),
    swarm_cpu_share=0.2,
    groups=(GROUP,),
    intervals=(Interval(1.0, 500, 250_000, 0.1, 0.2, 2_000_000, AGES),),
)


def row(name: str, *cpu_s: float) -> Row:
    results = (replace(RESULT, server_cpu_s=each) for each in cpu_s)
    return Row(name, samples=[Sample(number, each) for number, each in enumerate(results)])


def test_cpu_time_is_told_per_frame_and_subscriber() -> None:
    sample = Sample(0, RESULT)
    assert cpu_us(sample) == pytest.approx(4.0)
    assert payload_bytes(sample) == 500
    assert bytes_per_tick(sample) == pytest.approx(500 / 8)
    assert ticks_per_core_s(sample) == pytest.approx(2_000_000)
    assert memory_per_subscriber_bytes(sample) == 10_000


def test_crowds_are_compared_without_what_the_same_server_takes_alone() -> None:
    above, below, alone = (
        row(name, *cpu_s) for name, *cpu_s in (("a", 8, 6), ("b", 4, 6), ("c", 2, 2))
    )
    ratio = compare_crowds(above, below, alone)
    assert ratio is not None
    assert (ratio.low, ratio.median, ratio.high) == (1.0, 2.0, 3.0)
    alone.samples.pop()
    assert compare_crowds(above, below, alone) == replace(ratio, low=3.0, median=3.0)


def test_rows_side_by_side_are_compared_interval_by_interval() -> None:
    (step,) = RESULT.intervals
    shares = (0.1, 0.2, 0.3, 0.4, 0.5)
    steps = [replace(step, server_cpu_share=share) for share in shares]
    above = Row("a", samples=[Sample(0, replace(RESULT, intervals=tuple(steps)))])
    below = Row(
        "b", samples=[Sample(0, replace(RESULT, intervals=(replace(step, frames=1_000),) * 5))]
    )
    ratio = compare_intervals(above, below)
    assert ratio is not None
    assert (ratio.low, ratio.median, ratio.high) == pytest.approx((3.0, 6.0, 9.0))
    assert compare_intervals(above, Row("c")) is None


def test_a_server_that_merges_payloads_is_measured_by_payloads() -> None:
    merged = Sample(0, RESULT, payload_ticks=4.0)
    assert merged.payloads == 2_000
    assert payload_bytes(merged) == 250
    assert cpu_us(merged) == pytest.approx(2.0)


def test_ratios_compare_samples_of_the_same_round() -> None:
    ratio = compare(row("ours", 2.0, 6.0, 9.0), row("floor", 1.0, 2.0, 3.0), cpu_us)
    assert ratio is not None
    assert (ratio.low, ratio.median, ratio.high) == pytest.approx((2, 3, 3))


def test_there_is_no_ratio_to_a_row_without_samples() -> None:
    assert compare(row("ours", 1.0), Row("peer", skipped="not installed"), cpu_us) is None
    assert difference(row("ours", 1.0), Row("peer"), cpu_us) is None


def test_a_round_that_one_row_lacks_is_left_out() -> None:
    partly = Row("peer", samples=row("peer", 1.0, 2.0).samples[1:])
    ratio = compare(row("ours", 8.0, 2.0), partly, cpu_us)
    assert ratio is not None
    assert ratio.median == pytest.approx(1)


def test_aims_are_met_by_the_median() -> None:
    ratio = compare(row("ours", 1.0, 1.1, 3.0), row("floor", 1.0, 1.0, 1.0), cpu_us)
    assert at_most("cost", ratio, 1.15) == Aim("cost", "≤ 1.15", "1.1 (1 – 3)", True)
    assert at_most("cost", ratio, 1.05).met is False
    assert at_least("speed", ratio, 1.15).met is False


def test_an_aim_that_was_not_measured_says_why() -> None:
    aim = at_most("cost ÷ nchan", None, 1.1, "no nginx")
    assert (aim.reached, aim.met) == ("not measured: no nginx", None)


def test_losses_gaps_and_faults_are_told() -> None:
    group = replace(
        GROUP, lost={"close 1013": 2}, gaps={"overrun": 1}, faults=("x",), fault_count=3
    )
    troubled = Row("feed", samples=[Sample(0, replace(RESULT, groups=(group,)))])
    assert troubled.troubles == [
        "2 readers lost: close 1013",
        "1 gaps told to readers: overrun",
        "3 faults, readers: x",
    ]
    assert row("feed", 1.0).troubles == []


def test_the_report_names_rows_aims_and_machine_and_fetches_nothing() -> None:
    aims = [at_most("a <ratio>", None, 1.0, "why & how")]
    outcome = Outcome("fanout", "many", [row("feed", 1.0, 2.0)], aims, ["a note"])
    outcome.rows[0].ours = True
    machine = Machine.here()
    text = page([outcome], machine)
    for expected in ("fanout", "a &lt;ratio&gt;", "why &amp; how", "a note", machine.kernel, "p99"):
        assert expected in text
    for fetching in ("<script", "<link", "src=", "url(", "@import"):
        assert fetching not in text
    found = as_json([outcome], machine)
    assert found["scenarios"][0]["rows"][0]["figures"]["cpu_us_per_frame"]["median"] > 0
    assert "payloads" not in str(found)


def test_a_row_says_when_frames_that_were_due_did_not_arrive() -> None:
    def troubles(hz: float) -> list[str]:
        return Row("feed", samples=[Sample(0, RESULT, hz=hz)]).troubles

    assert troubles(10.0) == ["50% of the frames that were due arrived"]
    assert troubles(5.0) == []
    assert troubles(0.0) == [], "nothing is due where cuts follow the load"


def test_what_a_server_takes_without_readers_is_taken_off_in_the_same_round() -> None:
    ours, alone, floor = row("ours", 5.0, 9.0), row("alone", 1.0, 3.0), row("floor", 2.0, 2.0)
    ratio = compare_net(ours, alone, floor)
    assert ratio is not None
    assert (ratio.low, ratio.high) == pytest.approx((2, 3))
    first = compare_net(row("ours", 5.0), alone, floor)
    assert first == compare_net(ours, row("alone", 1.0), floor), "rounds that one row lacks"


def test_figures_that_are_not_known_are_left_out_of_ratios() -> None:
    unknown = row("a server of another machine", 0.0, 0.0)
    assert compare(unknown, row("floor", 1.0, 1.0), cpu_us) is None
    assert compare_net(unknown, unknown, row("floor", 1.0, 1.0)) is None


@pytest.mark.parametrize(
    ("received", "words"), [(514_000, ""), (842_000, "frames of 842 and 500 B differ by 68.4%")]
)
def test_frames_that_are_not_as_long_are_not_compared(received: int, words: str) -> None:
    ours = row("ours", 1.0)
    longer = replace(RESULT, groups=(replace(GROUP, received_bytes=received),))
    ours.samples[0] = replace(ours.samples[0], result=longer)
    assert unequal_frames(ours, row("floor", 1.0)).startswith(words)
    assert bool(unequal_frames(ours, row("floor", 1.0))) == bool(words)


@pytest.mark.parametrize(
    ("shares", "found"),
    [
        ([0.1, 0.3, 0.45, 0.5, 0.52], "feed, 3: 45%"),
        ([0.1, 0.3, 0.9], None),
        ([], None),
    ],
)
def test_the_age_at_half_a_core_is_that_of_the_first_step_there(
    shares: list[float], found: str | None
) -> None:
    times = [share * RESULT.seconds for share in shares]
    rows = [row(f"feed, {number}", time_s) for number, time_s in enumerate(times, 1)]
    near = at_half_a_core(rows)
    assert (near[0] if near else None) == found


def test_frames_for_those_that_are_live_are_taken_off_a_return() -> None:
    storm = StormResult(
        count=1_000,
        live=1_000,
        connected_s=1.0,
        live_s=2.0,
        ticks=1,
        gaps=0,
        faults=(),
        fault_count=0,
        server_cpu_s=0.5,
        frames_cpu_s=0.2,
        swarm_cpu_share=0.5,
    )
    assert storm.cpu_ms_per_return == pytest.approx(0.5)
    assert storm.net_cpu_ms_per_return == pytest.approx(0.3)
    assert replace(storm, live=0).cpu_ms_per_return == 0
