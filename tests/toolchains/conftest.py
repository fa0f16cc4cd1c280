import shutil
from pathlib import Path

import pytest

from tests.e2e.conftest import _wires_lead_to_programs, run
from tests.fakes.serving import pytest_asyncio_loop_factories, serve
from tests.toolchains.foreign import fetch, once, start, tool

NODE = Path(__file__).parent / "node"
PACKAGES = (
    *("event-source-polyfill@1", "reconnecting-eventsource@1", "eventsource@4"),
    *("@alpacahq/alpaca-trade-api@4", "openai@6", "ai@6", "@ai-sdk/openai-compatible@2"),
)


@pytest.fixture(scope="session")
def node_scripts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Install the libraries by name, from whatever registry npm is told to use."""
    npm = tool("npm", package="npm")

    def install(folder: Path) -> None:
        (folder / "package.json").write_text('{"private": true}')
        options = ("--no-audit", "--no-fund", "--no-package-lock")
        fetch([npm, "install", *options, *PACKAGES], folder)
        shutil.copytree(NODE, folder, dirs_exist_ok=True)

    return once(tmp_path_factory, "node", install)


__all__ = ["_wires_lead_to_programs", "pytest_asyncio_loop_factories", "run", "serve", "start"]
