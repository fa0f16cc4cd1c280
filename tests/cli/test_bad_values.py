"""Every option of every command, with values that are none: one line on standard error, status 2.

On the command line, in variables and in a file alike. The options are found in the commands and in
the settings, so that one that is added is tried too, or asks for a line here.
"""

import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, get_origin

import pytest
import typer

import benchmarks.load.cli
import feed.program.serve
from feed.cli.commands import app, run
from feed.settings.load import InvalidSettings, built_in_blocks, load_settings, option_name
from feed.settings.variables import variable_name
from feed.sources.options import Options

pytestmark = pytest.mark.long  # 0.02 s each, of some five hundred

# What a command needs beside the option that is tried.
NEEDED = {
    "serve": [],
    "tail": ["--symbols", "A"],
    "inspect": ["x.csv"],
    "record": ["x.ndjson"],
    "watch": ["A"],
    "top": [],
    "proxy": ["nginx"],
    "why": ["1"],
    "publish": ["x.ndjson"],
    "ask": ["x"],
    "export": ["x.csv"],
    "room": ["x"],
    "bench": ["fanout"],
}
NEEDED_INSTEAD = {("tail", "--symbols"), ("ask", "--watch")}  # these stand in its place
NO_NUMBERS = ["", "x", "nan", "1e999", "-1", "½", "1\n2"]
NO_NAMES = ["", "x", "AUTO", "a\nb", "\0"]

