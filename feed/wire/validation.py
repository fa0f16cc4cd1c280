"""Validating maps from outside by pydantic's models, with our own errors.

An error names one parameter, its value, and the accepted ones; pydantic's words are kept where they
say the last of these. The value of an unknown parameter is not shown: a secret may stand there.
"""

import difflib
from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic_core import PydanticCustomError

from feed.errors import HIDDEN, InvalidMessage, InvalidParameter, shorten

Model = TypeVar("Model", bound=BaseModel)


class Strict(BaseModel):
    """A model that converts nothing, and refuses other keys than its own."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


def refusal(accepted: str) -> PydanticCustomError:
    """Return the error with which a validator refuses a value."""
    return PydanticCustomError("refused", "{accepted}", {"accepted": accepted})


def map_of(value: object, key: str) -> dict[Any, Any]:
    """Return a decoded value, which must be a map.

    Raises:
        InvalidMessage: it is not; the error names a key that the map should have.
    """
    if not isinstance(value, dict):
        words = f"a message is a map with the key {key}, not {type(value).__name__}"
        raise InvalidMessage(words)
    return value


def validate(model: type[Model], fields: Mapping[Any, Any]) -> Model:
    """Return a model of these fields.

    Raises:
        InvalidMessage: a key is not text.
        InvalidParameter: names the first field that is not accepted, its value, and those that are.
    """
    known = model.model_fields
    refuses_others = model.model_config.get("extra") == "forbid"
    for key in fields:  # before pydantic, which makes an error of each
        if not isinstance(key, str):
            raise InvalidMessage("a message has keys that are text only")
        if refuses_others and key not in known:
            raise InvalidParameter(key, HIDDEN, f"the keys {listed(key, known)}")
    try:
        return model.model_validate(fields)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        parameter = ".".join(str(part) for part in first["loc"])
        accepted = first["msg"].removeprefix("Input should be ")
        raise InvalidParameter(parameter, first["input"], accepted) from None


def listed(unknown: str, names: Iterable[str]) -> str:
    """Return names as a list in words, and the one that was probably meant."""
    names = list(names)
    short = len(unknown) <= 2 * max(map(len, names), default=0)  # difflib walks over all of it
    close = difflib.get_close_matches(unknown, names, n=1) if short else []
    words = ", ".join(sorted(names))
    return f"{words}; did you mean {shorten(close[0])}?" if close else words
