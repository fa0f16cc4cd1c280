"""A rule of somebody's, as it stands, and its firings."""

import hashlib
import sys
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import orjson

from feed.alerting.request import RuleRequest, Terms, compact
from feed.market.alert_rules.rule import Hit
from feed.market.alert_words import AlertType, AlertWord
from feed.trust.identity import Identity, Kind
from feed.wire.grants import Grants
from feed.wire.rfc3339 import rfc3339

RULE_PREFIX = "rule_"
RULE_PATTERN = r"^rule_[0-9a-f]{32}$"
FIRING_PATTERN = r"^alert_[0-9a-f]{32}$"
_DIGITS = 32


class RuleState(StrEnum):
    """How a rule stands."""

    ARMED = "armed"  # it is evaluated
    FIRED = "fired"  # once, which was all
    EXPIRED = "expired"
    SUSPENDED = "suspended"  # its owner lost what it sees


@dataclass(slots=True)
class StoredRule:
    """A rule.

    Attributes:
        owner: of its identity, as a digest.
        asked: what was asked for, as JSON: many rules are kept, and few are looked at; its webhook
            has a secret always.
        made_ns: when.
        since: the position after which it is shown ticks.
        armings: how often it fired.
        fired_ns: when it fired last; 0: it never did.
        state: how it stands.
        why: it is suspended, for a person.
        webhook: how the last delivery of its webhook went; "": none yet.
    """

    id: str
    owner: str
    asked: bytes
    made_ns: int
    since: str
    armings: int = 0
    fired_ns: int = 0
    state: RuleState = RuleState.ARMED
    why: str = ""
    webhook: str = ""

    @property
    def request(self) -> RuleRequest:
        """What was asked for."""
        return RuleRequest.of(orjson.loads(self.asked))

    @property
    def terms(self) -> Terms:
        """What the index has to know of it."""
        return Terms.of(orjson.loads(self.asked))

    def record(self) -> bytes:
        """Return all of it, for the book."""
        return orjson.dumps(
            {
                "request": orjson.Fragment(self.asked),
                "made": self.made_ns,
                "since": self.since,
                "armings": self.armings,
                "fired": self.fired_ns,
                "state": self.state.value,
                "why": self.why,
                "webhook": self.webhook,
            }
        )

    @classmethod
    def of(cls, key: str, owner: str, record: bytes) -> "StoredRule":
        """Read what `record` has returned."""
        read = orjson.loads(record)
        return cls(
            key,
            sys.intern(owner),  # who has one has many
            compact(read["request"]),
            read["made"],
            read["since"],
            read["armings"],
            read["fired"],
            RuleState(read["state"]),
            read["why"],
            read["webhook"],
        )

    def document(self, *, with_secret: bool = False) -> dict[str, Any]:
        """Return it as its owner sees it; the secret of its webhook when it is made, and once."""
        asked = self.request.model_dump(exclude_none=True)
        if "webhook" in asked and not with_secret:
            del asked["webhook"]["secret"]
        told = {**asked, "id": self.id, "state": self.state.value, "fired": self.armings}
        told["made"] = rfc3339(self.made_ns)
        more = {"why": self.why, "webhook_state": self.webhook}
        return told | {name: words for name, words in more.items() if words}

    def word(self, asked: RuleRequest, hit: Hit, position: str) -> AlertWord:
        """Return what is said of a hit of its; `asked`: its request."""
        return AlertWord(
            self.owner,
            AlertType.ALERT,
            firing_id(self.id, hit.arming),
            hit.tick.event_ns,
            self.id,
            asked.symbol,
            asked.field,
            asked.op,
            _text(asked.value),
            asked.condition.window_ns / 1e9,
            str(asked.value) if isinstance(asked.value, str) else _text(hit.seen),
            position,
            hit.after_gap,
            asked.note,
        )


def firing_id(rule: str, arming: int) -> str:
    """Return the id of a firing: equal for one arming of one rule."""
    return "alert_" + hashlib.sha256(f"{rule}\0{arming}".encode()).hexdigest()[:_DIGITS]


def record_of(identity: Identity) -> bytes:
    """Return an identity for the book; never a secret, but the digest of one."""
    return orjson.dumps(
        {
            "kind": identity.kind.value,
            "id": identity.id,
            "name": identity.name,
            "grants": identity.grants.document(),
            "expires": identity.expires_wall_ns,
            "proof": identity.proof,
        }
    )


def identity_of_record(record: bytes) -> Identity:
    """Read what `record_of` has returned."""
    read = orjson.loads(record)
    grants = Grants.of_document(read["grants"])
    return Identity(
        Kind(read["kind"]), read["id"], read["name"], grants, read["expires"], read["proof"]
    )


def _text(value: float | str) -> str:
    return value if isinstance(value, str) else f"{value:.12g}"