BAD: dict[str, list[str]] = {
    "--after": ["", "x", "-1", "ab-", "ab-x", "a\nb"],
    "--alerts-max-rules": [*NO_NUMBERS, "0", "1.5"],
    "--alerts-max-rules-per-identity": [*NO_NUMBERS, "0", "1.5"],
    "--alerts-max-firings-per-identity": [*NO_NUMBERS, "0", "1.5"],
    "--alerts-webhook-s": [*NO_NUMBERS, "0", "86401"],
    "--allow-host": ["", "a b", "a/b", "http://a", "a.*", "a,,b", "a\nb", "\0"],
    "--allow-origin": ["", "https://a,,https://b", "x", "ftp://a", "https://a/b", "a\nb"],
    "--bars": ["", "A,,B", "A?", "A" * 65, "a\nb", "\0"],
    "--bus": ["", "x", "http://a:1", "nats://", "nats://a/b c", "nats://u:p@a:1/x", "a\nb"],
    "--bus-buffer": [*NO_NUMBERS, "0", "1", "64 GB", "1.5", "64 XB"],
    "--bus-max-bytes": [*NO_NUMBERS, "0", "1.5"],
    "--bus-replicas": [*NO_NUMBERS, "0", "6", "1.5"],
    "--bus-storage": NO_NAMES,
    "--bus-url": ["", "x", "ftp://a", "http://", "http://a:b@x", "http://x/?a=b", "a\nb"],
    "--bus-codecs": ["", "xml", "json,", "json,xml"],
    "--batch-ms": [*NO_NUMBERS, "0"],
    "--channels": NO_NAMES,
    "--cluster-key": ["", "/no/such.key", ".", "a\nb"],
    "--codec": NO_NAMES,
    "--columns": ["x", "symbol=", "=x", "nothing=x", "symbol=a,symbol=b", "price=p", "a\nb"],
    "--config": ["", "/no/such.toml", ".", "a\nb"],
    "--conflate": ["x", "quotes", "quotes:", "x:1s", "quotes:x", "quotes:1h", "quotes:-1s", "a\nb"],
    "--credentials": ["", "/no/such.env", ".", "\0"],
    "--count": [*NO_NUMBERS, "0", "1.5"],
    "--cert": ["", "a b.pem", 'a".pem', "a;b", "a{", "a\nb", "\0"],
    "--cert-key": ["", "a b.pem", 'a".pem', "a;b", "a{", "a\nb", "\0"],
    "--rooms-max": [*NO_NUMBERS, "0", "1.5"],
    "--rooms-max-messages": [*NO_NUMBERS, "0", "1.5"],
    "--rooms-messages-per-s": [*NO_NUMBERS, "0", "1.5"],
    "--drain-s": [*NO_NUMBERS, "3601"],
    "--end": ["", "now", "-5m", "1700000000", "2026-01-02", "2026-01-02T14:30:00", "a\nb"],
    "--exchange-url": ["", "x", "ftp://x", "http://", "http://x:y", "http://a b", "ws.x=b", "a\nb"],
    "--fan-out": NO_NAMES,
    "--fields": ["", "q", "p,,s", "price", "a\nb"],
    "--first": [*NO_NUMBERS, "1001", "1.5"],
    "--format": NO_NAMES,
    "--from": ["x", "14:30", "-1", "a\nb"],
    "--generations": ["x", "*", "gen_", "A" * 36, "a\nb", "\0"],
    "--host": ["", "0.0.0.0", "::", "feed.example", "a\nb"],
    "--html": ["", ".", "/no/such/folder/x.html", "\0"],
    "--instruments": ["", "/no/such.csv", ".", "a\nb"],
    "--json": ["", ".", "/no/such/folder/x.json", "\0"],
    "--jwt-audience": ["", "a\nb", "x" * 257],
    "--jwt-issuer": ["", "a\nb", "x" * 257],
    "--jwt-keys": ["", ".", "/no/such", "http://idp.example/jwks", "ftp://a", "https://", "a\nb"],
    "--jobs-keep-s": [*NO_NUMBERS, "0"],
    "--jobs-max-bytes": [*NO_NUMBERS, "0", "1.5"],
    "--jobs-max-bytes-per-identity": [*NO_NUMBERS, "0", "1.5"],
    "--jobs-max-kept": [*NO_NUMBERS, "0", "1.5"],
    "--jobs-max-kept-per-identity": [*NO_NUMBERS, "0", "1.5"],
    "--jobs-max-queued": [*NO_NUMBERS, "0", "1.5"],
    "--jobs-max-queued-per-identity": [*NO_NUMBERS, "0", "1.5"],
    "--jobs-max-running": [*NO_NUMBERS, "0", "1.5"],
    "--jobs-max-running-per-identity": [*NO_NUMBERS, "0", "1.5"],
    "--key": ["", "a\nb", "\0"],
    "--key-file": ["", "/no/such.env", ".", "\0"],
    "--keys": ["", "/no/such.toml", ".", "a\nb"],
    "--listen": [*NO_NUMBERS, "0", "65536", "1.5"],
    "--kind": NO_NAMES,
    "--llm": [
        "",
        "x",
        "ftp://x/v1",
        "http://",
        "http://x:y/v1",
        "http://a b/v1",
        "http://a:b@x/v1",
        "http://x/v1?key=a",
        "http://x/v1/chat/completions",
        "http://x/v1\n",
    ],
    "--llm-between-tokens-s": [*NO_NUMBERS, "0"],
    "--llm-connect-s": [*NO_NUMBERS, "0"],
    "--llm-first-token-s": [*NO_NUMBERS, "0"],
    "--llm-linger-s": [*NO_NUMBERS, "86401"],
    "--llm-max-answer-bytes": [*NO_NUMBERS, "0", "1.5"],
    "--llm-max-prompt-bytes": [*NO_NUMBERS, "0", "1.5"],
    "--llm-max-running": [*NO_NUMBERS, "0", "1.5"],
    "--llm-max-running-per-identity": [*NO_NUMBERS, "0", "1.5"],
    "--llm-max-tokens": [*NO_NUMBERS, "0", "1.5"],
    "--llm-model": ["", "x", "=x", "x=", "a b=c", "market=x", "a=b", "a\nb=c", "\0=x"],
    "--llm-tokens-per-minute": [*NO_NUMBERS, "0", "1.5"],
    "--model": [""],
    "--name": ["", "a b", "a;b", "a{", "*.example.com", "a\nb", "\0"],
    "--on-bad-row": NO_NAMES,
    "--pair": ["", "a", "a,a", "a,b", "a,b,c", "a b,c", "a,b\nc", "\0"],
    "--port": [*NO_NUMBERS, "65536", "1.5"],
    "--producer": ["", "a b", "a\nb", "x" * 65],
    "--push-rate": [*NO_NUMBERS, "0"],
    "--quotes": ["", "A,,B", "A?", "A" * 65, "a\nb", "\0"],
    "--quotes-from": NO_NAMES,
    "--rate": [*NO_NUMBERS, "0"],
    "--last": [*NO_NUMBERS, "0", "1000001", "1.5"],
    "--recording": ["", "a\nb", "\0"],
    "--ring": [*NO_NUMBERS, "0", "1000"],
    "--rounds": [*NO_NUMBERS, "0", "101"],
    "--scope": ["", "x", "/metrics", "metrics=open", "/metrics=", "/metrics=Open", "a\nb"],
    "--secret": ["a secret without a key", "", "a\nb"],
    "--seconds": [*NO_NUMBERS, "0"],
    "--seed": [*NO_NUMBERS, "1.5"],
    "--send-threads": [*NO_NUMBERS, "0", "9", "1.5"],
    "--silence-s": [*NO_NUMBERS, "86401"],
    "--source": [
        "",
        "x",
        "sim:",
        "replay",
        "replay:",
        "replay:/no/such.csv",
        "a\nb",
        "=sim",
        "ccxt:",
        "ccxt:no_such_exchange",
        "sim?rate=0",
        "alpaca:",
        "alpaca:https://example.com/v2/iex",
        "feed:ws://x",
        "feed:http://a:b@x",
        "nats:",
        "nats:x",
        "nats://a:b@x",
        "nats://x:0/y",
        "nats://x/a.b",
    ],
    "--statuses": ["", "A,,B", "A?", "A" * 65, "a\nb", "\0"],
    "--timeframe": NO_NAMES,
    "--trades": ["", "A,,B", "A?", "A" * 65, "a\nb", "\0"],
    "--speed": [*NO_NUMBERS, "0"],
    "--state": ["", "/no/such/folder", "pyproject.toml", "\0"],
    "--start": ["", "now", "1700000000", "2026-01-02", "2026-01-02T14:30:00", "a\nb"],
    "--watch": ["", "x", "*", "gen_", "a\nb", "\0"],
    "--trust-proxy": ["", "x", "10.0.0.1/8", "10.0.0.0/33", "feed.example", "::/129", "a\nb"],
    "--subscribers": [*NO_NUMBERS, "0", "1.5"],
    "--symbol": ["A,B", " A", "A*", "a\nb", "A" * 65],
    "--symbols": ["", "A,,B", "A B ,*?", "\0"],
    "--time-unit": ["x", "ns ", "NS", "minutes", "a\nb"],
    "--to": ["x", "14:30", "-1", "a\nb"],
    "--tls-cert": ["", "/no/such.pem", ".", "a\nb"],
    "--tls-key": ["", "/no/such.pem", ".", "a\nb"],
    "--transport": NO_NAMES,
    "--upstream-codec": NO_NAMES,
    "--url": ["", "x", "http://", "ftp://x", "http://x:y", "http://x/v1/ws", "http://a b", "a\nb"],
    "--workers": [*NO_NUMBERS, "0", "65", "1.5"],
    "--wait-for": [*NO_NUMBERS, "1.5"],
    "--wait-for-timeout-s": [*NO_NUMBERS, "0"],
}
# What only one command refuses.
BAD_FOR = {("serve", "--symbols"): ["4", "5001", "A,A", "*"]}
# Parts of names: any text is one.
ANY_TEXT = {"--peers"}
# Of tunables, which are no options of the command line.
NO_TUNABLES = ["x", "nan", "1e999", "-1", "½", "1\n2", "true"]
ARGUMENTS = {
    "record": ["x.csv", "", "x.ndjson.bz2"],
    "watch": ["", "A,,B", "\0"],
    "proxy": ["", "x", "NGINX"],
    "room": ["", "a b", "../x", "*", "a\nb", "\0"],
    "bench": ["", "x", "FANOUT"],
}


