"""The name of a source: it labels metrics, stands in logs, and producers say it."""

import re

NAME_SHAPE = "letters, digits, _ and -, from a letter on, and at most 32"
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,31}")


def is_name(text: str) -> bool:
    """Tell whether a text can be the name of a source."""
    return bool(_NAME.fullmatch(text))
