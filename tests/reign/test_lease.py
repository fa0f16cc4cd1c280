"""The lease, with a real server of NATS."""

from typing import Any

import pytest

from feed.cluster.errors import BusAway
from feed.cluster.lease import Claim, Held, Lease
from feed.cluster.link import Link
from feed.cluster.making import make
from feed.cluster.names import LEADER_KEY
from tests.fakes.nats import needs_nats
from tests.reign.conftest import PLAN

pytestmark = [needs_nats, pytest.mark.programs]
OURS, THEIRS = Claim("ours", 1, "http://o"), Claim("theirs", 0, "http://t")


async def test_one_has_it_until_it_is_given_up(link: Link) -> None:
    await make(link, PLAN)
    ours, theirs = Lease(link), Lease(link)
    assert await ours.take(OURS) is Held.OURS
    assert await theirs.take(THEIRS) is Held.ANOTHERS
    assert await ours.renew(OURS) is Held.OURS
    await ours.release()
    assert await theirs.take(THEIRS) is Held.OURS
    assert await ours.renew(OURS) is Held.ANOTHERS


async def test_it_is_kept_where_the_answer_to_its_renewal_was_lost(
    link: Link, monkeypatch: pytest.MonkeyPatch
) -> None:
    await make(link, PLAN)
    lease, request = Lease(link), Link.request
    assert await lease.take(OURS) is Held.OURS

    async def lose(*asked: Any) -> dict[str, Any]:
        await request(*asked)
        raise BusAway("NATS does not answer")

    with monkeypatch.context() as losing:
        losing.setattr(Link, "request", lose)
        with pytest.raises(BusAway):
            await lease.renew(OURS)
    assert await lease.renew(OURS) is Held.OURS
    assert await Lease(link).take(THEIRS) is Held.ANOTHERS


@pytest.mark.parametrize("value", [b"by hand", b"[]", b"{}"])
async def test_a_value_that_is_no_claim_is_anothers(link: Link, value: bytes) -> None:
    await make(link, PLAN)
    await link.request(f"$KV.{link.address.names.lead}.{LEADER_KEY}", value, {})
    assert await Lease(link).take(OURS) is Held.ANOTHERS
