"""Drawing a view again and again; and on paper, where there is no terminal."""

from collections.abc import Sequence

import pytest
from rich.console import RenderableType
from rich.text import Text

from feed.terminal.errors import TerminalGone
from feed.terminal.screen import Paper, encode, print_tables, show
from tests.terminal.shown import lines_of


class Letters:
    """A view of the keys that were pressed; q ends it."""

    def __init__(self) -> None:
        self.changes = self.urgent = 0
        self.pressed: list[tuple[str, int]] = []

    def press(self, key: str, wall_ns: int) -> bool:
        self.pressed.append((key, wall_ns))
        return key != "q"

    def render(self, width: int, height: int | None, wall_ns: int) -> RenderableType:
        keys = "".join(key for key, _ in self.pressed)
        return Text(f"{width}x{height} at {wall_ns}: {keys}")


class Slate:
    """A canvas that says beforehand when it is ready, and remembers what was drawn."""

    size = (80, 24)

    def __init__(self, *ready: bool) -> None:
        self.drawn: list[str] = []
        self._ready = list(ready)

    @property
    def ready(self) -> bool:
        return self._ready.pop(0) if self._ready else True

    def draw(self, renderable: RenderableType) -> None:
        self.drawn += lines_of(renderable)


class Fingers:
    """Keys that are pressed one wait after the other."""

    def __init__(self, *pressed: Sequence[str]) -> None:
        self.waited_s: list[float] = []
        self._pressed = list(pressed)

    async def wait(self, seconds: float) -> list[str]:
        self.waited_s.append(seconds)
        return list(self._pressed.pop(0))


async def test_a_view_is_drawn_at_once_after_each_wait_and_gets_the_keys() -> None:
    view, slate, fingers = Letters(), Slate(), Fingers("", "a", "bc", "q")
    times_ns = iter(range(100))
    await show(view, slate, fingers, every_s=0.25, clock=lambda: next(times_ns))
    assert slate.drawn == [
        "80x24 at 0:",
        "80x24 at 1:",
        "80x24 at 3: a",
        "80x24 at 6: abc",
    ]
    assert fingers.waited_s == [0.25] * 4
    assert view.pressed == [("a", 2), ("b", 4), ("c", 5), ("q", 7)]


async def test_tables_are_printed_once_per_change() -> None:
    view, slate = Letters(), Slate()
    changes, slept_s = iter([0, 1, 0, 0, 2, 0]), 0.0

    async def sleep(seconds: float) -> None:
        nonlocal slept_s
        slept_s += seconds
        if slept_s % 5.0 == 0:
            view.changes += next(changes)  # its end is the end of the test

    with pytest.raises(RuntimeError, match="StopIteration"):
        await print_tables(view, slate, every_s=5.0, clock=lambda: view.changes, sleep=sleep)
    assert slate.drawn == ["80x24 at 0:", "80x24 at 1:", "80x24 at 3:"]


async def test_what_is_urgent_waits_for_no_table() -> None:
    view, slate, slept_s = Letters(), Slate(), 0.0

    async def sleep(seconds: float) -> None:
        nonlocal slept_s
        slept_s += seconds
        view.changes += 1
        view.urgent += slept_s == 1.0
        if slept_s > 7.0:
            raise TerminalGone

    def clock() -> int:
        return int(slept_s * 10)

    with pytest.raises(TerminalGone):
        await print_tables(view, slate, every_s=5.0, clock=clock, sleep=sleep)
    assert slate.drawn == ["80x24 at 0:", "80x24 at 10:", "80x24 at 60:"]


async def test_what_is_pressed_after_the_end_is_not_heard() -> None:
    view = Letters()
    await show(view, Slate(), Fingers("qx"), every_s=1.0)
    assert [key for key, _ in view.pressed] == ["q"]


async def test_a_drawing_is_let_go_while_the_last_one_is_not_taken() -> None:
    slate = Slate(True, False, False, True)
    await show(Letters(), slate, Fingers("a", "b", "c", "q"), every_s=1.0, clock=lambda: 0)
    assert slate.drawn == ["80x24 at 0:", "80x24 at 0: abc"]


async def test_a_terminal_that_is_gone_ends_it() -> None:
    class Gone(Slate):
        @property
        def ready(self) -> bool:
            raise TerminalGone

    with pytest.raises(TerminalGone, match="the terminal was closed"):
        await show(Letters(), Gone(), Fingers(), every_s=1.0)


def test_paper_has_the_width_of_the_variable_and_no_height(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "132")
    assert Paper(bytes).size == (132, None)


def test_on_paper_there_is_text_and_an_empty_line_and_nothing_for_a_terminal(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    written: list[bytes] = []
    Paper(written.append).draw(Text("price ▲   \nage   ", "bold red"))
    assert written == ["price ▲\nage\n\n".encode()]


@pytest.mark.parametrize(
    ("encoding", "said"),
    [
        ("utf-8", "▲ – ▁█ é".encode()),
        ("ascii", b"^ - _# ?"),
        ("latin-1", b"^ - _# \xe9"),
    ],
)
def test_what_an_encoding_cannot_say_is_said_in_ascii(encoding: str, said: bytes) -> None:
    assert encode("▲ – ▁█ é", encoding) == said
