"""A broadcaster inside a program leaves the process to its host, and costs little until used."""

import json
import sys
from pathlib import Path

from tests.documents.markdown import ROOT
from tests.fakes.programs import ran

# What is of the whole process, before a broadcaster has run and after it.
_SCRIPT = """
import asyncio, gc, json, logging, resource, signal, sys, warnings
import structlog
from aiohttp import ClientSession, web
import feed

NAMES = ("handlers", "loggers", "structlog", "threshold", "frozen", "collects", "signals", "files",
         "warnings", "excepthook", "policy", "switches")

def process():
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGPIPE)
    return [
        list(logging.getLogger().handlers),
        [[name, logging.getLogger(name).level, logging.getLogger(name).handlers]
         for name in ("", "feed", "feed.ingest", "aiohttp", "py.warnings")],
        structlog.is_configured(), gc.get_threshold(), gc.get_freeze_count(), gc.isenabled(),
        [signal.getsignal(number) for number in numbers],
        resource.getrlimit(resource.RLIMIT_NOFILE), warnings.showwarning.__module__,
        sys.excepthook is sys.__excepthook__, type(asyncio.get_event_loop_policy()).__name__,
        sys.getswitchinterval(),
    ]

async def run():
    before = process()  # a runner of asyncio has a handler of SIGINT
    broadcaster = feed.Broadcaster()
    runner = web.AppRunner(broadcaster.app())
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    async with ClientSession() as client, client.get(url + "/v1/stream?trades=*"):
        async with client.get(url + "/v1/ws"), client.get(url + "/metrics"):
            await broadcaster.publish([feed.Trade(symbol="OWN", price=1.0, size=1)])
            inside = process()
    await runner.cleanup()
    times = zip(NAMES, before, inside, process(), strict=True)
    return [name for name, *three in times if three[1:] != three[:-1]]

print(json.dumps([asyncio.run(run()), "uvloop" in sys.modules]))
"""


async def test_it_touches_nothing_that_is_of_the_whole_process(tmp_path: Path) -> None:
    script = tmp_path / "host.py"
    script.write_text(_SCRIPT)
    status, said = await ran(ROOT, sys.executable, str(script))
    assert status == 0, said
    # All that was printed, but for what a slow machine makes of a collection.
    (told,) = [line for line in said.splitlines() if not line.startswith("long step ")]
    assert json.loads(told) == [[], False]


async def test_naming_the_package_imports_next_to_nothing() -> None:
    """Ticks can be named without aiohttp; pydantic and all else wait until they are used."""
    words = "import sys, feed; feed.Trade; print(sorted(sys.modules))"
    status, said = await ran(ROOT, sys.executable, "-c", words)
    assert status == 0, said
    for module in ("aiohttp", "asyncio", "pydantic", "structlog", "uvloop", "prometheus_client"):
        assert f"'{module}'" not in said
