"""The models of an upstream: the names that clients use, and the upstream's own.

Where names were configured, they are all that there is. Elsewhere the upstream is asked for its
list, which is kept for a while; a model that is not on it may be there all the same, which only
the upstream knows. Knows no socket.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping

import orjson

from feed.client.clock import Clock
from feed.errors import shorten
from feed.generations.model import ModelError, ModelFault
from feed.settings.language_models import MAX_MODELS, MAX_NAME_LENGTH

KEPT_S = 60.0
FAILED_S = 10.0  # before the list is asked for again that could not be had
_MOST_SHOWN = 10


class UpstreamModels:
    """The models, by name."""

    __slots__ = ("_clock", "_due_s", "_fetch", "_listed", "_lock", "_own_names")

    def __init__(
        self,
        own_names: Mapping[str, str],
        fetch: Callable[[], Awaitable[list[str] | None]],
        clock: Clock,
    ) -> None:
        """Begin without a list.

        Args:
            own_names: the upstream's name of each model, by that which clients use.
            fetch: asks for the list; it returns None where that cannot be had.
            clock: tells how old the list is.
        """
        self._own_names = own_names
        self._fetch = fetch
        self._clock = clock
        self._lock = asyncio.Lock()  # so that many who ask at once are one request
        self._listed: list[str] = []
        self._due_s = float("-inf")

    async def names(self) -> list[str]:
        """Return the names of all models, as far as they are known now."""
        if self._own_names:
            return list(self._own_names)
        async with self._lock:
            if self._clock.mono_s() >= self._due_s:
                listed = await self._fetch()
                self._due_s = self._clock.mono_s() + (FAILED_S if listed is None else KEPT_S)
                self._listed = self._listed if listed is None else listed
        return list(self._listed)

    async def find(self, name: str) -> tuple[str, str]:
        """Return both names of a model: that which clients use, and the upstream's own.

        Args:
            name: that clients use; "" is the first model.

        Raises:
            ModelError: there is none of this name.
        """
        if not name:
            name = next(iter(await self.names()), "")
            if not name:
                raise _unknown("no model is named, and the upstream does not say which it has")
        if self._own_names:
            if name not in self._own_names:
                known = ", ".join(list(self._own_names)[:_MOST_SHOWN])
                raise _unknown(f"there is no model {shorten(name)}; there are {known}")
            return name, self._own_names[name]
        if len(name) > MAX_NAME_LENGTH or not name.isprintable():
            raise _unknown(f"there is no model {shorten(name)}")
        return name, name


def names_in(body: bytes) -> list[str] | None:
    """Return the names in a list of models, as OpenAI's API has it; None: it is none."""
    try:
        said = orjson.loads(body)
    except orjson.JSONDecodeError:
        return None
    listed = said.get("data") if isinstance(said, dict) else None
    if not isinstance(listed, list):
        return None
    names = (each.get("id") for each in listed[:MAX_MODELS] if isinstance(each, dict))
    return [name for name in names if isinstance(name, str) and 0 < len(name) <= MAX_NAME_LENGTH]


def _unknown(words: str) -> ModelError:
    return ModelError(ModelFault.UNKNOWN_MODEL, words)
