"""The screen: a terminal that is taken over, drawn on and given back; or none, and then plain text.

A view makes the content; `show` draws it again and again, and gives it the keys. Where there is no
terminal (a pipe, a file, `ssh` without `-t`, TERM=dumb), a table is printed when something changed.
"""

import asyncio
import io
import os
import shutil
import signal
import sys
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial
from types import TracebackType
from typing import Protocol, Self

from rich.console import Console, ConsoleDimensions, RenderableType
from rich.live import Live

from feed.terminal.errors import TerminalGone
from feed.terminal.keys import Keyboard, Keys
from feed.terminal.writer import Writer

with suppress(ImportError):  # on Windows, where nothing is taken over
    import termios
    import tty

FIRST_TABLE_S = 2.0  # until there is something to print, rates included
TABLE_EVERY_S = 5.0
LOOK_S = 0.5  # between two looks for what does not wait for its table
GOODBYE_S = 0.5  # for the terminal to take the last bytes
_USUAL_SIZE = (80, 24)
_DUMB = {"dumb", "unknown"}

# For terminals that do not speak Unicode, character by character.
_ASCII = str.maketrans("▁▂▃▄▅▆▇█▲▼·↑↓–…µ�", "__.-=+*#^v.ud-~u?")


class View(Protocol):
    """Something that can be shown; knows no terminal.

    Attributes:
        changes: how often it changed so far, the passing of time aside.
        urgent: those of them after which what was shown before is not to be believed any more.
    """

    changes: int
    urgent: int

    def press(self, key: str, wall_ns: int) -> bool:
        """Take a key; return whether to go on."""

    def render(self, width: int, height: int | None, wall_ns: int) -> RenderableType:
        """Return the drawing for a width and height; all of it where no height is given."""


class Canvas(Protocol):
    """Something that views are drawn on."""

    @property
    def size(self) -> tuple[int, int | None]:
        """Its width and height in characters; None for a height without end."""

    @property
    def ready(self) -> bool:
        """Whether it can take another drawing now."""

    def draw(self, renderable: RenderableType) -> None:
        """Show this in place of the drawing before, or after it."""


async def show(
    view: View,
    canvas: Canvas,
    keys: Keys,
    *,
    every_s: float,
    clock: Callable[[], int] = time.time_ns,
) -> None:
    """Draw a view every `every_s` and after each key, until it ends by a key."""
    while True:
        if canvas.ready:
            width, height = canvas.size
            canvas.draw(view.render(width, height, clock()))
        for key in await keys.wait(every_s):
            if not view.press(key, clock()):
                return


async def show_here(
    view: View,
    *,
    every_s: float,
    write: Callable[[bytes], object],
    explain: Callable[[str], object],
) -> None:
    """Show a view on standard output: live where that is a terminal, else as tables.

    Args:
        view: what is shown.
        every_s: the time between two drawings, on a terminal.
        write: called with each table where there is no terminal.
        explain: called once, then, with a line for people.

    Raises:
        TerminalGone: it was closed.
        OSError: `write` failed.
    """
    interactive = sys.stdin.isatty() and sys.stdout.isatty() and sys.platform != "win32"
    if interactive and os.environ.get("TERM", "") not in _DUMB:
        stdin, stdout = sys.stdin.fileno(), sys.stdout.fileno()
        with Terminal(stdin, stdout, sys.stdout.encoding) as terminal:
            await show(view, terminal, terminal.keyboard, every_s=every_s)
        return
    explain(f"no terminal to draw on: a table every {TABLE_EVERY_S:g} s, if it changed")
    await asyncio.sleep(FIRST_TABLE_S)
    await print_tables(view, Paper(write, sys.stdout.encoding), every_s=TABLE_EVERY_S)


async def print_tables(
    view: View,
    paper: "Canvas",
    *,
    every_s: float,
    clock: Callable[[], int] = time.time_ns,
    sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
) -> None:
    """Draw a view every `every_s` where it changed meanwhile, for ever; what is urgent at once."""
    drawn: int | None = None
    while True:
        if view.changes != drawn:
            drawn = view.changes
            width, height = paper.size
            paper.draw(view.render(width, height, clock()))
        urgent, left_s = view.urgent, every_s
        while left_s > 0 and view.urgent == urgent:
            await sleep(min(LOOK_S, left_s))
            left_s -= LOOK_S


