"""Compiles `_fan_out` with the C compiler of this machine: `python -m feed.native.build`.

The hook of the build (`.ci/hatch_build.py`) loads this file by its path, before anything of the
project can be imported. So it uses the standard library alone.
"""

import hashlib
import os
import shlex
import subprocess
import sys
import sysconfig
from pathlib import Path

SOURCES = ("fan_out.c", "compose.c", "sender.c", "uring.c", "helpers.c")
LIBRARY = "_fan_out.abi3.so"  # of the stable ABI: any CPython from 3.11 loads it
_FLAGS = "-std=c11 -O2 -g0 -fPIC -fvisibility=hidden -pthread -Wall -Wextra -Werror"
_TIMEOUT_S = 120


class NotCompiledError(Exception):
    """The library cannot be made here; the message says why."""


def digest_of(folder: Path) -> str:
    """Return what the sources of a folder are known by, to them and to what is compiled of them."""
    digest = hashlib.sha256()
    for path in sorted(folder.glob("*.[ch]")):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def build(folder: Path) -> Path:
    """Compile the sources of a folder into it; one that was made before is deleted first.

    Raises:
        NotCompiledError: there is no compiler, there are no headers, or it is the wrong platform.
    """
    library = folder / LIBRARY
    library.unlink(missing_ok=True)
    if sys.platform == "win32":
        raise NotCompiledError("Windows has other sockets")
    if sysconfig.get_config_var("Py_GIL_DISABLED"):
        raise NotCompiledError("this Python runs without the lock that the engine counts on")
    compiler = shlex.split(os.environ.get("CC") or "cc")
    include = sysconfig.get_paths()["include"]
    if not Path(include, "Python.h").is_file():
        raise NotCompiledError(f"Python's headers are not installed: no Python.h in {include}")
    unfinished = library.with_suffix(".unfinished")  # so that nobody loads half of it
    command = [
        *compiler,
        *_FLAGS.split(),
        f'-DSOURCES="{digest_of(folder)}"',
        *shlex.split(os.environ.get("CFLAGS", "")),
        *(["-undefined", "dynamic_lookup"] if sys.platform == "darwin" else []),
        "-shared",
        "-isystem",  # warnings of Python's own headers are not ours
        include,
        *(str(folder / source) for source in SOURCES),
        "-o",
        str(unfinished),
    ]
    try:
        subprocess.run(command, check=True, capture_output=True, text=True, timeout=_TIMEOUT_S)
    except OSError as error:
        raise NotCompiledError(f"the C compiler does not start: {error}") from error
    except subprocess.SubprocessError as error:
        words = (getattr(error, "stderr", "") or "").strip()
        raise NotCompiledError(f"{compiler[0]} failed: {words[-2000:] or error}") from error
    unfinished.replace(library)
    return library


def main() -> None:
    """Compile the library where this file stands."""
    try:
        print(build(Path(__file__).parent))  # noqa: T201 - a program
    except NotCompiledError as error:
        sys.exit(f"not compiled: {error}")


if __name__ == "__main__":
    main()
