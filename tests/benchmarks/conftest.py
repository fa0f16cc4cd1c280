"""Benchmarks need epoll and /proc."""

import sys

import pytest

collect_ignore_glob = [] if sys.platform == "linux" else ["*"]


@pytest.fixture(autouse=True)
def _no_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    """Servers that tests start take no options from the environment of whoever runs the tests."""
    for name in ("FEED_PORT", "FEED_RATE", "FEED_CONFIG"):
        monkeypatch.delenv(name, raising=False)
