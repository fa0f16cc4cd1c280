"""Export: a bar of what a server has written, and then of what is here."""

from collections.abc import Callable
from typing import Self

from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    ProgressColumn,
    Task,
    TaskID,
    TextColumn,
)
from rich.text import Text

from feed.client.exporting.progress import ExportProgress
from feed.market.job_words import JobState


class _Speed(ProgressColumn):
    """Rows a second, and how long it still takes, as the server says."""

    def render(self, task: Task) -> Text:
        told = task.fields.get("told")
        if not isinstance(told, ExportProgress) or not told.per_s:
            return Text("")
        left = f", {told.left_s:,.0f} s left" if told.left_s else ""
        return Text(f"{told.per_s:,.0f} rows/s{left}")


class Bar:
    """Shows how far an export has got; use it in a `with` block.

    Where there is no terminal, its beginning and end are lines, and nothing moves.
    """

    def __init__(self, console: Console, tell: Callable[[str], object]) -> None:
        """Show it on a console; lines go to `tell` where that is no terminal."""
        self._tell = tell
        self._progress: Progress | None = None
        if console.is_terminal:
            words, rows = TextColumn("{task.description}"), TextColumn("{task.fields[rows]}")
            columns = (words, BarColumn(), rows, _Speed(), DownloadColumn())
            self._progress = Progress(*columns, console=console)
        self._task: TaskID | None = None
        self._state: JobState | None = None

    def __enter__(self) -> Self:
        if self._progress is not None:
            self._progress.start()
            self._task = self._progress.add_task("begins", total=None, rows="", told=None)
        return self

    def __exit__(self, *_: object) -> None:
        if self._progress is not None:
            self._progress.stop()

    def show(self, now: ExportProgress) -> None:
        """Show how far it has got."""
        if self._progress is None or self._task is None:
            if now.state is not self._state:
                self._state = now.state
                self._tell(f"{now.id}: {line_of(now)}")
            return
        share = now.done / now.total if now.total else 0.0
        size = now.size_bytes
        if now.state is JobState.DONE:
            total, completed, words = size, now.downloaded_bytes, "downloads"
        else:  # the size that the file will have, about
            total, completed, words = round(size / share) if share else 0, size, now.state.value
        rows = f"{now.done:,} rows"
        self._progress.update(
            self._task,
            description=words,
            total=total or None,
            completed=completed,
            rows=rows,
            told=now,
        )


def line_of(now: ExportProgress) -> str:
    """Say how far an export has got, in a line."""
    size = f", {now.size_bytes:,} bytes" if now.size_bytes else ""
    return f"{now.state.value}, {now.done:,} rows{size}"
