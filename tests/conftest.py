import signal

import pytest
from hypothesis import settings

import feed.broadcast.broadcast
import feed.broadcast.states
import feed.broadcast.subscriber

# No test is timed: a machine that is busy with something else is no defect.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")

# Run in the background of a shell, we would hand down to every program we start that it ignores
# these, which some tests send.
for number, usual in (
    (signal.SIGINT, signal.default_int_handler),
    (signal.SIGQUIT, signal.SIG_DFL),
):
    if signal.getsignal(number) is signal.SIG_IGN:
        signal.signal(number, usual)


@pytest.fixture
def small_frames(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make everything take several frames."""
    monkeypatch.setattr(feed.broadcast.subscriber, "CATCH_UP_BYTES", 300)
    monkeypatch.setattr(feed.broadcast.broadcast, "MAX_FRAME_BYTES", 1500)
    monkeypatch.setattr(feed.broadcast.states, "_RUN_BYTES", 400)
