"""Ticks as a client gets them, in a test's few words."""

from collections.abc import Iterable
from typing import Any, cast

from feed.client.ticks import Tick


def ids_of(ticks: Iterable[Tick]) -> list[int]:
    """Return the ids of trades."""
    return [tick["i"] for tick in ticks if tick["T"] == "t"]


def as_tick(fields: dict[str, Any]) -> Tick:
    """Pass an object off as a tick, whatever it lacks: nothing checks those that a server sends."""
    return cast("Tick", fields)
