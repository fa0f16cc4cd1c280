"""A line of a screen: parts in their styles, cut where the terminal ends."""

from rich.text import Text

Part = tuple[str, str]  # a text and its style, as rich has it


def line(*parts: Part | str) -> Text:
    """Return one line; it never becomes two."""
    text = Text(no_wrap=True, overflow="ellipsis")
    for part in parts:
        text.append(*((part,) if isinstance(part, str) else part))
    return text
