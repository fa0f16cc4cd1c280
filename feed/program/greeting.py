"""What a program that serves says first, and what it asks of the system before."""

import os
import sys
import threading
from collections.abc import Sequence

from feed.logger import logger_of
from feed.program.invocation import this_command
from feed.sources.chosen import ChosenSource

log = logger_of("feed.server")


def greet(lines: str) -> None:
    """Print the first lines, from a thread: a server serves, whether somebody reads them or not."""

    def write() -> None:
        rest = memoryview(lines.encode())
        try:
            while rest:
                rest = rest[os.write(fd, rest) :]
        except OSError as error:
            log.warning("first_lines_not_printed", error=error.strerror)

    fd = sys.stdout.fileno()
    threading.Thread(target=write, name="first lines", daemon=True).start()


def in_words(sources: Sequence[ChosenSource]) -> str:
    """Return where ticks come from; several sources with their names."""
    if len(sources) == 1:
        return sources[0].options.describe()
    return ", ".join(f"{source.name} ({source.options.describe()})" for source in sources)


def first_lines(what: str, slower: str, url: str) -> str:
    """Return the source in words, the address, and three commands to try.

    Args:
        what: the source.
        slower: why frames are written slower than they could be; "": they are not.
        url: of the server.
    """
    return (
        f"feed: serving {what}{slower and f'; frames are written slower, since {slower}'}\n"
        f"  {url}/  a page with live prices   {url}/metrics  for Prometheus\n"
        f"try:\n"
        f"  curl -N '{url}/v1/sse?trades=*'\n"
        f"  curl -N '{url}/v1/stream?quotes=*&snapshot=1'\n"
        f"  {this_command()} tail --url {url} --symbols '*'\n"
    )


def allow_many_files() -> None:
    """Raise the soft limit of open files to the hard one: a subscriber is a file."""
    if sys.platform == "win32":
        return
    import resource  # noqa: PLC0415 - not on Windows

    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
