"""A writer and its edges, in the test's own process, and clients of them."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import aiohttp
import orjson
import pytest

from feed.generations.model import Model
from feed.http.app import ROOMS
from feed.rooms.desk import Rooms
from tests.fakes.edges import Edge, Edges, edges
from tests.fakes.servers import Feed, Paces, Serve

SECRET = "0123456789abcdef" * 4

__all__ = ["edges"]


@dataclass
class Cluster:
    """A writer, an edge, and a client that asks either.

    Attributes:
        key: the file of the cluster key.
    """

    writer: Feed
    edge: Edge
    client: aiohttp.ClientSession
    key: Path

    async def ask(
        self, method: str, path: str, *, at: str | None = None, **more: Any
    ) -> tuple[int, Any]:
        """Return status and document of an answer, of the edge unless it is asked at a URL."""
        async with self.client.request(method, f"{at or self.edge.url}{path}", **more) as answer:
            body = await answer.read()
            return answer.status, orjson.loads(body) if body else None

    @property
    def rooms(self) -> Rooms:
        """The writer's."""
        return self.writer.server.app[ROOMS]

    @property
    def at_writer(self) -> str:
        return self.writer.url("")


class OpenCluster(Protocol):
    async def __call__(
        self,
        *,
        model: Model | None = None,
        writer: dict[str, Any] | None = None,
        edge: dict[str, Any] | None = None,
        keyed: bool = True,
        key_file: str = "",
        **settings: Any,
    ) -> Cluster: ...


@pytest.fixture
async def client() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


@pytest.fixture
def open_cluster(
    serve: Serve, edges: Edges, client: aiohttp.ClientSession, tmp_path: Path
) -> OpenCluster:
    """Start a writer and an edge that share a key, unless they are told otherwise."""

    async def start(
        *,
        model: Model | None = None,
        writer: dict[str, Any] | None = None,
        edge: dict[str, Any] | None = None,
        keyed: bool = True,
        key_file: str = "",
        **settings: Any,
    ) -> Cluster:
        key = tmp_path / "cluster.key"
        key.write_text(SECRET)
        both = {**({"cluster_key": key} if keyed else {}), **settings}
        paces: Paces = {} if model is None else {"embedded": model}
        feed = await serve(paces=paces, **{**both, **(writer or {})})
        made = await edges(feed.url(""), key_file, **{**both, **(edge or {})})
        await made.reach(feed.hub.broadcast.position)
        return Cluster(feed, made, client, key)

    return start
