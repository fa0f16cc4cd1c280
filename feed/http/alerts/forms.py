"""The forms of what is answered of alerts, for documents."""

from typing import Annotated, Literal, NotRequired

from pydantic import Field
from typing_extensions import TypedDict

from feed.alerting.rule import FIRING_PATTERN, RULE_PATTERN, RuleState
from feed.http.answer_models import IdentityPortrait
from feed.market.alert_words import OWNER_PATTERN
from feed.wire.message_models import Count

_Time = Annotated[str, Field(json_schema_extra={"format": "date-time"})]
_RuleId = Annotated[str, Field(pattern=RULE_PATTERN)]
_FiringId = Annotated[str, Field(pattern=FIRING_PATTERN)]


class WebhookAnswer(TypedDict):
    """Where firings go."""

    url: str
    secret: NotRequired[Annotated[str, Field(description="shown when a rule is made or changed")]]


class RuleAnswer(TypedDict):
    """A rule."""

    id: _RuleId
    symbol: str
    field: str
    op: str
    value: float | str
    window: NotRequired[str]
    once: bool
    cooldown_s: float
    expires: NotRequired[_Time]
    webhook: NotRequired[WebhookAnswer]
    note: str
    state: RuleState
    fired: Annotated[int, Field(ge=0, description="how often")]
    made: _Time
    why: NotRequired[Annotated[str, Field(description="it is suspended")]]
    webhook_state: NotRequired[Annotated[str, Field(description="how the last webhook went")]]


class RulesAnswer(TypedDict):
    """A page of one's own rules, in the order of their ids."""

    rules: list[RuleAnswer]
    after: Annotated[_RuleId | None, Field(description="of the next page; null: there is none")]


class AccountLine(TypedDict):
    """What an owner has."""

    owner: Annotated[str, Field(pattern=OWNER_PATTERN)]
    identity: Annotated[
        IdentityPortrait | None, Field(description="the same; null: it is not known any more")
    ]
    rules: Annotated[dict[RuleState, Count], Field(description="by state")]
    firings: Annotated[Count, Field(description="that are not acknowledged")]


class AccountsAnswer(TypedDict):
    """A page of owners."""

    owners: list[AccountLine]
    next: Annotated[str | None, Field(description="the `after` of the next page; null: the last")]
    total: Annotated[Count, Field(description="all who have rules, or alerts that wait")]


class FiringAnswer(TypedDict):
    """A firing, or that it was acknowledged."""

    T: Literal["alert", "acknowledged"]
    owner: Annotated[str, Field(pattern=OWNER_PATTERN)]
    id: _FiringId
    rule: _RuleId
    symbol: NotRequired[str]
    field: NotRequired[str]
    op: NotRequired[str]
    value: NotRequired[str]
    window_s: NotRequired[float]
    seen: NotRequired[str]
    at: NotRequired[str]
    after_gap: NotRequired[bool]
    note: NotRequired[str]
    t: _Time


class FiringsAnswer(TypedDict):
    """One's own firings that are not acknowledged, in the order in which they fired."""

    firings: list[FiringAnswer]


class DeletedAnswer(TypedDict):
    """A rule that is deleted."""

    id: _RuleId
    deleted: Literal[True]
