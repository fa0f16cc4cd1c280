"""What becomes of posts: somebody has each of them, whatever fails, and one at a time."""

import asyncio
import signal
import socket
import sys
from collections.abc import AsyncIterator, Iterator, Sequence

import pytest
from structlog.testing import capture_logs

from feed.program.workers import supervisor as program
from feed.program.workers.directory import shared_directory
from feed.program.workers.post import Post
from feed.program.workers.process import WorkerProcess, start
from feed.program.workers.role import CHANNEL, Role
from feed.program.workers.supervisor import Supervisor
from feed.settings.options import Settings
from tests.fakes.patience import PATIENCE_S, until

pytestmark = [
    pytest.mark.programs,
    pytest.mark.skipif(sys.platform != "linux", reason="workers need Linux"),
]
NOT_STARTED = "not started"
# A worker that serves nobody, and does what it is told in its command.
WORKER = f"""
import json, os, socket, sys
channel = socket.socket(fileno=int(os.environ["{CHANNEL}"])).makefile("rwb", buffering=0)
waits, does = json.loads(channel.readline())["waits"], sys.argv[1]
if does == "fail":
    sys.exit(3)
if does == "hang":
    channel.read()
if waits:
    channel.write(b'{{"loaded": true}}\\n')
    while "go" not in json.loads(channel.readline()):
        pass
if does == "fail at its turn":
    sys.exit(3)
channel.write(b'{{"ready": true}}\\n')
for line in channel:
    if "leave" in json.loads(line):
        break
"""


class Workers:
    """A supervisor that runs, and what its workers do.

    Attributes:
        supervisor: that has begun.
        orders: what those that are started next do, one after the other; then all serve.
        started: so many were.
    """

    def __init__(self, supervisor: Supervisor) -> None:
        self.supervisor = supervisor
        self.orders: list[str] = []
        self.started = 0

    async def start(self, role: Role, command: Sequence[str]) -> WorkerProcess:
        """Start one, or fail to."""
        does = self.orders.pop(0) if self.orders else "serve"
        if does == NOT_STARTED:
            raise OSError(11, "Resource temporarily unavailable")
        self.started += 1
        return await start(role, [*command, does])

    @property
    def posts(self) -> list[Post]:
        return self.supervisor._posts()

    @property
    def there(self) -> list[WorkerProcess]:
        """Whoever has a post."""
        return [post.process for post in self.posts if post.process is not None]

    async def all_serve(self) -> list[WorkerProcess]:
        """Wait until somebody has each post, and serves; return them."""
        await until(lambda: len(self.there) == 2 and all(map(serves, self.there)))
        return self.there

    async def replace(self) -> None:
        """Replace all of them, as a SIGHUP does, and wait until that has ended."""
        self.supervisor._replace_soon()
        replacing = self.supervisor._replacing
        assert replacing is not None
        async with asyncio.timeout(PATIENCE_S):
            await replacing


def serves(process: WorkerProcess) -> bool:
    return process.is_ready and not process.ended.done()


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as each:
        yield each


@pytest.fixture
async def workers(
    listener: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Workers]:
    """Run a writer and an edge."""
    monkeypatch.setattr(program, "_LOOK_S", 0.01)
    with shared_directory() as directory:
        command = [sys.executable, "-c", WORKER]
        settings = Settings(port=0, workers=1, drain_s=0)
        supervisor = Supervisor(settings, [], command, [listener], directory)
        running = Workers(supervisor)
        monkeypatch.setattr(program, "start", running.start)
        assert await supervisor._begin(None) == 0
        yield running
        await supervisor._end()


async def test_a_worker_that_cannot_be_started_is_tried_again(workers: Workers) -> None:
    before = workers.there
    workers.orders = [NOT_STARTED, NOT_STARTED]
    before[1].signal(signal.SIGKILL)
    await until(lambda: not workers.orders)
    after = await workers.all_serve()
    assert (after[0], workers.started) == (before[0], 3)


@pytest.mark.parametrize("does", [NOT_STARTED, "fail"])
async def test_a_replacement_that_fails_leaves_the_old_ones_and_their_watches(
    workers: Workers, does: str
) -> None:
    before = workers.there
    workers.orders = [does]
    await workers.replace()
    assert workers.there == workers.supervisor._everybody() == before
    assert [each.worker.name for each in before] == ["writer", "edge-1"]
    started = workers.started
    before[1].signal(signal.SIGKILL)
    await until(lambda: before[1] not in workers.there)
    await workers.all_serve()
    assert workers.started == started + 1


async def test_a_replacement_that_hangs_is_killed(
    workers: Workers, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = workers.there
    workers.orders = ["hang"]
    monkeypatch.setattr(program, "BEGIN_S", 0.0)
    await workers.replace()
    assert workers.there == workers.supervisor._everybody() == before


async def test_an_edge_that_dies_while_its_replacement_fails_is_followed_by_one(
    workers: Workers,
) -> None:
    before = workers.there
    workers.orders = ["hang"]
    replacing = asyncio.create_task(workers.replace())
    await until(lambda: before[1] not in workers.there)
    for each in (before[1], workers.there[1]):
        each.signal(signal.SIGKILL)
    await replacing
    await until(lambda: workers.started == 4)
    after = await workers.all_serve()
    assert workers.supervisor._everybody() == after
    assert workers.started == 4


async def test_a_writer_that_fails_behind_another_one_is_followed_by_one_that_serves(
    workers: Workers,
) -> None:
    before = workers.there
    workers.orders = ["serve", "fail at its turn"]
    with capture_logs() as told:
        await workers.replace()
        await until(lambda: workers.started == 5)
        after = await workers.all_serve()
    assert not {*before} & {*after}
    assert workers.supervisor._everybody() == after
    events = [each["event"] for each in told]
    assert "replacement_failed" in events
    assert "replaced" not in events