def commands() -> dict[str, Any]:
    found: dict[str, Any] = dict(typer.main.get_command(app).commands)  # type: ignore[attr-defined]
    del found["ingest"]  # its options are those of `serve`, and read by the same code
    return found | {"bench": typer.main.get_command(benchmarks.load.cli.app)}


def options() -> Iterator[tuple[str, Any]]:
    for name, command in commands().items():
        for parameter in command.get_params(typer.Context(command)):
            if parameter.param_type_name == "option" and parameter.name != "help":
                yield name, parameter


def is_switch(block: type[Options], field: str) -> bool:
    return block.model_fields[field].annotation is bool


def values_of(field: str) -> list[str]:
    """Return texts that are no values of an option of a server."""
    if field in SWITCHES:
        return ["x", "2", "yes no", "\n"]
    option = option_name(field)
    return BAD.get(option, NO_TUNABLES) + BAD_FOR.get(("serve", option), [])


OPTIONS = list(options())
# Names of a source that is pushed to; `feed serve` takes them for a kind.
GOOD_FOR = {
    ("publish", "--source"): {"x", "replay"},
    ("room", "--name"): {"a b", "a;b", "a{", "*.example.com"},
}
VALUES = [
    pytest.param(command, option.opts[0], value, id=f"{command} {option.opts[0]} {value!r}")
    for command, option in OPTIONS
    if not option.is_flag
    for value in BAD.get(option.opts[0], []) + BAD_FOR.get((command, option.opts[0]), [])
    if value not in GOOD_FOR.get((command, option.opts[0]), ())
]
LISTENERS = [
    (command, option.opts[0], option.envvar) for command, option in OPTIONS if option.envvar
]
FIELDS = {field: block for block in built_in_blocks() for field in block.option_fields()}
SWITCHES = {field for field, block in FIELDS.items() if is_switch(block, field)}


