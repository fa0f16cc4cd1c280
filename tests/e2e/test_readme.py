"""What the README says is true: its commands run, and no option or metric is missing in it."""

import asyncio
import os
import re
import shlex
import sys
from asyncio.subprocess import DEVNULL, PIPE
from pathlib import Path

import pytest

from feed.settings.options import Settings
from tests.e2e.conftest import Program, Run
from tests.fakes.servers import PATIENCE_S

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()
ADDRESS = "127.0.0.1:8080"


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)


def commands(word: str) -> list[str]:
    lines = [line for block in blocks("sh") for line in block.splitlines()]
    return [line for line in lines if line.startswith(word)]


async def output_of(command: list[str], lines: int) -> list[str]:
    """Run a command and return its first lines; it is ended after them."""
    process = await asyncio.create_subprocess_exec(
        *command, stdout=PIPE, stderr=DEVNULL, env={**os.environ, "PYTHONUNBUFFERED": "1"}
    )
    assert process.stdout is not None
    try:
        async with asyncio.timeout(PATIENCE_S):
            read = [(await process.stdout.readline()).decode() for _ in range(lines)]
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()
    assert all(read), f"{shlex.join(command)} printed only {read}"
    return read


def here(command: str, program: Program) -> list[str]:
    """Return a README command's words, for this interpreter and this server."""
    words = shlex.split(command.replace(ADDRESS, f"127.0.0.1:{program.port}"))
    if words[0] == ".venv/bin/feed":
        words[:1] = [sys.executable, "-m", "feed"]
    if "tail" in words or "record" in words:
        words += ["--url", program.url("/")]
    return words


def test_the_two_commands_are_there() -> None:
    run, test = (block.strip() for block in blocks("sh")[0:3:2])
    assert run == "python3 -m venv .venv && .venv/bin/pip install . && .venv/bin/feed serve"
    assert test.startswith("python3 -m venv .venv && .venv/bin/pip install -e '.[test]' && ")
    assert test.endswith("-m pytest")


@pytest.mark.parametrize("command", commands("curl"))
async def test_curl_commands_print_ticks(run: Run, command: str) -> None:
    program = await run("--rate", "500")
    lines = await output_of(here(command, program), 8)
    assert any('"T":"t"' in line or '"T":"q"' in line for line in lines)


@pytest.mark.parametrize("command", commands(".venv/bin/feed tail"))
async def test_tail_commands_print_ticks(run: Run, command: str) -> None:
    program = await run("--rate", "500")
    lines = await output_of(here(command, program), 3)
    assert all('"T":' in line for line in lines)


async def test_what_was_recorded_can_be_replayed(run: Run, tmp_path: Path) -> None:
    (record,) = commands(".venv/bin/feed record")
    (replay,) = commands(".venv/bin/feed serve --source")
    recording = tmp_path / "monday.ndjson.zst"
    program = await run("--rate", "500")
    words = [word.replace("monday.ndjson.zst", str(recording)) for word in here(record, program)]
    words[words.index("--seconds") + 1] = "1"
    process = await asyncio.create_subprocess_exec(*words)
    assert await process.wait() == 0
    options = replay.replace("monday.ndjson.zst", str(recording)).split()[2:]
    replayed = await run(*options)
    lines = await output_of(["curl", "-sN", replayed.url("/v1/stream?trades=*&after=0")], 1)
    assert '"T":"t"' in lines[0]


@pytest.mark.parametrize("example", blocks("python"), ids=["client", "alpaca"])
async def test_python_examples_print_ticks(run: Run, example: str, tmp_path: Path) -> None:
    program = await run("--rate", "500", "--symbols", "AAPL,MSFT")
    script = tmp_path / "example.py"
    script.write_text(example.replace(ADDRESS, f"127.0.0.1:{program.port}"))
    lines = await output_of([sys.executable, str(script)], 2)
    assert re.search(r"-\d+ \d+$|AAPL [\d.]+$", lines[-1].strip())


@pytest.mark.parametrize("name", [name for name in Settings.model_fields if name != "config"])
def test_every_setting_is_documented(name: str) -> None:
    assert f"--{name.replace('_', '-')}`" in README or f"`{name}`" in README


async def test_every_metric_is_documented(run: Run) -> None:
    program = await run()
    text = await program.text("/metrics")
    names = set(re.findall(r"^# TYPE (feed_\w+)", text, re.MULTILINE))
    missing = {name for name in names if f"`{name.removesuffix('_created')}" not in README}
    assert len(names) > 20
    assert not missing


def test_every_file_of_the_map_is_there() -> None:
    the_map = README[README.index("### The map") : README.index("## The wire")]
    named = set(re.findall(r"(\w+\.(?:py|proto))", the_map))
    files = {path.name for path in (ROOT / "feed").glob("*.p*") if path.suffix != ".pyc"}
    assert named - files == {"pyproject"} & named
    assert files - named == {"__init__.py", "__main__.py", "cli.py", "py.typed"} & files
