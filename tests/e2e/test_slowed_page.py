"""The dashboard in a real browser, reading slowly or not at all: each rung of the ladder."""

from collections.abc import AsyncIterator

import pytest

from tests.e2e.chromium import Chromium, Tab, launched
from tests.e2e.conftest import Program, Run
from tests.e2e.statuses import connected, until_status

# More than sockets hold of it within seconds, so that a reader that stops is noticed; and less than
# a page reads on a busy machine, or it would never be along again.
BUSY = ("--symbols", "20", "--rate", "5000", "--seed", "7")
RING = 16_384
# What any page is along with; and nobody is overrun.
LESS_BUSY = ("--symbols", "20", "--rate", "1000", "--seed", "7", "--ring", "4194304")
NEVER_S = 600

_PILL = "document.getElementById('pill').innerText"


@pytest.fixture
async def chromium() -> AsyncIterator[Chromium]:
    async with launched() as browser:
        yield browser


async def rung(program: Program, name: str) -> int:
    return int((await program.document("/v1/status"))["ladder"][name])


async def until_rung(program: Program, name: str, least: int = 1) -> None:
    await until_status(program, lambda status: status["ladder"][name] >= least)


async def slowed(
    chromium: Chromium, program: Program, on_lag: str = "gap", *, is_along: bool = False
) -> Tab:
    """Return a tab that does not read, and that the server no longer writes to.

    One that `is_along` was when it stopped, so that its page counts that it was paused.
    """
    tab = await chromium.dashboard(program)
    await tab.track()
    if on_lag != "gap":
        await tab.more_trades(1)  # or it has no position yet, from which it could resume
        await tab.switch("on_lag", on_lag)
        # One that is given up before it is open is complained of in the console.
        await until_status(program, lambda status: sum(status["resumes"].values()) >= 1)
        await tab.until("feed.status.phase === 'live'")
    await tab.switch("compress", "off")
    await tab.until("feed.status.phase === 'live' && feed.status.compression === 'identity'")
    await tab.more_trades()
    if is_along:
        await tab.until("/[0-9]/.test(document.getElementById('rung-paused').textContent)")
        await until_status(program, lambda status: not status["behind"])
    paused = await rung(program, "paused")
    await tab.switch("reading", "stopped")
    # One that was behind already when it stopped is not paused: it only falls behind further.
    await until_status(
        program,
        lambda status: status["ladder"]["paused"] > paused or status["largest_lag_ticks"] > RING,
    )
    # One that was dropped since, and has noticed, is not live.
    await tab.until(f"/^(Live, reading slowly|Parked: nobody reads)/.test({_PILL})")
    return tab


async def overrun(program: Program) -> None:
    """Wait until the ring holds nothing any more of what the reader was not given.

    One that was paused may have gone on: what lies between holds some megabytes. One that wants to
    be disconnected then may be by now, and is behind nothing any more.
    """
    await until_status(
        program,
        lambda status: (
            status["largest_lag_ticks"] > status["ring"]["capacity"] or not connected(status)
        ),
    )


async def recovers(tab: Tab) -> None:
    await tab.switch("reading", "full")
    await tab.until("document.getElementById('pill').dataset.health === 'good'")
    await tab.more_trades()
    await tab.assert_nothing_lost()


async def test_slowed_page_is_paused_and_catches_up_without_loss(
    run: Run, chromium: Chromium
) -> None:
    # Who does not read answers no ping either, and may take a while to be paused.
    program = await run(*LESS_BUSY, slow_timeout_s=NEVER_S, ping_interval_s=NEVER_S)
    tab = await slowed(chromium, program, is_along=True)
    await tab.until("Number(document.getElementById('rung-paused').textContent) > 0")
    caught_up = await rung(program, "caught_up")
    await recovers(tab)
    await until_rung(program, "caught_up", caught_up + 1)
    await tab.until("Number(document.getElementById('rung-caught_up').textContent) > 0")
    assert await tab.ask("track.gaps") == []


async def test_slowed_page_that_is_overrun_is_told_the_gap(run: Run, chromium: Chromium) -> None:
    program = await run(*BUSY, "--ring", str(RING), slow_timeout_s=NEVER_S)
    tab = await slowed(chromium, program)
    await overrun(program)
    await recovers(tab)
    await tab.until("track.gaps.some(({ reason }) => reason === 'overrun')")
    await tab.until("Number(document.getElementById('rung-gap').textContent) > 0")
    assert await rung(program, "gap") >= 1
    assert "the ring was too short" in await tab.text("#journal")


async def test_slowed_page_that_wants_it_so_is_conflated(run: Run, chromium: Chromium) -> None:
    program = await run(*BUSY, "--ring", str(RING), slow_timeout_s=NEVER_S)
    tab = await slowed(chromium, program, on_lag="conflate")
    await overrun(program)
    await recovers(tab)
    await tab.until("track.gaps.some(({ reason }) => reason === 'conflated')")
    assert await rung(program, "conflated") >= 1
    assert "come as one state" in await tab.text("#journal")


async def test_slowed_page_that_wants_it_so_is_disconnected_and_comes_back(
    run: Run, chromium: Chromium
) -> None:
    program = await run(*BUSY, "--ring", str(RING), slow_timeout_s=NEVER_S)
    tab = await slowed(chromium, program, on_lag="disconnect")
    await overrun(program)
    await recovers(tab)
    await until_rung(program, "lagging")
    await tab.until("track.gaps.length > 0 && feed.status.phase === 'live'")
    await tab.until("Number(document.getElementById('rung-lagging').textContent) > 0")


async def test_stopped_page_is_dropped_and_comes_back(run: Run, chromium: Chromium) -> None:
    chromium.network_fails = True
    program = await run(*BUSY, "--ring", str(RING), slow_timeout_s=2)
    tab = await slowed(chromium, program)
    await until_rung(program, "slow")
    await recovers(tab)
    await tab.until("Number(document.getElementById('rung-slow').textContent) > 0")
