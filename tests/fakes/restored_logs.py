"""Logging as it was: for tests in which a program configures it in their own process."""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import structlog


@contextmanager
def restored_logs() -> Iterator[None]:
    """Undo after the block what a program did to logging within.

    Modules' loggers are not bound for good within: they would outlive it, and tell later tests
    nothing.
    """
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    configure = structlog.configure
    structlog.configure = partial(_configure_for_now, configure)
    try:
        yield
    finally:
        structlog.configure = configure
        structlog.reset_defaults()
        logging.captureWarnings(capture=False)
        root.handlers[:] = handlers
        root.setLevel(level)
        logging.getLogger("feed").setLevel(logging.NOTSET)


def _configure_for_now(configure: Callable[..., None], **options: Any) -> None:
    configure(**options | {"cache_logger_on_first_use": False})
