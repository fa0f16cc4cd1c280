"""Every finite operation is as OpenAPI has it: Schemathesis asks, in all phases, with all checks.

`FEED_SCHEMATHESIS_EXAMPLES=100` asks for longer.
"""

import os
import sys
from pathlib import Path

import pytest

from tests.documents.markdown import ROOT
from tests.e2e.conftest import Run
from tests.fakes.keys import KeysFile, bearer_of
from tests.fakes.patience import PROGRAM_PATIENCE_S
from tests.fakes.programs import ran
from tests.fakes.raw_http import RawHttp

pytest.importorskip("schemathesis", reason="schemathesis is not installed (the extra `clients`)")

PATH = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
_EXAMPLES = os.environ.get("FEED_SCHEMATHESIS_EXAMPLES", "1")
_PATIENCE_S = 4 * PROGRAM_PATIENCE_S if _EXAMPLES == "1" else 3_600.0
_HOOKS = {"SCHEMATHESIS_HOOKS": "tests.e2e.schemathesis_hooks", "PYTHONPATH": PATH}
CALM = ("--symbols", "AAPL,MSFT,BTC/USD", "--rate", "50", "--seed", "7")


@pytest.mark.timeout(_PATIENCE_S + 120)  # or it could not say what it waits for
async def test_every_finite_operation_is_as_the_document_says(run: Run, tmp_path: Path) -> None:
    keys = KeysFile(tmp_path / "keys.toml")
    key = keys.add("desk", admin=True)
    program = await run(*CALM, "--keys", str(keys.path), max_requests_per_s=100_000)
    # Somebody is there to be looked at, and sent away.
    for _ in range(3):
        await RawHttp.get(program.address, "/v1/sse?trades=AAPL", bearer_of(key))
    status, output = await ran(
        tmp_path,
        *(sys.executable, "-m", "schemathesis.cli", "run", program.url("/openapi.json")),
        *("--checks", "all", "--exclude-tag", "streams", "--workers", "1"),
        *("--max-examples", _EXAMPLES, "--seed", "7", "--no-color"),
        *("--header", f"Authorization: Bearer {key.id}.{key.secret}"),
        environment=os.environ | _HOOKS,
        patience_s=_PATIENCE_S,
    )
    assert status == 0, output
