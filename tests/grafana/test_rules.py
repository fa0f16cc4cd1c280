"""Rules, configuration and the compose file, as Prometheus' own tools and schemas see them."""

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.grafana.rules import ALERTS, FOLDER, RULE_FILES

REPOSITORY = FOLDER.parent
RUN_BOOK = FOLDER / "README.md"
UNIT_TESTS = Path(__file__).parent / "alerts.test.yml"


def promtool(*arguments: str) -> str:
    return ran("promtool", *arguments, package="prometheus")


def amtool(*arguments: str) -> str:
    return ran("amtool", *arguments, package="prometheus-alertmanager")


def ran(name: str, *arguments: str, package: str) -> str:
    """Run a tool to its end; return what it said."""
    program = shutil.which(name)
    if program is None:
        pytest.skip(f"{name} is not installed (Debian: {package})")
    run = subprocess.run(
        [program, *arguments], capture_output=True, text=True, check=False, cwd=FOLDER
    )
    assert run.returncode == 0, run.stdout + run.stderr
    return run.stdout + run.stderr


@pytest.mark.programs
def test_promtool_is_content_with_the_configuration() -> None:
    assert "2 rule files found" in promtool("check", "config", "prometheus.yml")


@pytest.mark.programs
def test_promtool_is_content_with_the_rules() -> None:
    assert "FAILED" not in promtool("check", "rules", *RULE_FILES)


@pytest.mark.programs
def test_every_alert_fires_and_does_not_as_its_unit_tests_say() -> None:
    assert "SUCCESS" in promtool("test", "rules", str(UNIT_TESTS))


def test_every_alert_has_unit_tests_both_ways() -> None:
    fires: set[str] = set()
    quiet: set[str] = set()
    for test in yaml.safe_load(UNIT_TESTS.read_text())["tests"]:
        cases = test["alert_rule_test"]
        for case in cases:
            assert test["name"].startswith(case["alertname"])
            if case.get("exp_alerts"):
                fires.add(case["alertname"])
        if not any(case.get("exp_alerts") for case in cases):
            quiet.add(cases[0]["alertname"])
    assert fires == quiet == set(ALERTS)


@pytest.mark.parametrize("name", ALERTS)
def test_every_alert_says_what_to_do(name: str) -> None:
    alert = ALERTS[name]
    assert alert["labels"]["severity"] in {"page", "ticket"}
    annotations = alert["annotations"]
    assert set(annotations) == {"summary", "description", "runbook_url"}
    file, _, anchor = annotations["runbook_url"].partition("#")
    assert REPOSITORY / file == RUN_BOOK
    assert anchor == name.lower()
    assert f"\n### {name}\n" in RUN_BOOK.read_text(), "its section in the run book is missing"


@pytest.mark.programs
def test_the_compose_file_is_of_its_schema() -> None:
    pytest.importorskip("check_jsonschema", reason="check-jsonschema is not installed")
    ran = subprocess.run(
        [
            sys.executable,
            "-m",
            "check_jsonschema",
            "--builtin-schema",
            "vendor.compose-spec",
            str(FOLDER / "compose.yml"),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout


def services() -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = yaml.safe_load((FOLDER / "compose.yml").read_text())[
        "services"
    ]
    return found


@pytest.mark.parametrize("service", services().values(), ids=services())
def test_what_the_compose_file_names_is_there_and_pinned(service: dict[str, Any]) -> None:
    base = service.get("image") or service["build"]["dockerfile_inline"].split()[1]
    version = base.partition(":")[2]
    assert version.count(".") == 2, f"{base} is not pinned to one version"
    for volume in service.get("volumes", ()):
        path, _, mode = volume.split(":")
        assert (FOLDER / path).exists()
        assert mode == "ro"
    for port in service.get("ports", ()):
        assert port.startswith("127.0.0.1:")


def test_grafana_is_of_the_version_that_the_dashboards_are_written_for() -> None:
    version = services()["grafana"]["image"].partition(":")[2]
    assert f"!{version}" in (REPOSITORY / "pyproject.toml").read_text()


def test_provisioning_finds_what_compose_mounts() -> None:
    grafana = services()["grafana"]
    dashboards = yaml.safe_load((FOLDER / "provisioning/dashboards/feed.yml").read_text())
    [provider] = dashboards["providers"]
    assert provider["options"]["path"] == "$FEED_DASHBOARDS"
    mounted = {volume.split(":")[1]: volume.split(":")[0] for volume in grafana["volumes"]}
    assert mounted[grafana["environment"]["FEED_DASHBOARDS"]] == "./dashboards"
    home = Path(grafana["environment"]["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"])
    assert (FOLDER / mounted[str(home.parent)] / home.name).is_file()
    sources = yaml.safe_load((FOLDER / "provisioning/datasources/prometheus.yml").read_text())
    assert sources["datasources"][0]["url"] == "$PROMETHEUS_URL"
    assert "PROMETHEUS_URL" in grafana["environment"]


@pytest.mark.programs
def test_amtool_is_content_with_the_example_and_pages_who_is_to_be_paged() -> None:
    assert "SUCCESS" in amtool("check-config", "alertmanager.yml")
    routes = ("config", "routes", "test", "--config.file=alertmanager.yml")
    for name, alert in ALERTS.items():
        severity = alert["labels"]["severity"]
        receiver = {"page": "pager", "ticket": "tickets"}[severity]
        assert receiver in amtool(*routes, f"severity={severity}", f"alertname={name}").split()


def test_alertmanagers_example_names_alerts_and_severities_that_exist() -> None:
    example = yaml.safe_load((FOLDER / "alertmanager.yml").read_text())
    receivers = {receiver["name"] for receiver in example["receivers"]}
    routes = [example["route"], *example["route"]["routes"]]
    assert {route["receiver"] for route in routes} <= receivers
    matchers = " ".join(
        matcher
        for rule in example["inhibit_rules"]
        for matcher in rule["source_matchers"] + rule["target_matchers"]
    )
    for name in matchers.replace("|", " ").replace('"', " ").split():
        assert not name.startswith("Feed") or name in ALERTS or name == "Feed.+"
