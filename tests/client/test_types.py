"""What type checkers and people see of the client: types, names, and what an import costs."""

import json
import os
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal, get_args, get_origin, get_type_hints

import pytest
from hypothesis import given

import feed
from feed.client import CodecName, OnLagName, Tick, TransportName
from feed.client.parsers import READINGS
from feed.market import ticks
from feed.wire.codec import CODECS
from feed.wire.json_codec import JSON
from feed.wire.request_fields import OnLag
from feed.wire.transport import Transport
from tests.fakes import strategies
from tests.golden import TICKS, TickVector

PROGRAM = Path(__file__).with_name("typed_program.py")
ROOT = Path(feed.__file__).parents[1]


def run(*command: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    return subprocess.run(
        [sys.executable, *command],
        cwd=cwd,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


@pytest.mark.programs
@pytest.mark.skipif(find_spec("mypy") is None, reason="mypy is not installed: pip install mypy")
def test_a_program_is_understood_by_mypy(tmp_path: Path) -> None:
    shutil.copy(PROGRAM, tmp_path)
    done = run("-m", "mypy", "--strict", "--config-file=", PROGRAM.name, cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, ""), done.stdout


@pytest.mark.programs
@pytest.mark.skipif(
    find_spec("basedpyright") is None,
    reason="basedpyright, which is pyright from PyPI, is not installed: pip install basedpyright",
)
def test_a_program_is_understood_by_pyright(tmp_path: Path) -> None:
    shutil.copy(PROGRAM, tmp_path)
    configuration = {
        "include": [PROGRAM.name],
        "extraPaths": [str(ROOT)],
        "typeCheckingMode": "strict",
        "enableTypeIgnoreComments": False,  # those are mypy's
        "reportUnnecessaryTypeIgnoreComment": "error",
    }
    (tmp_path / "pyrightconfig.json").write_text(json.dumps(configuration))
    done = run(
        "-m", "basedpyright", "--level", "error", "--pythonpath", sys.executable, cwd=tmp_path
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_what_can_be_written_in_a_signature_is_what_the_wire_has() -> None:
    assert set(get_args(OnLagName)) == set(OnLag)
    assert set(get_args(CodecName)) == set(READINGS) == set(CODECS)
    assert set(get_args(TransportName)) == {"auto", *Transport}


def check_types(tick: dict[str, Any]) -> None:
    """See that a tick has the keys of one of the types, and values as it says."""
    kinds = [kind for kind in get_args(Tick) if tick["T"] in get_args(get_type_hints(kind)["T"])]
    (kind,) = [
        kind
        for kind in kinds
        if kind.__required_keys__ <= tick.keys()
        and tick.keys() <= kind.__required_keys__ | kind.__optional_keys__
    ]
    for key, hint in get_type_hints(kind).items():
        if get_origin(hint) is Literal:
            assert key not in tick or tick[key] in get_args(hint)
        elif key in tick or key in kind.__required_keys__:
            assert isinstance(tick[key], list if hint == list[str] else hint), (key, hint)


@pytest.mark.parametrize("vector", TICKS, ids=lambda vector: vector.name)
def test_golden_ticks_are_of_the_types(vector: TickVector) -> None:
    check_types(vector.object)


@given(strategies.ticks)
def test_all_ticks_are_of_the_types(tick: ticks.Tick) -> None:
    (tick_as_sent,) = json.loads(JSON.join(JSON.encode([tick])))
    check_types(tick_as_sent)


def test_names_of_the_package_are_those_that_are_public() -> None:
    assert dir(feed) == sorted(feed.__all__)
    assert {"Broadcaster", "Trade", "__version__", "connect", "connect_blocking"} < set(dir(feed))
    assert all(hasattr(feed, name) for name in dir(feed))
    with pytest.raises(AttributeError, match="module 'feed' has no attribute 'disconnect'"):
        _ = feed.disconnect  # type: ignore[attr-defined]


@pytest.mark.programs
def test_an_import_of_the_package_costs_no_more_than_itself(tmp_path: Path) -> None:
    program = (
        "import sys; before = set(sys.modules); import feed; dir(feed);"
        "print(sorted(name for name in sys.modules if name not in before and name != 'typing'));"
        "feed.connect_blocking; print('aiohttp' in sys.modules)"
    )
    done = run("-c", program, cwd=tmp_path)
    loaded, client = done.stdout.splitlines()
    assert "'feed'" in loaded
    assert "aiohttp" not in loaded
    assert "'feed." not in loaded
    assert client == "True"