@pytest.fixture(scope="module", autouse=True)
def _commands_are_made_once() -> Iterator[None]:
    """Make no command anew for each value that it refuses: that costs twice what it does itself."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(typer.main, "get_command", cache(typer.main.get_command))
        yield


@pytest.fixture(autouse=True)
def _nothing_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    def started(*_: object) -> None:
        raise AssertionError("the command runs")

    monkeypatch.setattr(feed.program.serve, "serve", started)
    monkeypatch.setattr("feed.cli.listening.run_until_signal", started)
    for name in benchmarks.load.cli.SCENARIOS:
        monkeypatch.setitem(benchmarks.load.cli.SCENARIOS, name, started)


def is_refused_in_one_line(arguments: list[str], capfd: pytest.CaptureFixture[str]) -> str:
    assert run(arguments) == 2
    out, err = capfd.readouterr()
    assert out == ""
    [line] = err.splitlines()
    assert line.startswith("feed: ")
    assert line.isprintable()
    return line


def problem_of(options: dict[str, object]) -> str:
    """Return the one problem of a server's options, as `feed serve` tells it."""
    with pytest.raises(InvalidSettings) as error:
        load_settings(options)
    [line] = str(error.value).splitlines()
    assert line.isprintable()
    return line


def test_every_option_that_takes_a_value_is_here() -> None:
    takes = {option.opts[0] for _, option in OPTIONS if not option.is_flag}
    assert takes == {*BAD, *ANY_TEXT}


