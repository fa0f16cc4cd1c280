"""What a renderable looks like in a terminal without colours."""

import io

from rich.console import Console, RenderableType


def lines_of(renderable: RenderableType, width: int = 80) -> list[str]:
    text = io.StringIO()
    console = Console(file=text, width=width, color_system=None, legacy_windows=False)
    console.print(renderable)
    return [line.rstrip() for line in text.getvalue().splitlines()]
