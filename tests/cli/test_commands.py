"""The command line: its words, its complaints and its exit statuses."""

import pytest
from typer.testing import CliRunner

from feed import __version__
from feed.cli.commands import app, run


def test_the_version_is_told() -> None:
    result = CliRunner().invoke(app, ["--version"])
    assert (result.output, result.exit_code) == (f"feed {__version__}\n", 0)


@pytest.mark.parametrize("arguments", [[], ["--help"], ["-h"]])
def test_help_names_the_commands(arguments: list[str]) -> None:
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 0
    for command in ("serve", "tail", "record", "Exit status"):
        assert command in result.output


WRONG: list[tuple[list[str], list[str]]] = [
    (["serve", "--rate", "fast"], ["feed: --rate: 'fast' is not accepted"]),
    (
        ["serve", "--rate", "fast", "--port", "x", "--host", "0.0.0.0"],
        ["feed: --host: '0.0.0.0'", "feed: --port: 'x'", "feed: --rate: 'fast'"],
    ),
    (["serve", "--rat", "5"], ["feed: No such option: --rat"]),
    (["sevre"], ["feed: No such command 'sevre'"]),
    (["tail"], ["feed: --symbols: '' is not accepted"]),
    (["tail", "--symbols", "A?B"], ["feed: --symbols: 'A?B' is not accepted"]),
    (["tail", "--symbols", "A", "--channels", "x"], ["feed: --channels: 'x' is not accepted"]),
    (["tail", "--symbols", "A", "--after", "x"], ["feed: --after: 'x' is not accepted"]),
    (["tail", "--symbols", "A", "--url", "x"], ["feed: --url: 'x' is not accepted"]),
    (["tail", "--symbols", "A", "--transport", "x"], ["feed: Invalid value for '--transport'"]),
    (["tail", "--symbols", "A", "--codec", "x"], ["feed: Invalid value for '--codec'"]),
    (["tail", "--symbols", "A", "--count", "0"], ["feed: Invalid value for '--count'"]),
    (["tail", "--symbols", "A", "--conflate", "250ms"], ["feed: --conflate: '250ms' is not"]),
    (["tail", "--symbols", "A", "--conflate", "x:1s"], ["feed: --conflate: 'x' is not"]),
    (["record"], ["feed: Missing argument 'FILE'"]),
    (["publish", "x", "--producer", "a b"], ["feed: --producer: 'a b' is not accepted"]),
    (["publish", "x", "--url", "x"], ["feed: --url: 'x' is not accepted"]),
    (["record", "x.csv"], ["feed: FILE: 'x.csv' is not accepted"]),
    (["record", "x.ndjson", "--seconds", "-1"], ["feed: Invalid value for '--seconds'"]),
]


@pytest.mark.parametrize(("arguments", "starts"), WRONG)
def test_each_option_that_is_not_accepted_is_one_line_and_status_2(
    arguments: list[str], starts: list[str], capfd: pytest.CaptureFixture[str]
) -> None:
    assert run(arguments) == 2
    out, err = capfd.readouterr()
    lines = err.splitlines()
    assert out == ""
    assert len(lines) == len(starts)
    for line, start in zip(lines, starts, strict=True):
        assert line.startswith(start)
