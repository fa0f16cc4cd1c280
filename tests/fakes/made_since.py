"""What a test itself has made of a class, as long as it is in memory.

Other tests may have left some: one that has failed keeps all that its traceback knows.
"""

import gc
from collections.abc import Callable
from typing import TypeVar

Made = TypeVar("Made")


def made_since(kind: type[Made]) -> Callable[[], list[Made]]:
    """Return what tells those of a class that are made from now on, and are not freed."""
    others = {id(each): each for each in _alive(kind)}  # kept, so that nothing else has their ids

    def alive() -> list[Made]:
        return [each for each in _alive(kind) if id(each) not in others]

    return alive


def _alive(kind: type[Made]) -> list[Made]:
    return [each for each in gc.get_objects() if isinstance(each, kind)]
