"""Publishers for tests, and what they publish."""

from typing import Any

from feed.client.backoff import Backoff
from feed.client.publishing.limits import Limits
from feed.client.publishing.publisher import Publisher
from feed.market.submissions import Trade
from tests.client.test_backoff import longest
from tests.fakes.clocks import ManualClock
from tests.fakes.mini_ingest import MiniIngest

CLOSE_TIMEOUT_S = 33.0  # none of the other times
_OF_LIMITS = tuple(Limits.__dataclass_fields__)


def publisher_of(server: MiniIngest, **options: Any) -> Publisher:
    """Return a publisher whose waits take no time."""
    limits = {name: options.pop(name) for name in _OF_LIMITS if name in options}
    limits.setdefault("close_timeout_s", CLOSE_TIMEOUT_S)
    options.setdefault("clock", ManualClock())
    options.setdefault("backoff", Backoff(longest))
    options.setdefault("producer", "me")
    return Publisher(server.url, limits=Limits(**limits), **options)


def trades(first: int, last: int) -> list[Trade]:
    """Return trades whose ids are these numbers, both included."""
    return [Trade(symbol="OWN", price=1.5, size=1, trade_id=n) for n in range(first, last + 1)]
