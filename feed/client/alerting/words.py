"""Words of alerts as a client gets them, typed by their `T`. They are plain dicts at run time."""

from typing import Any, Literal, NotRequired, TypeAlias, TypedDict, cast, final

from feed.client.errors import Malformed
from feed.errors import shorten


@final
class Alert(TypedDict):
    """A rule of one's own fired.

    `id` is that of the firing: the same however often it is told. `field`, `op`, `value` and
    `window_s` are of the rule as it was then, `seen` is what the field was, and `at` the position
    of the tick that fired it. `after_gap`: ticks were missing before it, so that it may be late.
    """

    T: Literal["alert"]
    owner: str
    id: str
    rule: str
    symbol: str
    field: str
    op: str
    value: str
    seen: str
    at: str
    t: str
    window_s: NotRequired[float]
    after_gap: NotRequired[bool]
    note: NotRequired[str]


@final
class Acknowledged(TypedDict):
    """A firing was acknowledged, here or elsewhere."""

    T: Literal["acknowledged"]
    owner: str
    id: str
    rule: str
    t: str


AlertEvent: TypeAlias = Alert | Acknowledged

_TEXTS: dict[str, tuple[str, ...]] = {
    "alert": ("id", "rule", "symbol", "field", "op", "value", "seen", "t"),
    "acknowledged": ("id", "t"),
}


def alert_of(told: dict[str, Any]) -> AlertEvent | None:
    """Return what a server told as a word of alerts; None: it is a word of something else.

    Raises:
        Malformed: it lacks what such a word has.
    """
    texts = _TEXTS.get(told["T"])
    if texts is None:
        return None
    if not all(isinstance(told.get(name), str) for name in texts):
        raise Malformed(f"a word {told['T']} has {', '.join(texts)}, not {shorten(told)}")
    return cast("AlertEvent", told)
