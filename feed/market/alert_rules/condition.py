"""Conditions of rules: what is compared with what, checked."""

import re
from dataclasses import dataclass
from enum import StrEnum
from math import isfinite

from feed.errors import InvalidParameter
from feed.market.ticks import MINUTE_NS, SECOND_NS

MOST_VALUE = 1e15
MAX_WINDOW_NS = 24 * 60 * MINUTE_NS
WINDOW_SHAPE = "a duration such as 30s, 5m or 1h, from 1s to 24h"
WINDOW_PATTERN = "^([0-9]{1,5})([smh])$"
_WINDOW = re.compile(WINDOW_PATTERN, re.ASCII)
_UNIT_NS = {"s": SECOND_NS, "m": MINUTE_NS, "h": 60 * MINUTE_NS}


class Field(StrEnum):
    """What a rule looks at."""

    PRICE = "price"
    SPREAD_BP = "spread_bp"
    VOLUME = "volume"
    HEALTH = "health"


class Op(StrEnum):
    """How it is compared."""

    AT_LEAST = ">="
    AT_MOST = "<="
    CROSSES_ABOVE = "crosses_above"
    CROSSES_BELOW = "crosses_below"
    MOVES_PCT = "moves_pct"
    IS = "is"


class Ailment(StrEnum):
    """What a symbol's health can be, for a rule."""

    STALE = "stale"
    HALTED = "halted"


OPS_OF_FIELD: dict[Field, tuple[Op, ...]] = {
    Field.PRICE: (Op.AT_LEAST, Op.AT_MOST, Op.CROSSES_ABOVE, Op.CROSSES_BELOW, Op.MOVES_PCT),
    Field.SPREAD_BP: (Op.AT_LEAST,),
    Field.VOLUME: (Op.AT_LEAST,),
    Field.HEALTH: (Op.IS,),
}


@dataclass(frozen=True, slots=True)
class Condition:
    """What makes a rule fire.

    Attributes:
        value: a number, or for health an ailment.
        window_ns: how far back moves and volumes are counted; 0 for all others.
    """

    field: Field
    op: Op
    value: float | Ailment
    window_ns: int = 0

    @property
    def crosses(self) -> bool:
        """Whether only a value that comes from the other side reaches it."""
        return self.op in {Op.CROSSES_ABOVE, Op.CROSSES_BELOW}

    @property
    def threshold(self) -> float:
        """The number that the values of its series are compared with."""
        return 1.0 if isinstance(self.value, Ailment) else self.value


def parse_condition(field: object, op: object, value: object, window: object = None) -> Condition:
    """Read the condition of a rule.

    Args:
        field: of `Field`, as text.
        op: of `Op`, as text; each field has its own.
        value: a finite number, or for health an ailment.
        window: a duration, for moves and volumes and no others.

    Raises:
        InvalidParameter: one of them is not accepted.
    """
    if not isinstance(field, str) or field not in tuple(Field):
        raise InvalidParameter("field", field, ", ".join(Field))
    ops = OPS_OF_FIELD[Field(field)]
    if not isinstance(op, str) or op not in ops:
        raise InvalidParameter("op", op, f"{', '.join(ops)} (for {field})")
    if field == Field.HEALTH:
        if not isinstance(value, str) or value not in tuple(Ailment):
            raise InvalidParameter("value", value, " or ".join(Ailment))
        checked: float | Ailment = Ailment(value)
    else:
        checked = _parse_number(value, may_be_negative=op in ops[:4] and field == Field.PRICE)
    is_windowed = op == Op.MOVES_PCT or field == Field.VOLUME
    if not is_windowed and window is not None:
        raise InvalidParameter("window", window, "none, but for moves_pct and volume")
    return Condition(Field(field), Op(op), checked, parse_window(window) if is_windowed else 0)


def parse_window(window: object) -> int:
    """Read a window such as 5m, in nanoseconds.

    Raises:
        InvalidParameter: it is not a duration, or too short or too long.
    """
    match = _WINDOW.fullmatch(window) if isinstance(window, str) else None
    window_ns = int(match[1]) * _UNIT_NS[match[2]] if match else 0
    if not 0 < window_ns <= MAX_WINDOW_NS:
        raise InvalidParameter("window", window, WINDOW_SHAPE)
    return window_ns


def _parse_number(value: object, *, may_be_negative: bool) -> float:
    # Prices of spreads between contracts are negative; so are those of oil, once in a while.
    lowest = -MOST_VALUE if may_be_negative else 0.0
    if isinstance(value, int | float) and not isinstance(value, bool):
        in_range = lowest <= value <= MOST_VALUE and (may_be_negative or value > 0)
        if in_range and isfinite(value):
            return float(value)
    least = f"at least {lowest:g}" if may_be_negative else "more than 0"
    raise InvalidParameter("value", value, f"a finite number, {least} and at most {MOST_VALUE:g}")
