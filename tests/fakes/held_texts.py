"""Which texts are still in memory, however deep."""

import gc
from types import FunctionType, ModuleType


def holding(root: object, text: str) -> list[object]:
    """Return the texts and bytes with a text in them that something of ours refers to."""
    gc.collect()
    found: list[object] = []
    seen: set[int] = set()
    waiting: list[object] = [root]
    while waiting:
        each = waiting.pop()
        if id(each) in seen:
            continue
        seen.add(id(each))
        if isinstance(each, str):
            found += [each] * (text in each)
        elif isinstance(each, bytes | bytearray):
            found += [each] * (text.encode() in each)
        elif type(each).__module__.startswith(("feed.", "builtins", "collections")) and not (
            isinstance(each, type | ModuleType | FunctionType)
        ):
            waiting += gc.get_referents(each)
    return found