@pytest.mark.parametrize("field", FIELDS)
def test_a_bad_value_of_a_variable_is_refused_in_one_line(
    field: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for value in values_of(field):
        if value == "" or "\0" in value:  # one is no value, and the other cannot be in a variable
            continue
        monkeypatch.setenv(variable_name(field), value)
        assert problem_of({}).startswith(f"{variable_name(field)}: "), value


@pytest.mark.parametrize("field", [field for field in FIELDS if field != "config"])
def test_a_bad_value_in_a_file_is_refused_in_one_line(field: str, tmp_path: Path) -> None:
    file = tmp_path / "feed.toml"
    is_list = get_origin(FIELDS[field].model_fields[field].annotation) is tuple
    for value in [*map(json.dumps, values_of(field)), "[[]]", "{a = 1}", "1979-05-27"]:
        if is_list and value == '""':  # an empty list
            continue
        file.write_text(f"{field} = {value}\n")
        assert problem_of({"config": str(file)}).startswith(f"{file}: {field}: "), value


@pytest.mark.parametrize(("command", "option", "variable"), LISTENERS)
def test_a_bad_value_of_a_listeners_variable_is_refused_in_one_line(
    command: str,
    option: str,
    variable: str,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for value in BAD[option]:
        if value and "\0" not in value:
            monkeypatch.setenv(variable, value)
            assert variable in is_refused_in_one_line([command, *NEEDED[command]], capfd), value


@pytest.mark.parametrize("value", ["", "x"])
def test_a_misspelt_variable_is_refused_in_one_line(
    value: str, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FEED_MAX_CONECTIONS", value)
    line = is_refused_in_one_line(["serve"], capfd)
    assert line.startswith("feed: FEED_MAX_CONECTIONS: no such option; did you mean ")


@pytest.mark.parametrize("key", ["prot", "batch-ms", "PORT", '"a\\nb"', '"\\u001b[31m"', "config"])
def test_an_unknown_key_of_a_file_is_refused_in_one_line(
    key: str, capfd: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    file = tmp_path / "feed.toml"
    file.write_text(f"{key} = 1\n")
    line = is_refused_in_one_line(["serve", "--config", str(file)], capfd)
    assert line.startswith(f"feed: {file}: ")


@pytest.mark.parametrize(("command", "option", "value"), VALUES)
def test_a_bad_value_is_refused_in_one_line(
    command: str, option: str, value: str, capfd: pytest.CaptureFixture[str]
) -> None:
    needed = [] if (command, option) in NEEDED_INSTEAD else NEEDED[command]
    line = is_refused_in_one_line([command, *needed, f"{option}={value}"], capfd)
    assert option in line


@pytest.mark.parametrize(
    ("command", "option"),
    [(command, option.opts[0]) for command, option in OPTIONS if not option.is_flag],
)
def test_an_option_without_a_value_is_refused_in_one_line(
    command: str, option: str, capfd: pytest.CaptureFixture[str]
) -> None:
    assert option in is_refused_in_one_line([command, *NEEDED[command], option], capfd)


@pytest.mark.parametrize(
    ("command", "option"),
    [(command, option.opts[0]) for command, option in OPTIONS if option.is_flag],
)
def test_a_switch_with_a_value_is_refused_in_one_line(
    command: str, option: str, capfd: pytest.CaptureFixture[str]
) -> None:
    line = is_refused_in_one_line([command, *NEEDED[command], f"{option}=yes"], capfd)
    assert option in line


@pytest.mark.parametrize(
    ("command", "value"),
    [(command, value) for command, values in ARGUMENTS.items() for value in values],
)
def test_a_bad_argument_is_refused_in_one_line(
    command: str, value: str, capfd: pytest.CaptureFixture[str]
) -> None:
    line = is_refused_in_one_line([command, value], capfd)
    names = {"record": "FILE", "watch": "SYMBOL", "bench": "scenario", "proxy": "proxy"}
    assert {**names, "room": "ROOM"}[command] in line


@pytest.mark.parametrize("command", NEEDED)
@pytest.mark.parametrize("option", ["--no-such-option", "--no-such\noption", "-q\x1b[31m"])
def test_an_option_that_does_not_exist_is_refused_in_one_line(
    command: str, option: str, capfd: pytest.CaptureFixture[str]
) -> None:
    is_refused_in_one_line([command, *NEEDED[command], option], capfd)


@pytest.mark.parametrize("command", ["", "sevre", "a\nb", "\x1b[31m"])
def test_a_command_that_does_not_exist_is_refused_in_one_line(
    command: str, capfd: pytest.CaptureFixture[str]
) -> None:
    is_refused_in_one_line([command], capfd)
