"""What tests of rules and dashboards share: all rules, and the metrics that PromQL names."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

FOLDER = Path(__file__).parents[2] / "grafana"
RULE_FILES = ("recording.yml", "alerts.yml")
RULES: list[dict[str, Any]] = [
    rule
    for file in RULE_FILES
    for group in yaml.safe_load((FOLDER / file).read_text())["groups"]
    for rule in group["rules"]
]
ALERTS = {rule["alert"]: rule for rule in RULES if "alert" in rule}

_NAME = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*")
_LITERALS = re.compile(r'"[^"]*"|\{[^}]*\}|\[[^\]]*\]|\b(by|on|without|ignoring)\s*\([^)]*\)')
_WORDS = {"and", "or", "unless", "by", "Inf", "group_left", "group_right", "bool", "offset"}


@dataclass(frozen=True, slots=True)
class Expression:
    """Some PromQL, and where it stands."""

    where: str
    promql: str


def expressions_of_rules() -> Iterator[Expression]:
    for rule in RULES:
        labels = "".join(f" {value}" for value in rule.get("labels", {}).values())
        yield Expression(f"{rule.get('record') or rule['alert']}{labels}", rule["expr"])


def metrics_in(promql: str) -> set[str]:
    """Return the metrics that an expression names: all names that are no function or keyword."""
    bare = _LITERALS.sub(" ", promql)
    return {
        match[0]
        for match in _NAME.finditer(bare)
        if match[0] not in _WORDS and not bare[match.end() :].lstrip().startswith("(")
    }
