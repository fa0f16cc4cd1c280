"""`feed cluster check`, on a NATS server."""

import sys
from pathlib import Path

import pytest

from tests.fakes.nats import BusWriter, NatsServer, needs_nats
from tests.fakes.programs import ran
from tests.fakes.servers import trades

MONITORED = "http: 127.0.0.1:-1"


async def checked(folder: Path, *words: str) -> tuple[int, list[str]]:
    """Check a cluster; return the exit status, and what was told."""
    status, told = await ran(folder, sys.executable, "-m", "feed", "cluster", "check", *words)
    return status, told.splitlines()


@needs_nats
@pytest.mark.programs
async def test_a_cluster_is_checked(tmp_path: Path) -> None:
    async with NatsServer(tmp_path, MONITORED) as bus, BusWriter(bus.address()) as writer:
        status, told = await checked(tmp_path, f"nats://{bus.place}")
        assert (status, len(told)) == (1, 2)
        assert "there is no stream feed" in told[1]
        await writer.make(storage="file")
        await writer.write(*trades(1, 500))
        await writer.lead("http://w")
        monitor = f"http://127.0.0.1:{bus.monitor_port}"
        status, told = await checked(tmp_path, f"nats://{bus.place}", "--monitor", monitor)
        assert status == 0, told
        assert [line.split()[0] for line in told if "WRONG" in line] == []
        for words in (
            "is 2.",
            "every 120 s",
            "500 events in 2 batches",
            "writer-1 leads in term 1",
        ):
            assert any(words in line for line in told), told
        await writer.lead(None)
        status, told = await checked(tmp_path, f"nats://{bus.place}")
        assert status == 1
        assert any("no writer leads" in line for line in told)
        status, [line] = await checked(tmp_path, f"nats://{bus.place}", "--monitor", "http://x:1")
        assert (status, line.startswith("feed: http://x:1/varz does not say")) == (1, True)


@needs_nats
@pytest.mark.programs
async def test_what_does_not_answer_hides_nothing_else(tmp_path: Path) -> None:
    async with NatsServer(tmp_path) as bus, BusWriter(bus.address()) as writer:
        await writer.make(allow_direct=False)
        await writer.lead("http://w")
        status, told = await checked(tmp_path, f"nats://{bus.place}")
    assert status == 1
    for words in (
        "WRONG the oldest and the newest batch cannot be looked at: the stream feed",
        "WRONG the stream feed allows no direct gets",
        "ok    writer writer-1 leads in term 1",
    ):
        assert any(line.startswith(words) for line in told), told


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["check", "x", "--ring", "1"], "'--ring'"),
        (["check", "nats://h", "--monitor", "x"], "--monitor: 'x' is not accepted; accepted: http"),
        (["check", "nats://h", "--monitor", "http://a:b@h"], "--monitor"),
        (["mirror", "nats://h"], "--domain"),
        (["mirror", "nats://h", "--domain", "a.b"], "--domain: 'a.b' is not accepted"),
        (["mirror", "nats://h", "--domain", "a", "--max-age", "x"], "--max-age"),
        (["mirror", "nats://h", "--domain", "a", "--max-bytes", "-1"], "--max-bytes"),
        (["mirror", "x", "--domain", "a"], "BUS: 'x' is not accepted; accepted: nats://"),
    ],
)
def test_options_that_are_not_accepted_are_named(
    words: list[str], complaint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    from feed.cli.commands import run  # noqa: PLC0415 - as the program does

    assert run(["cluster", *words]) == 2
    assert complaint in capsys.readouterr().err


def test_what_is_no_address_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    from feed.cli.commands import run  # noqa: PLC0415 - as the program does

    assert run(["cluster", "check", "http://x"]) == 2
    assert "feed: BUS: 'http://x' is not accepted; accepted: nats://" in capsys.readouterr().err
