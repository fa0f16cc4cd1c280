"""`feed ingest` says what it lacks, and what is not for it."""

import pytest

from feed.cli.commands import run

BUS = ["--bus", "nats://127.0.0.1:1/feed"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "--bus"),
        ([*BUS, "--hold-socket"], "--hold-socket"),
        ([*BUS, "--source", "feed:http://127.0.0.1:1"], "gives no sequences"),
        ([*BUS, "--source", "nats://127.0.0.1:1/x"], "gives no sequences"),
    ],
)
def test_what_is_not_for_it_is_refused_in_one_line(
    arguments: list[str], words: str, capfd: pytest.CaptureFixture[str]
) -> None:
    assert run(["ingest", *arguments]) == 2
    [line] = capfd.readouterr().err.splitlines()
    assert line.startswith("feed: ")
    assert words in line


def test_a_server_that_serves_writes_to_no_bus(capfd: pytest.CaptureFixture[str]) -> None:
    assert run(["serve", *BUS]) == 2
    assert "feed ingest" in capfd.readouterr().err
