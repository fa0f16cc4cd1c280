"""What a rule is asked for: the symbol, the condition, and what happens when it is true.

Knows no clock, instrument or index.
"""

from dataclasses import dataclass
from typing import Annotated, Any, Self

import orjson
import pydantic
from pydantic import AfterValidator, field_validator

from feed.alerting.signature import ACCEPTED as SECRETS
from feed.alerting.signature import is_secret, new_secret
from feed.errors import InvalidParameter
from feed.market.alert_rules.condition import (
    MOST_VALUE,
    WINDOW_PATTERN,
    Ailment,
    Condition,
    Field,
    Op,
    parse_condition,
)
from feed.market.ticks import Channel
from feed.wire.beginning import Moment, read_beginning
from feed.wire.request_fields import Symbol
from feed.wire.validation import Strict, map_of, refusal, validate

MAX_REQUEST_BYTES = 16 << 10
MAX_NOTE_LENGTH = 200
COOLDOWN_S = 60.0  # by default
_TIME = "a time such as 2026-11-27T14:30:00Z"

CHANNEL_OF: dict[str, Channel] = {  # whose grant a rule needs
    Field.PRICE: Channel.TRADES,
    Field.VOLUME: Channel.TRADES,
    Field.SPREAD_BP: Channel.QUOTES,
    Field.HEALTH: Channel.STATUSES,
}


def _is_time(text: str) -> str:
    try:
        moment = read_beginning(text)
    except InvalidParameter:
        raise refusal(_TIME) from None
    if not isinstance(moment, Moment):
        raise refusal(_TIME)
    return text


def _is_note(text: str) -> str:
    if not text.isprintable():
        raise refusal(f"at most {MAX_NOTE_LENGTH} printable characters")
    return text


class Webhook(Strict):
    """Where a firing is sent to."""

    url: Annotated[str, pydantic.Field(description="http or https; redirects are not followed")]
    secret: Annotated[
        str | None, pydantic.Field(description="of signatures; by default a new one")
    ] = None

    @field_validator("secret")
    @classmethod
    def _is_secret(cls, value: str | None) -> str | None:
        if value is not None and not is_secret(value):
            raise refusal(SECRETS)
        return value


class RuleRequest(Strict):
    """A rule."""

    symbol: Symbol
    field: Annotated[str, pydantic.Field(json_schema_extra={"enum": [*Field]})]
    op: Annotated[
        str,
        pydantic.Field(
            description="of a price `>=`, `<=`, `crosses_above`, `crosses_below` or `moves_pct`; "
            "of a spread and a volume `>=`; of a health `is`",
            json_schema_extra={"enum": [*Op]},
        ),
    ]
    value: Annotated[
        Annotated[float, pydantic.Field(ge=-MOST_VALUE, le=MOST_VALUE)]
        | Annotated[str, pydantic.Field(json_schema_extra={"enum": [*Ailment]})],
        pydantic.Field(description="a number; of a health `stale` or `halted`"),
    ]
    window: Annotated[
        Annotated[str, pydantic.Field(json_schema_extra={"pattern": WINDOW_PATTERN})] | None,
        pydantic.Field(description="of `moves_pct` and of a volume: 1s to 24h"),
    ] = None
    once: Annotated[bool, pydantic.Field(description="it fires once; else it is armed again")] = (
        True
    )
    cooldown_s: Annotated[
        float,
        pydantic.Field(ge=1, le=86_400, allow_inf_nan=False, description="until it is armed again"),
    ] = COOLDOWN_S
    expires: Annotated[
        Annotated[str, AfterValidator(_is_time)] | None, pydantic.Field(description="when it ends")
    ] = None
    webhook: Webhook | None = None
    note: Annotated[
        Annotated[str, pydantic.Field(max_length=MAX_NOTE_LENGTH), AfterValidator(_is_note)],
        pydantic.Field(description="comes with each firing"),
    ] = ""

    @classmethod
    def of(cls, document: object) -> Self:
        """Validate a decoded body.

        Raises:
            InvalidMessage: it is not a map of texts.
            InvalidParameter: a field of it is not accepted.
        """
        fields = map_of(document, "symbol")
        for name in ("symbol", "field", "op", "value"):
            if name not in fields:
                raise InvalidParameter(name, None, "a value: it is due in every rule")
        parse_condition(*(fields.get(name) for name in ("field", "op", "value", "window")))
        if isinstance(fields["value"], int):
            fields = {**fields, "value": float(fields["value"])}
        if isinstance(fields.get("webhook"), dict):
            fields = {**fields, "webhook": validate(Webhook, fields["webhook"])}
        return validate(cls, fields)

    @property
    def condition(self) -> Condition:
        """What makes it fire."""
        return parse_condition(self.field, self.op, self.value, self.window)

    @property
    def channel(self) -> Channel:
        """The channel that has to be granted."""
        return CHANNEL_OF[self.field]

    @property
    def expires_ns(self) -> int:
        """When it ends; 0: never."""
        return _expires_ns(self.expires)

    def document(self) -> dict[str, Any]:
        """Return it as plain data, without what stands for itself."""
        return self.model_dump(exclude_none=True, exclude_defaults=True)

    def packed(self) -> bytes:
        """Return the same as JSON, with a secret for its webhook."""
        hook, document = self.webhook, self.document()
        if hook is not None and hook.secret is None:
            document["webhook"] = {"url": hook.url, "secret": new_secret()}
        return compact(document)


@dataclass(frozen=True, slots=True)
class Terms:
    """What the index has to know of a rule."""

    symbol: str
    condition: Condition
    once: bool
    cooldown_s: float
    expires_ns: int

    @classmethod
    def of(cls, document: dict[str, Any]) -> Self:
        """Read what `RuleRequest.document` returned, which was validated."""
        asked = document.get
        condition = parse_condition(asked("field"), asked("op"), asked("value"), asked("window"))
        cooldown_s, expires_ns = asked("cooldown_s", COOLDOWN_S), _expires_ns(asked("expires"))
        return cls(document["symbol"], condition, asked("once", True), cooldown_s, expires_ns)


def compact(document: dict[str, Any]) -> bytes:
    """Return JSON in no more memory than it needs: orjson leaves room behind it."""
    return bytes(memoryview(orjson.dumps(document)))


def _expires_ns(expires: str | None) -> int:
    moment = None if expires is None else read_beginning(expires)
    return moment.unix_ns if isinstance(moment, Moment) else 0
