"""Rules of alerts, as one writes them and as a server has them. Knows no socket."""

from typing import Any, Literal, NotRequired, TypedDict, cast

from feed.client.errors import Malformed
from feed.errors import InvalidParameter, shorten
from feed.market.alert_rules.condition import parse_condition
from feed.market.symbols import SYMBOL_SHAPE, is_symbol

FieldName = Literal["price", "spread_bp", "volume", "health"]
OpName = Literal[">=", "<=", "crosses_above", "crosses_below", "moves_pct", "is"]


class Webhook(TypedDict):
    """Where firings are sent to; `secret` is of their signatures, by default a new one."""

    url: str
    secret: NotRequired[str]


class Rule(TypedDict):
    """A rule as a server has it.

    `state` is how it stands, `fired` how often it did. `webhook` has its secret once: when the rule
    was made, or it was changed. `why`: it is suspended; `webhook_state` is how the last one went.
    """

    id: str
    symbol: str
    field: FieldName
    op: OpName
    value: float | str
    once: bool
    cooldown_s: float
    note: str
    state: str
    fired: int
    made: str
    window: NotRequired[str]
    expires: NotRequired[str]
    webhook: NotRequired[Webhook]
    why: NotRequired[str]
    webhook_state: NotRequired[str]


class Changes(TypedDict, total=False):
    """What becomes of a rule; None removes a key."""

    symbol: str
    field: FieldName
    op: OpName
    value: float | str
    window: str | None
    once: bool | None
    cooldown_s: float | None
    expires: str | None
    webhook: Webhook | None
    note: str | None


def check_rule(rule: dict[str, Any]) -> None:
    """See that a server can take a rule.

    Raises:
        InvalidParameter: it is not accepted.
    """
    symbol = rule["symbol"]
    if not (isinstance(symbol, str) and is_symbol(symbol)):
        raise InvalidParameter("symbol", symbol, SYMBOL_SHAPE)
    parse_condition(rule["field"], rule["op"], rule["value"], rule.get("window"))


def check_id(name: str, value: object) -> str:
    """Return an id that can stand in a path.

    Raises:
        InvalidParameter: it is none.
    """
    shape = f"the id of a {name}: {name}_ and 32 hexadecimal digits"
    if not isinstance(value, str) or not value.isascii() or not value.isprintable():
        raise InvalidParameter(name, value, shape)
    if not value.startswith(f"{name}_") or not value.removeprefix(f"{name}_").isalnum():
        raise InvalidParameter(name, value, shape)
    return value


def rule_of(answer: object) -> Rule:
    """Return the rule that an answer is.

    Raises:
        Malformed: it is none.
    """
    if not isinstance(answer, dict) or not isinstance(answer.get("id"), str):
        raise Malformed(f"a rule has an id, not {shorten(answer)}")
    return cast("Rule", answer)