class Paper:
    """Plain text, one table after the other."""

    ready = True

    def __init__(self, write: Callable[[bytes], object], encoding: str = "utf-8") -> None:
        self._write = write
        self._encoding = encoding

    @property
    def size(self) -> tuple[int, int | None]:
        """The width of a terminal, or of COLUMNS."""
        return shutil.get_terminal_size(_USUAL_SIZE).columns, None

    def draw(self, renderable: RenderableType) -> None:
        """Print it, and an empty line."""
        text = io.StringIO()
        console = Console(file=text, width=self.size[0], color_system=None, legacy_windows=False)
        console.print(renderable)
        lines = (line.rstrip() for line in text.getvalue().splitlines())
        self._write(encode("\n".join(lines) + "\n\n", self._encoding))


class Terminal:
    """A terminal, taken over until the block ends.

    Drawn on its alternate screen; given back as it was by the end of the block, for as long as
    Ctrl-Z stops the process, and before a signal kills it.

    Attributes:
        keyboard: its keys.
    """

    def __init__(self, in_fd: int, out_fd: int, encoding: str) -> None:
        self.keyboard = Keyboard(in_fd)
        self._in_fd = in_fd
        self._out_fd = out_fd
        self._encoding = encoding
        self._mode = termios.tcgetattr(in_fd)
        self._handled: list[signal.Signals] = []
        self._drawn = io.StringIO()  # the drawing of rich, until the writer gets it
        self._console = Console(
            file=self._drawn, force_terminal=True, force_interactive=True, legacy_windows=False
        )
        self._live = Live(
            console=self._console,
            screen=True,
            auto_refresh=False,
            redirect_stdout=False,
            redirect_stderr=False,
        )
        self._writer = Writer(out_fd)

    def __enter__(self) -> Self:
        self._take_over()
        self.keyboard.__enter__()
        handlers: dict[signal.Signals, Callable[[], object]] = {
            signal.SIGWINCH: self.keyboard.wake,
            signal.SIGTSTP: self._stop,
            signal.SIGHUP: partial(self._die, signal.SIGHUP),
            signal.SIGQUIT: partial(self._die, signal.SIGQUIT),
        }
        loop = asyncio.get_running_loop()
        for number, handler in handlers.items():
            # An ignored signal stays so: SIGHUP under nohup, SIGTSTP in a shell without jobs.
            if signal.getsignal(number) is signal.SIG_DFL:
                loop.add_signal_handler(number, handler)
                self._handled.append(number)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        loop = asyncio.get_running_loop()
        while self._handled:
            loop.remove_signal_handler(self._handled.pop())
        self.keyboard.__exit__(kind, error, trace)
        self._give_back()
        self._writer.close(GOODBYE_S)

    @property
    def size(self) -> tuple[int, int]:
        """Its width and height now; rich would believe COLUMNS, and that stays.

        Raises:
            TerminalGone: it was closed.
        """
        try:
            width, height = os.get_terminal_size(self._out_fd)
        except OSError:
            raise TerminalGone from None
        return width or _USUAL_SIZE[0], height or _USUAL_SIZE[1]

    @property
    def ready(self) -> bool:
        """Whether it has taken all that was drawn.

        Raises:
            TerminalGone: it was closed.
        """
        return self._writer.ready

    def draw(self, renderable: RenderableType) -> None:
        """Fill the screen with it."""
        self._console.size = ConsoleDimensions(*self.size)
        self._live.update(renderable, refresh=True)
        self._hand_over()

    def _take_over(self) -> None:
        tty.setcbreak(self._in_fd, termios.TCSANOW)
        self._live.start()
        self._hand_over()

    def _give_back(self) -> None:
        self._live.stop()
        self._hand_over()
        self._writer.flush(GOODBYE_S)
        with suppress(termios.error):  # it is gone
            # Not TCSADRAIN, which waits for a terminal that may take nothing any more.
            termios.tcsetattr(self._in_fd, termios.TCSANOW, self._mode)

    def _stop(self) -> None:
        """Stop as others do by Ctrl-Z, with the terminal as it was; return when continued."""
        self._give_back()
        os.kill(os.getpid(), signal.SIGSTOP)
        self._take_over()
        self.keyboard.wake()

    def _die(self, number: signal.Signals) -> None:
        """Die by a signal as other programs do, with the terminal as it was."""
        self._give_back()
        signal.signal(number, signal.SIG_DFL)
        os.kill(os.getpid(), number)

    def _hand_over(self) -> None:
        self._writer.write(encode(self._drawn.getvalue(), self._encoding))
        self._drawn.seek(0)
        self._drawn.truncate()


def encode(text: str, encoding: str) -> bytes:
    """Return a text's bytes, in ASCII where the encoding has not all of its characters."""
    try:
        return text.encode(encoding)
    except UnicodeEncodeError:
        return text.translate(_ASCII).encode(encoding, "replace")
