"""What a server says of itself at `/v1/status`, awaited."""

from collections.abc import Callable
from typing import Any

from tests.e2e.chromium import until
from tests.e2e.conftest import Program


async def until_status(program: Program, condition: Callable[[Any], object]) -> None:
    """Wait until what the server says at `/v1/status` is as it should be."""
    statuses: list[Any] = []

    async def holds() -> object:
        statuses[:] = [await program.document("/v1/status")]
        return condition(statuses[0])

    try:
        await until(holds)
    except TimeoutError:
        raise AssertionError(f"the server is not as it should be: {statuses}") from None


def connected(status: Any) -> dict[str, int]:
    """Return how many connections there are of each transport."""
    return {transport: count for transport, count in status["connections"].items() if count}
