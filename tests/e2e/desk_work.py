"""What somebody at a desk does over HTTP: talks in a room, makes rules of alerts, exports."""

import httpx

ROOM = "/v1/rooms/desk"
NOWHERE = "http://127.0.0.1:9/"  # nobody listens
SOON, NEVER = 0.01, 1e9  # prices at which a rule fires


async def talk(client: httpx.AsyncClient, number: int) -> None:
    """Be in a room, say something there twice and otherwise, and change the list."""
    message = {"id": f"m{number}", "text": "halted?"}
    await client.post(f"{ROOM}/presence", json={"name": "Ann"})
    for body in (message, message, {**message, "text": "other"}):
        await client.post(f"{ROOM}/messages", json=body)
    for change in ("add", "remove"):
        await client.post(f"{ROOM}/list", json={"op": change, "symbol": "AAPL"})


async def rule(client: httpx.AsyncClient, symbol: str, value: float, webhook: str = "") -> str:
    """Make a rule that fires at a price, and goes to a webhook; return where it is."""
    body = {"symbol": symbol, "field": "price", "op": ">=", "value": value}
    hook = {"webhook": {"url": webhook}} if webhook else {}
    made = await client.post("/v1/alerts", json={**body, **hook})
    assert made.status_code == httpx.codes.CREATED, made.text
    return made.headers["Location"]


async def acknowledge(client: httpx.AsyncClient) -> None:
    """Acknowledge all alerts."""
    for alert in (await client.get("/v1/firings")).json()["firings"]:
        await client.post(f"/v1/firings/{alert['id']}/acknowledge")


async def export(client: httpx.AsyncClient) -> None:
    """Export the ring, and wait until that is done or has failed."""
    asked = await client.post("/v1/jobs", json={"kind": "ring"})
    assert asked.status_code == httpx.codes.ACCEPTED, asked.text
    await client.get(asked.headers["Location"], headers={"Accept": "text/event-stream"})
