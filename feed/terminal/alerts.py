"""Alerts in a terminal: rules and firings, a line each."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

import orjson

from feed.client.alerting.alerts import Alerts
from feed.client.alerting.rules import Rule
from feed.client.alerting.words import Alert
from feed.terminal.words import printable

Write = Callable[[bytes], object]


async def watch(
    alerts: Alerts, write: Write, *, as_json: bool, acknowledge: bool, count: int | None
) -> None:
    """Print firings until so many are; None: for ever.

    Args:
        alerts: of somebody.
        write: takes what is printed.
        as_json: print them as they are, one object a line.
        acknowledge: each, once it is printed.
        count: how many.

    Raises:
        FeedError: they cannot be read on, or not be acknowledged.
        OSError: `write` failed.
    """
    printed = 0
    async for firing in alerts:
        write(orjson.dumps(firing) + b"\n" if as_json else f"{firing_line(firing)}\n".encode())
        if acknowledge:
            await alerts.acknowledge(firing["id"])
        printed += 1
        if printed == count:
            return


def write_rules(rules: tuple[Rule, ...], write: Write, *, as_json: bool) -> None:
    """Print rules."""
    for rule in rules:
        write(orjson.dumps(rule) + b"\n" if as_json else f"{rule_line(rule)}\n".encode())


def firing_line(firing: Alert) -> str:
    """Return a firing for a person."""
    window_s = firing.get("window_s")
    window = f" within {window_s:g} s" if isinstance(window_s, int | float) else ""
    late = ", after a gap" if firing.get("after_gap") else ""
    parts = [_time(firing["t"]), printable(firing["id"]), f"{_condition(firing)}{window}:"]
    return " ".join([*parts, f"{printable(firing['seen'])}{late}{_note(firing)}"])


def rule_line(rule: Rule) -> str:
    """Return a rule for a person: its id, how it stands, what it waits for."""
    window = f" within {printable(rule['window'])}" if "window" in rule else ""
    once = "" if rule.get("once", True) else f", again after {rule['cooldown_s']:g} s"
    expires = f", until {printable(rule['expires'])}" if "expires" in rule else ""
    why = f" ({printable(rule['why'], 500)})" if "why" in rule else ""
    state = f"{printable(rule['state'])}{why}"
    words = f"{_condition(rule)}{window}{once}{expires}{_note(rule)}"
    return f"{printable(rule['id'])} {state}: {words}"


def _condition(told: Mapping[str, Any]) -> str:
    return " ".join(printable(told[name]) for name in ("symbol", "field", "op", "value"))


def _note(told: Mapping[str, Any]) -> str:
    return f" – {printable(told['note'], 500)}" if told.get("note") else ""


def _time(told: str) -> str:
    """Return a time of the wire as the clock on the wall shows it."""
    try:
        return f"{datetime.fromisoformat(told).astimezone():%F %T}"
    except ValueError:
        return printable(told)
