"""`feed serve`: its options are those of the settings, and reach the program."""

import math
import re
import socket
from pathlib import Path

import pytest
from typer.testing import CliRunner

import feed.program.serve
from feed.cli.commands import app, run
from feed.errors import SourceError
from feed.settings.load import built_in_blocks, load_settings, option_name
from feed.settings.options import Settings
from feed.sources.alpaca.options import AlpacaOptions
from feed.sources.catalog import built_in_kinds
from feed.sources.chosen import ChosenSource
from feed.sources.exchanges.options import ExchangeOptions
from feed.sources.options import Options
from feed.sources.replay.options import ReplayOptions
from feed.sources.simulated.options import SimulatedOptions
from tests.fakes.restored_logs import restored_logs

Served = list[tuple[Settings, list[ChosenSource]]]


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> Served:
    """What the program was asked to serve."""
    served: Served = []
    monkeypatch.setattr(
        feed.program.serve,
        "serve",
        lambda settings, sources, *_: served.append((settings, sources)),
    )
    return served


def test_serve_gets_the_settings(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FEED_PORT", "1")
    arguments = ["--rate", "5", "--allow-origin", "http://a", "--allow-origin", "http://b"]
    assert run(["serve", *arguments, "--allow-anonymous", "--batch-ms", "50"]) == 0
    settings = Settings(
        port=1, allow_origin=("http://a", "http://b"), allow_anonymous=True, batch_ms=50
    )
    assert served == [(settings, [ChosenSource("sim", SimulatedOptions(rate=5))])]


def test_serve_gets_the_options_of_the_source_that_is_chosen(
    served: Served, tmp_path: Path
) -> None:
    (tmp_path / "a.csv").touch()
    assert run(["serve", "--source", f"replay:{tmp_path}/a.csv", "--loop", "--speed", "max"]) == 0
    options = ReplayOptions(place=f"{tmp_path}/a.csv", loop=True, speed=math.inf)
    assert served[0][1] == [ChosenSource("replay", options)]


def test_a_switch_in_a_file_can_be_switched_off(served: Served, tmp_path: Path) -> None:
    (tmp_path / "feed.toml").write_text("allow_anonymous = true\n")
    config = ["--config", str(tmp_path / "feed.toml")]
    assert run(["serve", *config]) == run(["serve", *config, "--no-allow-anonymous"]) == 0
    assert [settings.allow_anonymous for settings, _ in served] == [True, False]


def test_help_lists_the_fields_that_have_a_description_and_no_others(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("COLUMNS", "400")
    result = CliRunner().invoke(app, ["serve", "--help"])
    assert result.exit_code == 0
    shown = re.findall(r"^│ +(--[a-z-]+)", result.output, re.MULTILINE)
    described = [
        (option_name(name), block.model_fields[name].description or "")
        for block in built_in_blocks()
        for name in block.option_fields()
        if block.model_fields[name].description
    ]
    assert shown == [*dict.fromkeys(option for option, _ in described), "--help"]
    for option, description in described:
        assert re.search(rf"{option}\b.* {re.escape(description)}", result.output), option


SHOWN = {
    "--config": "<path>",
    "--host": "<str>",
    "--port": "<int>",
    "--source": f"<{'|'.join(kind.usage for kind in built_in_kinds())}>",
    "--batch-ms": "<float>",
    "--ring": "<int>",
    "--allow-origin": "<list[str]>",
    "--symbols": "<int|list[str]>",
    "--rate": "<float>",
    "--seed": "<int>",
    "--start": "<datetime>",
    "--speed": "<float|max>",
    "--loop": "<bool>",
    "--on-bad-row": "<skip|stop>",
}


def test_help_shows_the_types_and_defaults_of_the_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "400")
    help_text = CliRunner().invoke(app, ["serve", "--help"]).output
    rows = {
        match[1]: match[0] for match in re.finditer(r"^│ +(--[a-z-]+) .*", help_text, re.MULTILINE)
    }
    for option, shape in SHOWN.items():
        assert shape in rows[option], option
    seen: set[str] = set()
    for block in built_in_blocks():
        for name in block.option_fields():
            field = block.model_fields[name]
            if not field.description or name in seen:
                continue  # of an option of several kinds the help of the first is shown
            seen.add(name)
            shown = re.search(r"\[default: ([^]]*)\]", rows[option_name(name)])
            if field.default is None or field.default == ():
                assert shown is None, name
            elif isinstance(field.default, bool):
                assert shown is not None
                assert (shown[1] == f"no-{option_name(name)[2:]}") is not field.default
            else:
                # Written on the command line it is the default again.
                assert shown is not None, name
                settings, [source] = load_settings(_beside(block, {name: shown[1]}))
                blocks = (settings, source.options)
                assert any(getattr(one, name, None) == field.default for one in blocks), name


def _beside(block: type[Options], given: dict[str, object]) -> dict[str, object]:
    """Add the source that options of a block need beside them."""
    sources: dict[type[Options], str] = {
        ReplayOptions: f"replay:{__file__}",
        AlpacaOptions: "alpaca:ws://127.0.0.1",
        ExchangeOptions: "ccxt:binance?symbols=BTC/USDT",
    }
    return {"source": sources[block], **given} if block in sources else given


def test_what_is_not_typed_leaves_variables_and_the_file_alone(
    served: Served, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "feed.toml").write_text("ring = 1024\n")
    monkeypatch.setenv("FEED_PORT", "1")
    monkeypatch.setenv("FEED_ALLOW_ANONYMOUS", "true")
    assert run(["serve", "--config", str(tmp_path / "feed.toml"), "--rate", "1000"]) == 0
    [(settings, _)] = served
    assert (settings.port, settings.ring, settings.allow_anonymous) == (1, 1024, True)


def test_an_option_of_several_sources_means_the_same_in_each() -> None:
    words: dict[str, set[str | None]] = {}
    for block in built_in_blocks()[1:]:
        for field in block.option_fields():
            words.setdefault(field, set()).add(block.model_fields[field].description)
    assert [field for field, told in words.items() if len(told) > 1] == []
    assert not words.keys() & set(Settings.option_fields()), "none is of the server too"


@pytest.mark.parametrize("option", ["--source", "--config"])
def test_an_option_without_its_value_is_told(
    option: str, capfd: pytest.CaptureFixture[str]
) -> None:
    assert run(["serve", option]) == 2
    assert capfd.readouterr().err == f"feed: Option '{option}' requires an argument.\n"


def test_a_server_that_cannot_start_says_why_with_status_1(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def fail(settings: Settings, *_: object) -> None:
        raise SourceError(f"{settings.source[0]}: cannot be opened")

    monkeypatch.setattr(feed.program.serve, "serve", fail)
    assert run(["serve"]) == 1
    assert capfd.readouterr().err == "feed: sim: cannot be opened\n"


def test_an_address_that_is_taken_is_told_once_in_the_systems_words(
    capfd: pytest.CaptureFixture[str],
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken, restored_logs():
        port = taken.getsockname()[1]
        assert run(["serve", "--port", str(port)]) == 1
    *_, line = capfd.readouterr().err.splitlines()
    assert line == f"feed: cannot listen on 127.0.0.1:{port}: Address already in use"
