"""The intervals of conflation: a few, shared by all subscribers, and how they are written."""

import re

from feed.errors import InvalidParameter

# Few, so that subscribers share lanes; others are rounded up, and the acknowledgement says so.
INTERVALS_MS = (50, 100, 250, 500, 1_000, 2_000, 5_000)
_INTERVAL = re.compile(r"([0-9]{1,6})(ms|s)", re.ASCII)
# For documents: the same up to the longest of these.
INTERVAL_PATTERN = "^(0{0,5}[0-5]s|0{0,2}([0-4]?[0-9]{1,3}|5000)ms)$"
_MS_PER_S = 1_000


def parse_interval(text: object, parameter: str = "conflate") -> int:
    """Read `250ms` or `1s`, rounded up to a step that is shared; 0: not conflated.

    Raises:
        InvalidParameter: it is not an interval, or longer than the longest step.
    """
    match = _INTERVAL.fullmatch(text) if isinstance(text, str) else None
    interval_ms = int(match[1]) * (_MS_PER_S if match[2] == "s" else 1) if match else -1
    if interval_ms == 0:
        return 0
    for step_ms in INTERVALS_MS:
        if 0 < interval_ms <= step_ms:
            return step_ms
    steps = ", ".join(map(format_interval, INTERVALS_MS))
    accepted = f"an interval such as 250ms, at most {format_interval(INTERVALS_MS[-1])} "
    raise InvalidParameter(parameter, text, f"{accepted}(rounded up to one of {steps}), or 0ms")


def format_interval(interval_ms: int) -> str:
    """Return an interval as it is written: `250ms`, `1s`."""
    seconds, rest = divmod(interval_ms, _MS_PER_S)
    return f"{interval_ms}ms" if rest or not seconds else f"{seconds}s"
