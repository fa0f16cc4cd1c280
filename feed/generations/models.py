"""The models that may be asked: those of an upstream, and the one that is built in."""

from feed.errors import shorten
from feed.generations.model import Model, ModelError, ModelFault
from feed.generations.upstream import Upstream

_MOST_SHOWN = 10  # names, of those that were configured


class Models:
    """All models of a server, by name."""

    __slots__ = ("_embedded", "_upstream")

    def __init__(self, embedded: Model, upstream: Upstream | None) -> None:
        """Make them of the one that is built in, and of those of an upstream."""
        self._embedded = embedded
        self._upstream = upstream

    @property
    def fixed(self) -> list[str]:
        """The names that are known from the start, whatever an upstream says that it has."""
        configured = [] if self._upstream is None else self._upstream.configured
        return [*configured, self._embedded.name]

    async def names(self) -> list[str]:
        """Return all names, first that of the model that answers where none is named."""
        known = [] if self._upstream is None else await self._upstream.names()
        return [*known, self._embedded.name]

    async def find(self, name: str) -> Model:
        """Return the model of a name; of "" the first.

        Raises:
            ModelError: there is none; it names those that there are.
        """
        if name == self._embedded.name or not (name or self._upstream):
            return self._embedded
        configured = [] if self._upstream is None else self._upstream.configured
        if self._upstream is None or (configured and name not in {"", *configured}):
            served = ", ".join([*configured[:_MOST_SHOWN], self._embedded.name])
            words = f"model: {shorten(name)} is not served; served: {served}"
            raise ModelError(ModelFault.UNKNOWN_MODEL, words)
        return await self._upstream.find(name)

    async def close(self) -> None:
        """Close the connections to the upstream."""
        if self._upstream is not None:
            await self._upstream.close()
