"""Contents of messages: a text, or an array of parts, each with a type."""

from collections.abc import Callable, Collection

from pydantic_core import PydanticCustomError

from feed.errors import shorten
from feed.wire.generations.fields import check_text
from feed.wire.validation import refusal

_MOST_PARTS = 10_000


def content_reader(
    types: Collection[str], passed_over: tuple[str, ...], accepted: str
) -> Callable[[object], str]:
    """Return the reader of a content: a text, or parts that have some.

    Args:
        types: of the parts that have a `text`.
        passed_over: beginnings of the types of parts that a model is not told of.
        accepted: these contents, in words.
    """

    def refused(index: int, why: str) -> PydanticCustomError:
        return refusal(f"{accepted}; part {index} {why}")

    def text_of(index: int, part: object) -> str:
        if not isinstance(part, dict):
            raise refused(index, "is no object")
        kind = part.get("type")
        if not isinstance(kind, str) or not (kind in types or kind.startswith(passed_over)):
            raise refused(index, f"is of type {shorten(kind)}")
        if kind not in types:
            return ""
        text = part.get("text")
        if not isinstance(text, str):
            raise refused(index, "has no text")
        return check_text(text)

    def read(value: object) -> str:
        if isinstance(value, str):
            return check_text(value)
        if not isinstance(value, list) or len(value) > _MOST_PARTS:
            raise refusal(accepted)
        return "".join(text_of(index, part) for index, part in enumerate(value))

    return read
