from tests.e2e.conftest import _wires_lead_to_programs, run
from tests.fakes.serving import pytest_asyncio_loop_factories, serve
from tests.toolchains.foreign import start

__all__ = ["_wires_lead_to_programs", "pytest_asyncio_loop_factories", "run", "serve", "start"]
