"""The source that the settings name."""

import math
import random

from feed.settings.options import Settings
from feed.sources.replay.source import ReplaySource
from feed.sources.simulated.source import SimulatedSource
from feed.sources.source import Source


def make_source(settings: Settings) -> Source:
    """Return the source that the settings name; it is not opened yet.

    Raises:
        FeedError: an option of the source is not accepted.
    """
    if settings.replay_file is not None:
        return ReplaySource(
            path=settings.replay_file,
            speed="max" if math.isinf(settings.speed) else settings.speed,
            loop=settings.loop,
            on_bad_row=settings.on_bad_row,
        )
    seed = random.SystemRandom().getrandbits(64) if settings.seed is None else settings.seed
    return SimulatedSource(
        symbols=settings.symbols if isinstance(settings.symbols, int) else list(settings.symbols),
        rate=settings.rate,
        seed=seed,
        start_ns=settings.start_ns,
    )
