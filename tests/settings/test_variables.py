"""Variables that begin with FEED_: which are ours, which are strangers', which are mistakes."""

import os

import pytest
import typer

from feed.cli.commands import app
from feed.settings.load import InvalidSettings, built_in_blocks, load_settings
from feed.settings.variables import OF_CLIENTS, UnknownVariable, unknown_variables

FIELDS = [field for block in built_in_blocks() for field in block.option_fields()]

# What Kubernetes sets in every container beside services named feed and feed-edge.
KUBERNETES = {
    "FEED_SERVICE_HOST": "10.0.0.1",
    "FEED_SERVICE_PORT": "8080",
    "FEED_SERVICE_PORT_HTTP": "8080",
    "FEED_PORT": "tcp://10.0.0.1:8080",
    "FEED_PORT_8080_TCP": "tcp://10.0.0.1:8080",
    "FEED_PORT_8080_TCP_ADDR": "10.0.0.1",
    "FEED_PORT_8080_TCP_PORT": "8080",
    "FEED_PORT_8080_TCP_PROTO": "tcp",
    "FEED_EDGE_SERVICE_HOST": "10.0.0.2",
    "FEED_EDGE_PORT": "udp://10.0.0.2:53",
    "FEED_EDGE_PORT_53_UDP_ADDR": "10.0.0.2",
}


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in os.environ:
        if name.startswith("FEED_"):
            monkeypatch.delenv(name)


def test_options_variables_of_clients_and_kubernetes_are_known(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in [*(f"FEED_{field.upper()}" for field in FIELDS), *OF_CLIENTS]:
        monkeypatch.setenv(name, "x")
    for name, value in KUBERNETES.items():
        monkeypatch.setenv(name, value)
    assert unknown_variables(FIELDS) == []


def test_a_clients_key_is_not_a_misspelt_file_of_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FEED_KEY", "fk_0123456789abcdef.fs_secret")
    assert load_settings({})[0].keys is None
    monkeypatch.setenv("FEED_KEYS", "no/such/file")
    with pytest.raises(InvalidSettings, match="FEED_KEYS: 'no/such/file' is not") as error:
        load_settings({})
    assert "fs_secret" not in str(error.value)


@pytest.mark.parametrize(
    ("name", "nearest", "is_misspelt"),
    [
        ("FEED_RATES", "FEED_RATE", True),
        ("FEED_MAX_CONECTIONS", "FEED_MAX_CONNECTIONS", True),
        ("FEED_ALLOW_ORIGINS", "FEED_ALLOW_ORIGIN", True),
        ("FEED_BATCH", "FEED_BATCH_MS", False),
        ("FEED_ULR", "FEED_URL", False),
        ("FEED_CODECS", "FEED_CODEC", False),  # no option of the server is meant
        ("FEED_XYZZY_PLUGH_PLOVER", "", False),
    ],
)
def test_another_is_told_with_the_nearest_name(
    name: str, nearest: str, is_misspelt: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, "x")
    assert unknown_variables(FIELDS) == [UnknownVariable(name, nearest, is_misspelt)]


def test_variables_of_clients_are_those_of_the_commands() -> None:
    commands = typer.main.get_command(app).commands.values()  # type: ignore[attr-defined]
    named = {
        parameter.envvar
        for command in commands
        for parameter in command.params
        if parameter.envvar is not None
    }
    assert named == set(OF_CLIENTS)
