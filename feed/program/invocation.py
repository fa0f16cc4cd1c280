"""The way in which this program was called: for commands that are printed to be run as printed."""

import shlex
import shutil
import sys
from pathlib import Path


def this_command() -> str:
    """Return how a shell runs us again: `feed` where that is on its path, else with ours."""
    called = Path(sys.argv[0])
    if called.name == "__main__.py" or not called.exists():
        return f"{python()} -m feed"
    on_path = shutil.which("feed")
    if on_path is not None and Path(on_path).samefile(called):
        return "feed"
    return shlex.quote(sys.argv[0])


def python() -> str:
    """Return our interpreter as a shell runs it."""
    return shlex.quote(sys.executable)
