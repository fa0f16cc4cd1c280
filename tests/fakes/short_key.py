"""A server with one key, whose end a test brings about; for SDKs that live by it."""

from dataclasses import dataclass
from pathlib import Path

from feed.trust.identities import MISSING
from feed.trust.key_changes import add_key
from tests.fakes.hand_clock import HandClock
from tests.fakes.patience import PROGRAM_PATIENCE_S, until
from tests.fakes.servers import Feed, Serve

LIFE_S = 3_600


@dataclass
class ShortKey:
    """A key that is good until the test lets its time pass.

    Attributes:
        id, secret: of the key.
        clock: of the server.
    """

    id: str
    secret: str
    clock: HandClock

    def expire(self) -> None:
        self.clock.step_s(LIFE_S)


async def guarded(serve: Serve, folder: Path) -> tuple[Feed, ShortKey]:
    """Start a server that lets in whoever has its key, which is told to end in an hour."""
    clock, path = HandClock(), folder / "keys.toml"
    end_ns = clock.wall_ns + LIFE_S * 10**9
    made = add_key(path, "desk", wall_ns=clock.wall_ns, expires_wall_ns=end_ns, grants={})
    # By this clock nobody is late with `auth`, and housekeeping is frequent.
    feed = await serve(keys=path, clock=clock.clock, auth_timeout_s=0.2)
    return feed, ShortKey(made.id, made.secret, clock)


async def subscribed(feed: Feed) -> None:
    """Wait until somebody has subscribed to something."""
    lanes = feed.hub.broadcast.lanes
    await until(
        lambda: any(lane.payload.key.selection.symbols for lane in lanes), PROGRAM_PATIENCE_S
    )


def outcomes(feed: Feed) -> dict[str, int]:
    """Return what became of the credentials that were shown."""
    counted = feed.hub.identities.outcomes
    return {each: count for each, count in counted.items() if each != MISSING}
