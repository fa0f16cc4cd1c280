"""What a server logged of itself that somebody should look into."""

import pytest

_LONG_STEP = "long step of the event loop"  # a machine that is busy, or collects garbage, has some


def complaints(caplog: pytest.LogCaptureFixture) -> list[str]:
    """Return what was logged, but for steps that took long."""
    told = [record.getMessage() for record in caplog.records]
    return [words for words in told if _LONG_STEP not in words]
