"""A page of somebody else's, which reads from a feed server; and its scripts, bundled."""

import re
import shutil
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from feed.http.pages import BUILT
from tests.e2e.conftest import Program
from tests.e2e.test_readme import ADDRESS
from tests.fakes.programs import ran

HEAD = '<!doctype html><meta charset="utf-8"><link rel="icon" href="data:,">'
NO_NETWORK = re.compile(r"E(AI_AGAIN|CONNREFUSED|CONNRESET|NETUNREACH|NOTFOUND|TIMEDOUT)")


class Site:
    """A page of one's own: of another origin than the feed's, and nothing in it but the example.

    Attributes:
        program: the server that it reads from.
        policy: the page's Content-Security-Policy; empty for none.
    """

    program: Program

    def __init__(self) -> None:
        self._body = ""
        self.policy = ""
        app = web.Application()
        app.router.add_get("/", self._answer)
        self.server = TestServer(app)

    @property
    def origin(self) -> str:
        return str(self.server.make_url("/")).removesuffix("/")

    def hold(self, example: str, program: Program) -> None:
        """Put an example into the page, for this server."""
        self.program = program
        self._body = example.replace(ADDRESS, f"127.0.0.1:{program.port}")

    async def _answer(self, request: web.Request) -> web.Response:  # noqa: ARG002 - aiohttp's signature
        headers = {"Content-Security-Policy": self.policy} if self.policy else {}
        text = f"{HEAD}<body>{self._body}"
        return web.Response(text=text, content_type="text/html", headers=headers)


async def bundled(folder: Path, files: dict[str, str]) -> str:
    """Return `main.js` with all it imports, `@feed/client` from the built client."""
    npm = shutil.which("npm")
    if npm is None:
        pytest.skip("npm is not installed (Debian: npm)")
    for name, text in files.items():
        (folder / name).write_text(text)
    (folder / "package.json").write_text('{"private": true}')
    packages = ("react@19", "react-dom@19", "esbuild@0.28")
    install = [npm, "install", "--no-audit", "--no-fund", *packages]
    status, output = await ran(folder, *install)
    if status and (reason := NO_NETWORK.search(output)):
        pytest.skip(f"npm cannot reach its registry: {reason[0]}")
    assert status == 0, output
    options = (
        "--bundle",
        "--format=esm",
        "--minify",
        '--define:process.env.NODE_ENV="development"',
        f"--alias:@feed/client={BUILT / 'client.js'}",
        "--outfile=bundle.js",
    )
    status, output = await ran(folder, "node_modules/.bin/esbuild", "main.js", *options)
    assert status == 0, output
    return (folder / "bundle.js").read_text().replace("</script", "<\\/script")
