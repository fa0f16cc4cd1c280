"""Dashboards: the JSON is what the code makes, Grafana's SDK reads it, every metric has a panel."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from tests.fakes.raw_http import RawHttp
from tests.fakes.servers import Serve

pytest.importorskip("grafana_foundation_sdk", reason="grafana-foundation-sdk is not installed")

from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.cog.plugins import register_default_plugins
from grafana_foundation_sdk.models.dashboard import Dashboard
from prometheus_client import Metric
from prometheus_client.parser import text_string_to_metric_families

from grafana.build import BOARDS, FOR_QUERIES_ONLY, encoded, main
from grafana.house import Board, Panel, Unit
from tests.grafana.rules import RULES, Expression, expressions_of_rules, metrics_in

PANELS = [
    pytest.param(panel, id=f"{board.title}: {panel.title}")
    for board in BOARDS
    for panel in board.panels
]
# Of Prometheus itself, about the feed.
OF_PROMETHEUS = {"up", "scrape_duration_seconds", "scrape_samples_scraped", "ALERTS"}
# Of a server of several processes, which this test does not start.
OF_SUPERVISORS = {"feed_worker_up", "feed_worker_restarts_total"}


def expressions_of_panels() -> Iterator[Expression]:
    for board in BOARDS:
        for panel in board.panels:
            for query in panel.queries:
                yield Expression(f"{board.title}: {panel.title}", query.promql)


def test_the_committed_json_is_what_the_code_makes() -> None:
    assert main(["--check"]) == 0


@pytest.mark.parametrize("text", encoded().values(), ids=[path.stem for path in encoded()])
def test_parsing_and_encoding_with_the_sdk_is_a_fixed_point(text: str) -> None:
    register_default_plugins()
    parsed = Dashboard.from_json(json.loads(text))
    again = JSONEncoder(sort_keys=True, indent=2).encode(parsed)
    assert json.loads(again) == json.loads(text), "unknown keys are dropped, and show here"


@pytest.mark.parametrize("board", BOARDS, ids=[board.title for board in BOARDS])
def test_dashboards_are_linked_and_work_for_several_instances(board: Board) -> None:
    text = next(text for path, text in encoded().items() if path.stem == board.uid)
    document: dict[str, Any] = json.loads(text)
    [link] = document["links"]
    assert (link["type"], link["tags"], link["includeVars"]) == ("dashboards", ["feed"], True)
    assert document["tags"] == ["feed"]
    variables = {variable["name"]: variable for variable in document["templating"]["list"]}
    assert set(variables) == {"datasource", "instance", "source"}
    for name in ("instance", "source"):
        assert variables[name]["multi"]
        assert variables[name]["includeAll"]
    numbers = [panel["id"] for panel in document["panels"]]
    assert len(numbers) == len(set(numbers))
    for panel in document["panels"]:
        assert panel["gridPos"]["x"] + panel["gridPos"]["w"] <= 24


@pytest.mark.parametrize("panel", PANELS)
def test_every_panel_says_what_it_shows(panel: Panel) -> None:
    assert panel.title
    assert panel.description.endswith(".")
    assert len(panel.description) > 20
    assert isinstance(panel.unit, Unit)
    assert panel.queries
    for query in panel.queries:
        assert query.legend
        everywhere = "ALERTS" in query.promql
        assert everywhere or 'instance=~"$instance"' in query.promql
        labels = re.findall(r"\{\{(\w+)\}\}", query.legend)
        for label in labels:
            kept = re.findall(r"by \(([^)]*)\)", query.promql)
            assert not kept or any(label in by for by in kept), f"{label} is summed away"


def test_no_label_stands_twice_in_a_list_or_a_legend() -> None:
    """Prometheus takes it, and whoever reads the query looks for what is meant."""
    for each in (*expressions_of_panels(), *expressions_of_rules()):
        for labels in re.findall(
            r"(?:by|without|on|ignoring|group_left) ?\(([^)]*)\)", each.promql
        ):
            named = [label.strip() for label in labels.split(",")]
            assert len(named) == len(set(named)), f"{each.where}: {each.promql}"
    for board in BOARDS:
        for panel in board.panels:
            for query in panel.queries:
                shown = re.findall(r"\{\{(\w+)\}\}", query.legend)
                assert len(shown) == len(set(shown)), f"{panel.title}: {query.legend}"


@pytest.mark.parametrize("panel", PANELS)
def test_no_counter_is_shown_as_it_stands(panel: Panel) -> None:
    for query in panel.queries:
        for metric in metrics_in(query.promql):
            if metric.endswith(("_total", "_bucket", "_sum", "_count")):
                assert re.search(rf"(rate|increase)\({metric}\b", query.promql), metric


def names_of(family: Metric) -> set[str]:
    """Return the names of its samples; a counter by source may have none yet."""
    total = {f"{family.name}_total"} if family.type == "counter" else set()
    return total | {sample.name for sample in family.samples}


async def test_panels_and_metrics_name_each_other(serve: Serve) -> None:
    feed = await serve()
    answer = await RawHttp.get((feed.host, feed.port), "/metrics")
    families = list(text_string_to_metric_families((await answer.body()).decode()))
    samples = set().union(*(names_of(family) for family in families))
    recorded = {rule["record"] for rule in RULES if "record" in rule}
    asked: set[str] = set()
    for expression in (*expressions_of_panels(), *expressions_of_rules()):
        names = metrics_in(expression.promql)
        assert names, f"{expression.where} asks for nothing"
        assert names <= samples | recorded | OF_PROMETHEUS | OF_SUPERVISORS, expression.where
        asked |= names
    on_panels = set().union(
        *(metrics_in(expression.promql) for expression in expressions_of_panels())
    )
    # What a recorded rule is made of is seen where the rule is.
    for rule in RULES:
        if rule.get("record") in on_panels:
            on_panels |= metrics_in(rule["expr"])
    for family in families:
        seen = bool(names_of(family) & on_panels) or family.name in FOR_QUERIES_ONLY
        assert seen, f"{family.name} is on no panel, and not said to be for queries only"
    assert not set(FOR_QUERIES_ONLY) & on_panels
    assert recorded <= asked, "a recording rule that nobody asks for"
