"""What the tests of states share."""

from collections.abc import Iterator

import pytest

from feed.state import keeper
from tests.state.numbers import NEVER_S


@pytest.fixture(autouse=True)
def _nobody_looks() -> Iterator[None]:
    """Let no keeper look by itself whether its state is whole: a slow test would find it mended."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(keeper, "RETRY_S", NEVER_S)
        yield
