"""Checkpoints in the object store: one is there, and nothing of others."""

import pytest

from feed.cluster.errors import BusAway
from feed.cluster.link import Link
from feed.cluster.making import make
from feed.reign import checkpoints
from tests.fakes.nats import needs_nats
from tests.reign.conftest import PLAN

pytestmark = [needs_nats, pytest.mark.programs]
PUBLISHED = checkpoints._published


@pytest.mark.parametrize("erase", [True, False])
async def test_nothing_is_left_of_one_that_was_written_in_part(
    link: Link, monkeypatch: pytest.MonkeyPatch, *, erase: bool
) -> None:
    await make(link, PLAN)
    monkeypatch.setattr(checkpoints, "CHUNK_BYTES", 10)
    await checkpoints.put(link, b"first" * 10, erase=erase)
    with monkeypatch.context() as failing:
        failing.setattr(checkpoints, "_published", chunks_alone)
        with pytest.raises(BusAway):
            await checkpoints.put(link, b"in part" * 10, erase=erase)
    assert await checkpoints.get(link) == b"first" * 10
    await checkpoints.put(link, b"second" * 10, erase=erase)
    assert await checkpoints.get(link) == b"second" * 10
    told = await link.ask(f"STREAM.INFO.OBJ_{link.address.names.state}")
    assert told["state"]["messages"] == 6 + 1  # its chunks, and what is said of it


async def chunks_alone(
    link: Link, subject: str, data: bytes, headers: dict[str, str] | None = None
) -> None:
    if headers is not None:
        raise BusAway("NATS does not answer")
    await PUBLISHED(link, subject, data)
