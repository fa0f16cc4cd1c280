"""What a writer that stands by answers: its health, its metrics, and who is to be asked instead."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp.test_utils import TestClient, TestServer
from prometheus_client.parser import text_string_to_metric_families

from feed.cluster.address import BusAddress
from feed.cluster.link import Link
from feed.http.standby import standby_app
from feed.metrics.bus import standby_text
from feed.reign.tenure import Ending, Role, Tenure

Client = TestClient[Any, Any]


@pytest.fixture
def tenure() -> Tenure:
    return Tenure()


@pytest.fixture
async def client(tenure: Tenure) -> AsyncIterator[Client]:
    link = Link(BusAddress.parse("nats://127.0.0.1:1/feed", "--bus"))
    app = standby_app(lambda: tenure.role.value, lambda: standby_text(tenure, link))
    async with TestClient(TestServer(app)) as found:
        yield found


async def test_it_lives_and_is_not_ready(client: Client, tenure: Tenure) -> None:
    assert (await client.get("/healthz")).status == 200
    tenure.role = Role.BEGINNING
    answer = await client.get("/readyz")
    assert (answer.status, await answer.json()) == (503, {"status": "beginning"})


async def test_prometheus_is_told_its_role_and_its_terms(client: Client, tenure: Tenure) -> None:
    tenure.terms = 2
    tenure.endings[Ending.LEASE] += 1
    answer = await client.get("/metrics")
    assert answer.status == 200
    assert answer.headers["Content-Type"].startswith("text/plain")
    told = {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(await answer.text())
        for sample in family.samples
    }
    assert told["feed_bus_role", "standby"] == 1
    assert told["feed_bus_role", "leader"] == 0
    assert told["feed_bus_terms_total",] == 2
    assert told["feed_bus_endings_total", "lease"] == 1
    assert told["feed_bus_up",] == 0
    assert all(name.startswith("feed_bus_") for name, *_ in told), "and nothing else"


async def test_all_else_is_answered_by_whoever_leads(client: Client) -> None:
    for path in ("/v1/status", "/v1/sse", "/metrics/"):
        answer = await client.get(path)
        assert answer.status == 503
        assert answer.headers["Retry-After"] == "1"
        assert "another one leads" in await answer.text()
