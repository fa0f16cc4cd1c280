"""The TypeScript client as a package: from a server, installed without a registry, and typed."""

import gzip
import json
import re
import shutil
from pathlib import Path

import pytest

from feed.http.pages import BUILT
from tests.e2e.conftest import Program, Run
from tests.e2e.test_readme import DOCUMENTS
from tests.fakes.programs import ran
from tests.fakes.raw_http import RawHttp

pytestmark = [
    pytest.mark.toolchains,
    pytest.mark.skipif(not (BUILT / "client.tgz").is_file(), reason="the front end is not built"),
]
TSC = BUILT.parent / "node_modules" / ".bin" / "tsc"

PROGRAM = """
import { type Batch, FeedClient, type GapReport, type Settings, timeMs } from "@feed/client";
import { type BatchRefused, FeedPublisher, type PublishedTrade } from "@feed/client";

const settings: Partial<Settings> = { transport: "stream", codec: "msgpack" };
const client = new FeedClient({ url: "http://127.0.0.1:8080", shared: false, ...settings });
const prices = new Map<string, number>();
const end: () => void = client.on("batch", ({ ticks }: Batch) => {
  for (const tick of ticks) if (tick.T === "t") prices.set(tick.S, tick.p);
});
client.on("gap", ({ from, to }: GapReport) => prices.set(`${from} to ${to}`, Number.NaN));
await client.subscribe({ trades: ["AAPL"] });
for await (const { ticks } of client) prices.set("age", timeMs(ticks[0]?.t ?? 0));
end();
const onRefused = ({ row }: BatchRefused) => prices.set("row", row ?? 0);
const out = new FeedPublisher({ url: "http://127.0.0.1:8080", codec: "json", onRefused });
const trade: PublishedTrade = { T: "t", S: "OWN", p: 1.5, s: 1, t: new Date() };
await out.publish([trade], { sequence: 1 });
await out.close();
"""
# What a page, a worker and a program of Node have in `lib`.
LIBRARIES = [["es2022"], ["es2022", "dom"], ["es2023", "webworker"]]
READ_IN_NODE = """
import { FeedClient } from "@feed/client";

const client = new FeedClient({ url: process.argv[2], shared: false });
client.on("batch", ({ ticks }) => {
  console.log(ticks[0].S);
  process.exit();
});
client.subscribe({ trades: ["AAPL"] });
"""


def tool(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        pytest.skip(f"{name} is not installed (Debian: {name})")
    return found


@pytest.fixture
async def program(run: Run) -> Program:
    return await run("--symbols", "AAPL,MSFT", "--rate", "200")


@pytest.fixture
async def project(program: Program, tmp_path: Path) -> Path:
    """Make a project that has installed the package of a server, and has reached no registry."""
    answer = await RawHttp.get(("127.0.0.1", program.port), "/client.tgz")
    assert answer.status == 200
    assert answer.headers["Content-Type"] == "application/gzip"
    (tmp_path / "client.tgz").write_bytes(await answer.body())
    (tmp_path / "package.json").write_text('{"private": true, "type": "module"}')
    install = [tool("npm"), "install", "--offline", "--no-audit", "--no-fund", "./client.tgz"]
    status, output = await ran(tmp_path, *install)
    assert status == 0, output
    return tmp_path


@pytest.mark.parametrize("library", LIBRARIES, ids="+".join)
async def test_a_program_compiles_with_and_without_dom_types(
    project: Path, library: list[str]
) -> None:
    if not TSC.is_file():
        pytest.skip("TypeScript is not installed: npm ci in feed/web")
    options = {
        "lib": library,
        "target": "es2022",
        "module": "nodenext",
        "strict": True,
        "noEmit": True,
        "types": [],
        "skipLibCheck": False,
        "exactOptionalPropertyTypes": True,
    }
    config = {"compilerOptions": options, "files": ["main.ts"]}
    (project / "tsconfig.json").write_text(json.dumps(config))
    (project / "main.ts").write_text(PROGRAM)
    assert await ran(project, str(TSC), "--project", ".") == (0, "")


async def test_types_are_checked(project: Path) -> None:
    if not TSC.is_file():
        pytest.skip("TypeScript is not installed: npm ci in feed/web")
    wrong = PROGRAM.replace('codec: "msgpack"', 'codec: "xml"').replace("tick.p)", "tick.price)")
    (project / "main.ts").write_text(wrong)
    options = ["--noEmit", "--strict", "--lib", "es2022", "--target", "es2022", "--types", ""]
    status, output = await ran(project, str(TSC), *options, "--module", "nodenext", "main.ts")
    assert status != 0
    errors = re.findall(r"^main\.ts.* error TS\d+: (.*)", output, re.MULTILINE)
    assert any('"xml"' in error for error in errors), output
    assert any("'price'" in error for error in errors), output


async def test_it_reads_ticks_in_node(project: Path, program: Program) -> None:
    (project / "read.js").write_text(READ_IN_NODE)
    said = await ran(project, tool("node"), "read.js", program.url("/"))
    assert said == (0, "AAPL\n")


def test_the_package_is_packed_the_same_everywhere() -> None:
    packed = (BUILT / "client.tgz").read_bytes()
    assert packed[4:8] == bytes(4), "the time of its making is in it"
    for name in (b"client/index.d.ts", b"elements/index.d.ts"):
        assert b"package/lib/" + name in gzip.decompress(packed)


def test_documents_name_the_package_where_servers_have_it() -> None:
    told = [words for words in DOCUMENTS.values() if "/client.tgz" in str(words.text)]
    assert len(told) >= 2
