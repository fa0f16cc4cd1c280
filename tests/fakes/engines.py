"""The engines of the fan-out that this machine has, each as a test's parameter."""

import pytest

from feed.broadcast.fan_out import Engine, FanOut, PythonFanOut
from feed.hub.fan_out import NativeFanOut, load_native

NATIVE = load_native()
needs_native = pytest.mark.skipif(
    NATIVE is None, reason="the engine in C is not compiled: python -m feed.native.build"
)
needs_io_uring = pytest.mark.skipif(
    NATIVE is None or NATIVE.io_uring_refusal() != 0, reason="io_uring cannot be had here"
)

# As (engine, threads). Eight threads where there are two cores are more races, not less.
EVERY_ENGINE = [
    pytest.param((Engine.PYTHON, 1), id="python"),
    pytest.param((Engine.SEND, 1), id="send", marks=needs_native),
    pytest.param((Engine.SEND, 8), id="send on threads", marks=needs_native),
    pytest.param((Engine.IO_URING, 1), id="io_uring", marks=needs_io_uring),
    pytest.param((Engine.IO_URING, 8), id="io_uring on threads", marks=needs_io_uring),
]


def make_fan_out(engine: Engine, threads: int) -> FanOut:
    """Make an engine, whatever this machine would choose."""
    if engine is Engine.PYTHON:
        return PythonFanOut()
    assert NATIVE is not None
    return NativeFanOut(NATIVE, engine, threads)
